/* SPDX-License-Identifier: BSD-2-Clause */
/* A processor's run queue; private to kernel/sched. */
#ifndef KERNEL_SCHED_RUNQUEUE_H
#define KERNEL_SCHED_RUNQUEUE_H

#include "kernel/sched/policy.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/tree.h"
#include "kernel/sched/work.h"
#include "kernel/sync/ticketlock.h"
#include "kernel/time/timer.h"

/* The policy's part: see fair.c. */
struct fair_queue {
	struct sched_entity *only; /* came when there was nothing else: not in the tree */
	struct sched_entity *held; /* had to stop last, and may go on soon: not in the tree */
	struct sched_tree tree;    /* by virtual deadline */
	u64 base;                  /* a virtual time near that of all entities */
	u64 weight;                /* sum of weights in the tree and of held */
	s64 moment;                /* sum of their weight * (virtual time - base) */
	/* Read by others without the lock. */
	u64 vtime, vtime_at; /* virtual time, and the TSC when it was that */
	u64 vweight;         /* by which it advances since, 0: it does not */
};

struct runqueue {
	struct ticketlock lock; /* over all but the statistics and idle */
	u32 cpu;
	bool active;                  /* its processor is in sched_loop(), or about to be */
	u32 idle;                     /* atomic: halted and not yet claimed by a waker */
	u32 count;                    /* entities that wait: reserved and fair */
	struct sched_tree reserved;   /* with budget left, by deadline */
	struct fair_queue fair;       /* by weight */
	struct sched_entity *current; /* inside run() */
	enum sched_place place;       /* where current was taken from */
	struct sched_entity *last;    /* ran last, only to be compared */
	struct sched_entity *next;    /* runs next if it still waits here: sched_yield_to() */
	bool begin_anew;              /* current did not begin: sched_begin_anew() */
	u64 left_at;      /* TSC when the last one returned, 0: something came between */
	u64 run_since;    /* TSC when current's run() began, 0: there is none */
	u64 slice_end;    /* TSC when current's slice is over, if others wait */
	u64 balance_at;   /* TSC when to look at the other processors */
	struct list work; /* items waiting */
	struct work *work_running;
	u64 halted_since;             /* TSC when it halted, 0: it has not */
	struct sched_cpu_stats stats; /* written by its own processor */
};

extern const struct sched_policy *const sched_policy;

/* The queue of processor cpu, and of this one. */
struct runqueue *runqueue_of(u32 cpu);
struct runqueue *runqueue_this(void);

/* Make processor cpu notice: sets flags, then interrupts it unless it is this one. */
void sched_notify(u32 cpu, u32 flags);

/* --- place.c: where a ready entity goes --- */

/* Mark a processor as idle, and claim it for a wake, so that the next waker looks for
 * another one. False: it is not idle, or somebody was faster. */
void sched_offer_idle(struct runqueue *rq);
bool sched_claim_idle(struct runqueue *rq);

/* Processors that are idle, as far as a set can name them. Atomic; queues' .idle decides. */
extern struct sched_cpus sched_idle_cpus;
extern u32 sched_idle_count; /* how many are marked */

/* Is a processor idle that e may run on, which (-1: none)? Hints. With a reservation there is no
 * choice, and it is woken for e. */
static inline bool sched_any_idle_for(const struct sched_entity *e)
{
	const volatile u64 *idle = sched_idle_cpus.bits;
	const u64 *may = e->cpus.bits;

	if (likely(!sched_idle_count)) /* a hint: a plain read */
		return false;
	if (__atomic_load_n(&e->home, __ATOMIC_RELAXED) >= 0)
		return false;
	return (idle[0] & may[0]) | (idle[1] & may[1]) | (idle[2] & may[2]) | (idle[3] & may[3]);
}
int sched_idle_for(const struct sched_entity *e);

/* Where an entity that was blocked should run: an idle processor, preferably its last,
 * else its last unless another has clearly less to do. */
struct runqueue *sched_place(const struct sched_entity *e);

/* May it run there? Of a processor's number, the bit for struct sched_node.cpus. */
bool sched_allowed(const struct sched_entity *e, u32 cpu);
static inline u64 sched_cpu_bit(u32 cpu)
{
	return BIT(cpu % 64);
}

/* --- queue.c: one queue; its lock is held unless said otherwise --- */

/* Put a ready entity into a queue, or hold it back for its cap. */
void queue_insert(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason, u64 now);
/* Take one out. */
void queue_remove(struct runqueue *rq, struct sched_entity *e);
/* Take out what runs next, and make it current. NULL: nothing waits. */
struct sched_entity *queue_pick(struct runqueue *rq, u64 now, bool work_waits);
/* current has run for so many ticks: account for it. */
void queue_charge(struct runqueue *rq, struct sched_entity *e, u64 ran);
/* Should the processor leave current for e, which was just inserted? */
bool queue_preempts(struct runqueue *rq, const struct sched_entity *e, u64 now);
/* See to it that current's slice ends. True: nothing had seen to it. */
bool queue_arm_slice(struct runqueue *rq);
/* Of this processor's alarm, and of an entity's timer. Without the lock. */
void queue_slice_over(void);
void queue_entity_due(struct timer *timer);

/* --- sched.c --- */

/* Insert, see to the slice, and interrupt what has to be. Without the lock. */
void sched_enqueue(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason, u64 now);
/* Current has nothing to do: blocked, unless it was woken meanwhile. From here on another
 * processor may run it. */
bool sched_blocks(struct sched_entity *e);
/* What ran here wants to go on. The lock is held, and given back. */
void sched_run_on(struct runqueue *rq, struct sched_entity *e, u64 now);
/* Put a ready entity where it runs soonest. Without a lock. */
void sched_submit(struct sched_entity *e, enum sched_reason reason, u64 now);

/* --- balance.c --- */

/* Take an entity that waits on another processor, for this idle one. */
bool sched_steal(struct runqueue *rq);
/* Now and then, with nobody current: even out how far the processors have come. */
void sched_balance(struct runqueue *rq, u64 now);
/* With somebody current: is there nothing to even out? Then the next look is put off. */
bool sched_is_balanced(struct runqueue *rq, u64 now);

/* --- reserve.c, cap.c; the queue's lock is held --- */

/* Has it a reservation, or is to have one? If so: budget left in its period? Starts a new
 * period when it is time. */
static inline bool reserve_any(const struct sched_entity *e)
{
	return __atomic_load_n(&e->reserve.wanted, __ATOMIC_RELAXED) | e->reserve.applied;
}
bool reserve_ready(struct sched_entity *e, enum sched_reason reason, u64 now);

/* Has it a cap, or had one? If so: does it let it run now? If not, e->cap.until says when. */
static inline bool cap_any(const struct sched_entity *e)
{
	return (e->group && __atomic_load_n(&e->group->cap_percent, __ATOMIC_RELAXED)) |
	       (e->cap.on != 0);
}
bool cap_ready(struct sched_entity *e, u64 now);

/* --- work.c --- */

/* Run waiting items, at most for the time that they are due; true if some are left. */
bool work_run(struct runqueue *rq);

/* Length of the time that work items get while entities wait, and the other way
 * round, in TSC ticks. */
extern u64 sched_share_ticks;

/* Further lengths in ticks: what balancing tolerates; what a cap grants at a time, and
 * what of it may be saved up; see sched_set_heartbeat(). */
extern u64 sched_balance_ticks, sched_cap_ticks, sched_cap_burst_ticks, sched_heartbeat_ticks;

#endif
