/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/pvclock.h"

#define NS_PER_SEC 1000000000ull

void pvclock_scale(u64 tsc_hz, u32 *mul, signed char *shift)
{
	unsigned __int128 ns = (unsigned __int128)NS_PER_SEC << 32;
	int s = 0;

	/* The guest computes (delta << s) * mul >> 32; s makes mul fill its 32 bits. */
	while ((tsc_hz >> -s) > NS_PER_SEC * 2)
		s--;
	if (!s)
		while ((tsc_hz << s) <= NS_PER_SEC)
			s++;
	*shift = (signed char)s;
	*mul = (u32)(s < 0 ? (ns << -s) / tsc_hz : ns / (tsc_hz << s));
}
