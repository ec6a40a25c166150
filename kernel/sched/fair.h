/* SPDX-License-Identifier: BSD-2-Clause */
/* What fair.c and fair_turn.c share; private to them. */
#ifndef KERNEL_SCHED_FAIR_H
#define KERNEL_SCHED_FAIR_H

#include "kernel/sched/runqueue.h"

/* Virtual time is ticks << FAIR_SHIFT / weight. More ticks than 1 << this in one go, which only an
 * entity gets that nothing competes with, do not fit, and do not count. */
#define FAIR_TICKS_BITS 38
__cold u64 fair_virtual_at_most(u64 weight);

static inline u64 fair_virtual(u64 ticks, u64 weight)
{
	if (unlikely(ticks >> FAIR_TICKS_BITS))
		return fair_virtual_at_most(weight);
	return (ticks << FAIR_SHIFT) / weight;
}

/* Where the processors have come on which entities compete, for one that has nothing to
 * share. Atomic. */
extern u64 fair_front_at;
static inline u64 fair_front(void)
{
	return __atomic_load_n(&fair_front_at, __ATOMIC_RELAXED);
}

/* For others, without the lock. */
static inline void fair_publish(struct fair_queue *q, u64 vtime, u64 weight, u64 now)
{
	__atomic_store_n(&q->vtime, vtime, __ATOMIC_RELAXED);
	__atomic_store_n(&q->vtime_at, now, __ATOMIC_RELAXED);
	__atomic_store_n(&q->vweight, weight, __ATOMIC_RELAXED);
}

/* Into the tree, one that is counted in the queue's weight and moment. */
void fair_insert(struct fair_queue *q, struct sched_entity *e);

/* Of the eligible ones, that which had to stop, if there is one, not in the tree: whose deadline
 * comes first. */
struct sched_entity *fair_soonest(const struct fair_queue *q, struct sched_entity *stopped);

#endif
