/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a scheduling algorithm decides: the order in one processor's run queue, and
 * how long an entity runs while others wait. Every op is called with the queue's
 * lock held. Placement, wakes and accounting are kernel/sched/sched.c's.
 */
#ifndef KERNEL_SCHED_POLICY_H
#define KERNEL_SCHED_POLICY_H

#include "kernel/sched/sched.h"

struct runqueue;

enum sched_reason {
	SCHED_NEW,       /* was blocked, or comes from another processor */
	SCHED_PREEMPTED, /* ran, and wants to go on */
	SCHED_YIELDED,   /* ran, and lets others go first */
	SCHED_FAVOURED,  /* was ready, and goes before all others: sched_yield_to() */
};

struct sched_policy {
	const char *name;
	void (*init)(struct runqueue *rq);
	/* Add a ready entity; stats.slice_left says what is left of its slice. */
	void (*enqueue)(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason);
	void (*dequeue)(struct runqueue *rq, struct sched_entity *e);
	/* Take what runs next, or NULL; sets stats.slice_left, in TSC ticks. */
	struct sched_entity *(*pick)(struct runqueue *rq);
	/* Take one that may run on processor cpu, for stealing, or NULL. */
	struct sched_entity *(*steal)(struct runqueue *rq, u32 cpu);
};

/* Round robin: 10 ms each. The queue is rq->ready. */
extern const struct sched_policy sched_round_robin;

/* Length of a slice in TSC ticks, set by sched_setup(). */
extern u64 sched_slice_ticks;

#endif
