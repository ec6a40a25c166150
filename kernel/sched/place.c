/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processor an entity that becomes ready goes to. */
#include "kernel/sched/runqueue.h"

static u32 sched_idle_cpus; /* atomic: queues whose idle is 1 */

bool sched_allowed(const struct sched_entity *e, u32 cpu)
{
	int home = __atomic_load_n(&e->home, __ATOMIC_RELAXED);

	return home < 0 ? sched_cpus_has(&e->cpus, cpu) : home == (int)cpu;
}

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

bool sched_any_idle(void)
{
	return __atomic_load_n(&sched_idle_cpus, __ATOMIC_SEQ_CST);
}

struct runqueue *sched_find_idle(const struct sched_entity *e, u32 first)
{
	u32 count = cpu_count(), cpu = first;

	for (u32 i = 0; i < count; i++) {
		struct runqueue *rq = runqueue_of(cpu);

		if (rq->active && sched_allowed(e, cpu) && sched_claim_idle(rq))
			return rq;
		cpu = cpu + 1 == count ? 0 : cpu + 1;
	}
	return NULL;
}

int sched_idle_for(const struct sched_entity *e)
{
	for (u32 cpu = 0; cpu < cpu_count(); cpu++)
		if (__atomic_load_n(&runqueue_of(cpu)->idle, __ATOMIC_SEQ_CST) &&
		    sched_allowed(e, cpu))
			return (int)cpu;
	return -1;
}

static u32 load_of(const struct runqueue *rq)
{
	return rq->count + (rq->current != NULL);
}

/* The last one, if it has at most one entity more than the least loaded. */
static struct runqueue *find_least_loaded(const struct sched_entity *e)
{
	struct runqueue *last = runqueue_of(e->cpu), *best = NULL;

	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *rq = runqueue_of(cpu);

		if (rq->active && sched_allowed(e, cpu) && (!best || load_of(rq) < load_of(best)))
			best = rq;
	}
	if (best && last->active && sched_allowed(e, last->cpu) &&
	    load_of(last) <= load_of(best) + 1)
		return last;
	/* None that it may run on has come up: better there than nowhere. */
	return best ? best : runqueue_of(0);
}

struct runqueue *sched_place(const struct sched_entity *e)
{
	struct runqueue *rq = e->last;

	if (likely(rq && sched_allowed(e, rq->cpu) && sched_claim_idle(rq)))
		return rq;
	rq = sched_any_idle() ? sched_find_idle(e, e->cpu) : NULL;
	return rq ? rq : find_least_loaded(e);
}
