/* SPDX-License-Identifier: BSD-2-Clause */
/* A processor's run queue; private to kernel/sched. */
#ifndef KERNEL_SCHED_RUNQUEUE_H
#define KERNEL_SCHED_RUNQUEUE_H

#include "kernel/sched/policy.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/work.h"
#include "kernel/sync/ticketlock.h"
#include "kernel/time/timer.h"

struct runqueue {
	struct ticketlock lock; /* over all but the statistics and idle */
	u32 cpu;
	bool active;                  /* its processor is in sched_loop(), or about to be */
	u32 idle;                     /* atomic: halted and not yet claimed by a waker */
	u32 count;                    /* entities in it */
	struct list ready;            /* the policy's */
	struct sched_entity *current; /* inside run() */
	u64 slice_end;                /* TSC when current's slice is over, if others wait */
	struct timer slice;
	struct list work; /* items waiting */
	struct work *work_running;
	u64 halted_since;             /* TSC when it halted, 0: it has not */
	u64 run_since;                /* TSC when current's run() began, 0: there is none */
	struct sched_cpu_stats stats; /* written by its own processor */
};

/* The queue of processor cpu, and of this one. */
struct runqueue *runqueue_of(u32 cpu);
struct runqueue *runqueue_this(void);

/* Make processor cpu notice: sets flags, then interrupts it unless it is this one. */
void sched_notify(u32 cpu, u32 flags);

/* Mark a processor as idle, and claim it, or any, for a wake, so that the next waker
 * looks for another one. */
void sched_offer_idle(struct runqueue *rq);
bool sched_claim_idle(struct runqueue *rq);
struct runqueue *sched_find_idle(u32 first);

/* Where an entity that was blocked should run: an idle processor, preferably its last,
 * else the least loaded. */
struct runqueue *sched_place(const struct sched_entity *e);

/* Run waiting items, at most for the time that they are due; true if some are left. */
bool work_run(struct runqueue *rq, bool entities_wait);

/* Length of the time that work items get while entities wait, and the other way
 * round, in TSC ticks. */
extern u64 sched_share_ticks;

#endif
