/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/irq/lapic_ratio.h"

#define FRACTION_BITS 32

u64 lapic_timer_ratio(u32 timer_ticks, u64 tsc_ticks)
{
	u64 ratio = tsc_ticks ? ((u64)timer_ticks << FRACTION_BITS) / tsc_ticks : 0;

	return MAX(ratio, 1ull);
}

u32 lapic_timer_count(u64 tsc_ticks, u64 ratio)
{
	unsigned __int128 scaled = (unsigned __int128)tsc_ticks * ratio;
	unsigned __int128 count = (scaled + (1ull << FRACTION_BITS) - 1) >> FRACTION_BITS;

	if (count > UINT32_MAX)
		return UINT32_MAX;
	return MAX((u32)count, 1u);
}
