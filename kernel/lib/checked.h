/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic on untrusted sizes: true and the result, or false when it does not fit. */
#ifndef KERNEL_LIB_CHECKED_H
#define KERNEL_LIB_CHECKED_H

#include "kernel/lib/types.h"

static inline bool __must_check checked_add(u64 a, u64 b, u64 *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool __must_check checked_mul(u64 a, u64 b, u64 *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* align is a power of two. */
static inline bool __must_check checked_align_up(u64 x, u64 align, u64 *aligned)
{
	if (__builtin_add_overflow(x, align - 1, aligned))
		return false;
	*aligned &= ~(align - 1);
	return true;
}

/* Whether [start, start + size) lies in [base, base + length), without overflow. */
static inline bool range_within(u64 start, u64 size, u64 base, u64 length)
{
	return start >= base && start - base <= length && size <= length - (start - base);
}

/* Whether two ranges share a byte; neither may wrap around. */
static inline bool range_overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a_size && b_size && (a < b ? b - a < a_size : a - b < b_size);
}

#endif
