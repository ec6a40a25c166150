/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs of AMD's processors, for guests that take theirs for one. */
#ifndef VMM_EXIT_MSR_AMD_H
#define VMM_EXIT_MSR_AMD_H

#include "vmm/vcpu/vcpu.h"

#define MSR_AMD_FIRST 0xc0010000
#define MSR_AMD_LAST 0xc0011fff

/* As struct msr_rule of msr.c has them. */
int msr_read_amd(struct vcpu *v, u32 msr, u64 *value);
int msr_write_amd(struct vcpu *v, u32 msr, u64 value);

/* The answer to a read. ERR_INVAL: a guest's processor has no such register. Pure. */
int __must_check msr_amd_value(u32 msr, u64 *value);

#endif
