/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory type range registers, for the table in msr.c. */
#ifndef VMM_EXIT_MSR_MTRR_H
#define VMM_EXIT_MSR_MTRR_H

#include "vmm/vcpu/vcpu.h"

/* ERR_INVAL: the guest gets #GP. */
int msr_read_mtrr_cap(struct vcpu *v, u32 msr, u64 *value);
int msr_read_mtrr(struct vcpu *v, u32 msr, u64 *value);
int msr_write_mtrr(struct vcpu *v, u32 msr, u64 value);

#endif
