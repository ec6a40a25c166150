/* SPDX-License-Identifier: BSD-2-Clause */
/* Charge, enqueue and pick of fair.c in one, when an entity's slice is over. */
#include "kernel/sched/fair.h"

static inline s64 moment_of(const struct fair_queue *q, const struct sched_entity *e)
{
	return (s64)(e->fair.vtime - q->base) * (s64)e->fair.weight;
}

/* What count_in() and advance() do to the queue. Returns the moment that is left. */
static inline s64 turn_in(struct fair_queue *q, struct sched_entity *e)
{
	s64 moment = q->moment + moment_of(q, e);
	s64 weight = (s64)(q->weight + e->fair.weight), step = moment / weight;

	if (!sched_before(e->fair.vtime, e->fair.deadline))
		e->fair.deadline = e->fair.vtime + e->fair.request;
	q->weight = (u64)weight;
	q->base += (u64)step;
	return moment - step * weight;
}

/* e changes places with one of the tree, or who was held takes that one's; or it goes on. */
static __attribute__((noinline)) struct sched_entity *
turn_among_many(struct fair_queue *q, struct sched_entity *e, s64 moment)
{
	struct sched_entity *next = fair_soonest(q, e);

	q->weight -= next->fair.weight;
	q->moment = moment - moment_of(q, next);
	if (next == e)
		return e;
	if (next == q->held)
		q->held = NULL;
	else
		sched_tree_remove(&q->tree, &next->node);
	/* One that waits alone is held. Others are in the tree now rather than when one is woken.
	 */
	if (q->held)
		fair_insert(q, q->held);
	if (q->held || q->tree.root)
		fair_insert(q, e);
	q->held = q->tree.root ? NULL : e;
	return next;
}

struct sched_entity *sched_fair_turn(struct runqueue *rq, struct sched_entity *e, u64 ticks,
				     u64 now)
{
	struct fair_queue *q = &rq->fair;
	struct sched_entity *held = q->held;
	s64 moment;

	e->fair.vtime += fair_virtual(ticks, e->fair.weight);
	moment = turn_in(q, e);
	fair_publish(q, q->base, q->weight, now);
	if (likely(sched_before(fair_front(), q->base)))
		__atomic_store_n(&fair_front_at, q->base, __ATOMIC_RELAXED);
	/* Between two usually that one goes on which was held. */
	if (unlikely(q->tree.root || sched_before(q->base, held->fair.vtime) ||
		     !sched_before(q->base, e->fair.vtime)))
		return turn_among_many(q, e, moment);
	q->weight -= held->fair.weight;
	q->moment = moment - moment_of(q, held);
	q->held = e;
	if (held == e)
		__builtin_unreachable(); /* e ran */
	return held;
}
