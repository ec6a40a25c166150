/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/tsc.h"

#include "arch/x86/cpu/cpu.h"

static u64 khz = 4000000;

void tsc_set_khz(u64 value)
{
	khz = value;
}

u64 tsc_khz(void)
{
	return khz;
}

void tsc_delay_us(u64 us)
{
	u64 start = rdtsc();

	while (rdtsc() - start < us * khz / 1000)
		cpu_relax();
}
