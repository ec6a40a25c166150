/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converting between clock rates with one multiplication: value * mult >> shift.
 * The product has 128 bits, so no value overflows; the factor is exact to 2^-62.
 */
#ifndef KERNEL_TIME_SCALE_H
#define KERNEL_TIME_SCALE_H

#include "kernel/lib/types.h"

struct time_scale {
	u64 mult;
	u32 shift; /* 0 to 63 */
};

/* The scale that turns counts at from_hz into counts at to_hz; both nonzero and
 * below 2^62. */
struct time_scale time_scale_make(u64 from_hz, u64 to_hz);

/* Convert, rounding down; saturates at ~0. */
static inline u64 time_scale(const struct time_scale *scale, u64 value)
{
	unsigned __int128 product = (unsigned __int128)value * scale->mult >> scale->shift;

	return unlikely(product >> 64) ? ~0ull : (u64)product;
}

#endif
