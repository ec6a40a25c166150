/* SPDX-License-Identifier: BSD-2-Clause */
/* An entity begins to run; private to kernel/sched. */
#ifndef KERNEL_SCHED_ACCOUNT_H
#define KERNEL_SCHED_ACCOUNT_H

#include "kernel/lib/bitmap.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/longest.h"
#include "kernel/sched/runqueue.h"

/* It was woken, and runs now. */
void account_wake(struct sched_stats *s, u64 now);

/* It runs on another processor than before. */
void account_move(struct runqueue *rq, struct sched_entity *e);

static inline void account_start(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	clock_stop(&e->stats.wait_clock, now);
	clock_start(&e->stats.run_clock, now);
	e->started = now;
	e->stats.runs++;
	if (e->stats.woken_at)
		account_wake(&e->stats, now);
	if (e->last != rq)
		account_move(rq, e);
	if (rq->left_at) {
		longest_switch(now - rq->left_at);
		rq->left_at = 0;
	}
	if (rq->last != e) {
		rq->last = e;
		rq->stats.switches++;
	}
}

#endif
