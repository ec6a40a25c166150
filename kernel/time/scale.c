/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/time/scale.h"

/* Long division, bit by bit, until the factor has 63 bits: no 128-bit division needed. */
struct time_scale time_scale_make(u64 from_hz, u64 to_hz)
{
	struct time_scale scale = {.mult = to_hz / from_hz, .shift = 0};
	u64 rest = to_hz % from_hz;

	while (scale.shift < 63 && scale.mult < BIT(62)) {
		scale.mult <<= 1;
		rest <<= 1;
		if (rest >= from_hz) {
			scale.mult++;
			rest -= from_hz;
		}
		scale.shift++;
	}
	return scale;
}
