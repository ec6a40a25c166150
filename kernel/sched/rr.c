/* SPDX-License-Identifier: BSD-2-Clause */
/* Round robin. */
#include "kernel/sched/runqueue.h"

static void rr_init(struct runqueue *rq)
{
	list_init(&rq->ready);
}

/* Who was interrupted in the middle of its slice goes on first. */
static void rr_enqueue(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason)
{
	if (reason == SCHED_FAVOURED || (reason == SCHED_PREEMPTED && e->stats.slice_left)) {
		list_add(&rq->ready, &e->link);
		return;
	}
	e->stats.slice_left = 0;
	list_add_tail(&rq->ready, &e->link);
}

static void rr_dequeue(struct runqueue *rq, struct sched_entity *e)
{
	(void)rq;
	list_del(&e->link);
}

static struct sched_entity *rr_pick(struct runqueue *rq)
{
	struct sched_entity *e;

	if (list_empty(&rq->ready))
		return NULL;
	e = list_entry(rq->ready.next, struct sched_entity, link);
	list_del(&e->link);
	if (!e->stats.slice_left)
		e->stats.slice_left = sched_slice_ticks;
	return e;
}

/* The one that would wait longest here. */
static struct sched_entity *rr_steal(struct runqueue *rq, u32 cpu)
{
	for (struct list *it = rq->ready.prev; it != &rq->ready; it = it->prev) {
		struct sched_entity *e = list_entry(it, struct sched_entity, link);

		if (e->affinity != SCHED_CPU_ANY && e->affinity != (int)cpu)
			continue;
		list_del(&e->link);
		return e;
	}
	return NULL;
}

const struct sched_policy sched_round_robin = {
    .name = "round robin",
    .init = rr_init,
    .enqueue = rr_enqueue,
    .dequeue = rr_dequeue,
    .pick = rr_pick,
    .steal = rr_steal,
};
