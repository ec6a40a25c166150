/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs of Linux's paravirtual interface, for the table in msr.c. */
#ifndef VMM_EXIT_MSR_KVM_H
#define VMM_EXIT_MSR_KVM_H

#include "vmm/vcpu/vcpu.h"

/* ERR_INVAL: the guest gets #GP. */
int msr_read_kvm_clock(struct vcpu *v, u32 msr, u64 *value);
int msr_write_kvm_clock(struct vcpu *v, u32 msr, u64 value);
int msr_read_wall_clock(struct vcpu *v, u32 msr, u64 *value);
int msr_write_wall_clock(struct vcpu *v, u32 msr, u64 value);
int msr_read_steal_time(struct vcpu *v, u32 msr, u64 *value);
int msr_write_steal_time(struct vcpu *v, u32 msr, u64 value);
int msr_read_pv_eoi(struct vcpu *v, u32 msr, u64 *value);
int msr_write_pv_eoi(struct vcpu *v, u32 msr, u64 value);

#endif
