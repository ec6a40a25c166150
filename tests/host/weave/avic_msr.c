/* SPDX-License-Identifier: BSD-2-Clause */
/* The one MSR that is written. Apart, since arch/x86/cpu/cpu.h has a weak definition. */
#include "kernel/lib/types.h"

#define MSR_AVIC_DOORBELL 0xc001011b

void cpu_host_wrmsr(u32 msr, u64 value);
void hardware_doorbell(u64 apic_id);

void cpu_host_wrmsr(u32 msr, u64 value)
{
	if (msr == MSR_AVIC_DOORBELL)
		hardware_doorbell(value);
}
