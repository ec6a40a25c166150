/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks of entities; private to kernel/sched. */
#ifndef KERNEL_SCHED_CLOCK_H
#define KERNEL_SCHED_CLOCK_H

#include "kernel/time/time.h"

/*
 * A clock of an entity is one word, so that others can read it at any moment: the ticks
 * counted while it stands still, these less the TSC when it was started while it runs.
 */
static inline void clock_stop(u64 *clock, u64 now)
{
#ifdef HANOK_HOST
	__atomic_store_n(clock, *clock + now, __ATOMIC_RELAXED);
#else
	/* Only its owner writes it, so in one instruction, without a lock. */
	__asm__("add %1, %0" : "+m"(*clock) : "r"(now) : "cc");
#endif
}

static inline void clock_start(u64 *clock, u64 now)
{
	clock_stop(clock, -now);
}

static inline u64 clock_read(const u64 *clock)
{
	u64 ticks = __atomic_load_n(clock, __ATOMIC_RELAXED);

	return (s64)ticks < 0 ? ticks + time_tsc() : ticks;
}

#endif
