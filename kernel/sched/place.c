/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processor an entity that becomes ready goes to. */
#include "kernel/sched/runqueue.h"

static u32 sched_idle_cpus; /* atomic: queues whose idle is 1 */

void sched_offer_idle(struct runqueue *rq)
{
	__atomic_fetch_add(&sched_idle_cpus, 1, __ATOMIC_SEQ_CST);
	__atomic_exchange_n(&rq->idle, 1, __ATOMIC_SEQ_CST);
}

bool sched_claim_idle(struct runqueue *rq)
{
	if (!__atomic_load_n(&rq->idle, __ATOMIC_SEQ_CST) ||
	    !__atomic_exchange_n(&rq->idle, 0, __ATOMIC_SEQ_CST))
		return false;
	__atomic_fetch_sub(&sched_idle_cpus, 1, __ATOMIC_SEQ_CST);
	return true;
}

struct runqueue *sched_find_idle(u32 first)
{
	u32 count = cpu_count();

	if (!__atomic_load_n(&sched_idle_cpus, __ATOMIC_SEQ_CST))
		return NULL;
	for (u32 i = 0; i < count; i++) {
		struct runqueue *rq = runqueue_of((first + i) % count);

		if (rq->active && sched_claim_idle(rq))
			return rq;
	}
	return NULL;
}

static u32 load_of(const struct runqueue *rq)
{
	return rq->count + (rq->current != NULL);
}

/* The least loaded, the last one if that is as good as any. */
static struct runqueue *find_least_loaded(u32 last)
{
	struct runqueue *best = runqueue_of(last);

	if (!best->active)
		best = runqueue_of(0);
	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *rq = runqueue_of(cpu);

		if (rq->active && load_of(rq) < load_of(best))
			best = rq;
	}
	return best;
}

struct runqueue *sched_place(const struct sched_entity *e)
{
	struct runqueue *rq;

	if (e->affinity >= 0 && (u32)e->affinity < cpu_count() &&
	    runqueue_of(e->affinity)->active) {
		rq = runqueue_of(e->affinity);
		sched_claim_idle(rq);
		return rq;
	}
	rq = sched_find_idle(e->cpu);
	return rq ? rq : find_least_loaded(e->cpu);
}
