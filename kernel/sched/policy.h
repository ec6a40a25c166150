/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a scheduling algorithm decides among the entities of one processor's run queue
 * that share by weight: their order, how long one runs while others wait, and what it
 * is owed. Every op is called with the queue's lock held. Reservations and caps, wakes,
 * placement and accounting are not the algorithm's.
 */
#ifndef KERNEL_SCHED_POLICY_H
#define KERNEL_SCHED_POLICY_H

#include "kernel/sched/sched.h"

struct runqueue;

enum sched_reason {
	SCHED_NEW,       /* was blocked */
	SCHED_MOVED,     /* was ready on another processor, or held back */
	SCHED_PREEMPTED, /* ran, and wants to go on */
	SCHED_YIELDED,   /* ran, and lets others go first */
	SCHED_FAVOURED,  /* SCHED_MOVED, and others let it go first */
};

struct sched_policy {
	const char *name;
	void (*init)(struct runqueue *rq);
	/* Add a ready entity, or take one out. */
	void (*enqueue)(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason,
			u64 now);
	void (*dequeue)(struct runqueue *rq, struct sched_entity *e);
	/* Take out what runs next; NULL: it is empty. */
	struct sched_entity *(*pick)(struct runqueue *rq, u64 now);
	/* TSC ticks that an entity which was just taken out may run while others wait. */
	u64 (*slice)(const struct sched_entity *e);
	/* The entity has run for so many ticks, whether by its weight or by reservation. */
	void (*charge)(struct runqueue *rq, struct sched_entity *e, u64 ticks);
	/* The entity, which is not in the queue, will not be ready for a while. */
	void (*block)(struct runqueue *rq, struct sched_entity *e);
	/* Should e, which has just been added, run now instead of rq->current? */
	bool (*preempts)(struct runqueue *rq, const struct sched_entity *e, u64 now);
	/* One that waits and may run on processor cpu, for taking it there, or NULL. */
	struct sched_entity *(*movable)(struct runqueue *rq, u32 cpu);
	/* May an entity that is favoured go first, or has it had too much already? */
	bool (*favours)(const struct runqueue *rq, const struct sched_entity *e);
	/* Entities of one group change what they are owed. */
	void (*swap)(struct sched_entity *a, struct sched_entity *b);
	/* How far a processor has come with serving its entities, as of now; comparable
	 * between processors. Without the lock: an estimate. */
	u64 (*progress)(const struct runqueue *rq, u64 now);
	/* Ticks that all of a processor's entities together are behind such a progress.
	 * Without the lock: an estimate. */
	s64 (*behind)(const struct runqueue *rq, u64 progress, u64 now);
};

/* Earliest eligible virtual deadline first: docs/adr/0008. */
extern const struct sched_policy sched_fair;

/* Its charge, enqueue (SCHED_PREEMPTED) and pick in one, where others wait, and the group has not
 * changed. May be e. Called by its name since it is called from one place only: that has it
 * inlined. */
struct sched_entity *sched_fair_turn(struct runqueue *rq, struct sched_entity *e, u64 ticks,
				     u64 now);

/* Length of a slice in TSC ticks, set by sched_setup(). */
extern u64 sched_slice_ticks;

/* Of the same algorithm, for one that was just taken out: what .slice tells. */
#define FAIR_SHIFT 20
#define FAIR_LEAST_PART 16 /* of a slice: the shortest time that is worth a switch */
static inline u64 sched_fair_slice(const struct sched_entity *e)
{
	/* A slice at most, or what was owed on top of it: that fits. */
	s64 left = (s64)((e->fair.deadline - e->fair.vtime) * e->fair.weight) >> FAIR_SHIFT;
	s64 most = (s64)sched_slice_ticks, least = (s64)(sched_slice_ticks / FAIR_LEAST_PART);

	return (u64)MAX(MIN(left, most), least);
}

#endif
