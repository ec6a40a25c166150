/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvmclock: the guest's clock page (Linux, Documentation/virt/kvm/x86/msr.rst). The
 * guest computes time from its TSC and what we write here once; no exits.
 */
#ifndef VMM_VCPU_PVCLOCK_H
#define VMM_VCPU_PVCLOCK_H

#include "vmm/vcpu/vcpu.h"

#define MSR_KVM_WALL_CLOCK 0x11
#define MSR_KVM_SYSTEM_TIME 0x12
#define MSR_KVM_WALL_CLOCK_NEW 0x4b564d00
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01

struct pvclock_vcpu_time {
	u32 version; /* odd while it is being written */
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;       /* ns at tsc_timestamp */
	u32 tsc_to_system_mul; /* ns = (tsc << shift) * mul >> 32 */
	signed char tsc_shift;
	u8 flags;
	u8 pad[2];
} __packed __aligned(4);
#define PVCLOCK_TSC_STABLE BIT(0)

struct pvclock_wall_clock {
	u32 version;
	u32 sec, nsec;
};

/* Find shift and multiplier for a TSC rate. Pure. */
void pvclock_scale(u64 tsc_hz, u32 *mul, signed char *shift);

/* MSR_KVM_SYSTEM_TIME written: bit 0 enables, the rest is the page's address. ERR_FAULT:
 * not in RAM. */
int __must_check pvclock_enable(struct vcpu *v, u64 value);
/* Write the clock page of v, if it has one. */
void pvclock_update(struct vcpu *v);
/* MSR_KVM_WALL_CLOCK written: put the boot time there. ERR_FAULT. */
int __must_check pvclock_wall_clock(struct vm *vm, u64 gpa);

#endif
