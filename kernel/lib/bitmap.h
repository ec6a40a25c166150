/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits in arrays of u64, not atomic; and the logarithms that go with them. */
#ifndef KERNEL_LIB_BITMAP_H
#define KERNEL_LIB_BITMAP_H

#include "kernel/lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const u64 *map, size_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(u64 *map, size_t bit)
{
	map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(u64 *map, size_t bit)
{
	map[bit / 64] &= ~BIT(bit % 64);
}

/* The first set bit at or after from, or bits when there is none. */
static inline size_t bitmap_next_set(const u64 *map, size_t bits, size_t from)
{
	while (from < bits) {
		u64 word = map[from / 64] >> (from % 64);

		if (word) {
			from += (size_t)__builtin_ctzll(word);
			return MIN(from, bits);
		}
		from = (from | 63) + 1;
	}
	return bits;
}

/* The first clear bit at or after from, or bits when there is none. */
static inline size_t bitmap_next_clear(const u64 *map, size_t bits, size_t from)
{
	while (from < bits) {
		u64 word = ~map[from / 64] >> (from % 64);

		if (word) {
			from += (size_t)__builtin_ctzll(word);
			return MIN(from, bits);
		}
		from = (from | 63) + 1;
	}
	return bits;
}

/* The highest set bit's number, or -1 for 0. */
static inline int bitmap_last_set_word(u64 word)
{
	return word ? 63 - __builtin_clzll(word) : -1;
}

/* Logarithm to base 2, rounded down; x is not 0. */
static inline unsigned log2_floor(u64 x)
{
	return 63 - (unsigned)__builtin_clzll(x);
}

/* Rounded up; x is not 0. */
static inline unsigned log2_ceil(u64 x)
{
	return x <= 1 ? 0 : log2_floor(x - 1) + 1;
}

static inline bool is_power_of_2(u64 x)
{
	return x && !(x & (x - 1));
}

#endif
