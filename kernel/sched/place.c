/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processor an entity that becomes ready goes to. */
#include "kernel/sched/runqueue.h"

struct sched_cpus sched_idle_cpus;
u32 sched_idle_count;

bool sched_allowed(const struct sched_entity *e, u32 cpu)
{
	int home = __atomic_load_n(&e->home, __ATOMIC_RELAXED);

	return home < 0 ? sched_cpus_has(&e->cpus, cpu) : home == (int)cpu;
}

void sched_offer_idle(struct runqueue *rq)
{
	if (rq->cpu < SCHED_CPUS)
		__atomic_fetch_or(&sched_idle_cpus.bits[rq->cpu / 64], sched_cpu_bit(rq->cpu),
				  __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&sched_idle_count, 1, __ATOMIC_SEQ_CST);
	__atomic_exchange_n(&rq->idle, 1, __ATOMIC_SEQ_CST);
}

bool sched_claim_idle(struct runqueue *rq)
{
	if (!__atomic_load_n(&rq->idle, __ATOMIC_SEQ_CST))
		return false;
	/* First, so that it does not undo a later offer. */
	if (rq->cpu < SCHED_CPUS)
		__atomic_fetch_and(&sched_idle_cpus.bits[rq->cpu / 64], ~sched_cpu_bit(rq->cpu),
				   __ATOMIC_SEQ_CST);
	if (!__atomic_exchange_n(&rq->idle, 0, __ATOMIC_SEQ_CST))
		return false;
	__atomic_fetch_sub(&sched_idle_count, 1, __ATOMIC_SEQ_CST);
	return true;
}

static u64 idle_word(unsigned word)
{
	return __atomic_load_n(&sched_idle_cpus.bits[word], __ATOMIC_SEQ_CST);
}

int sched_idle_for(const struct sched_entity *e)
{
	if (!sched_any_idle_for(e))
		return -1;
	for (unsigned word = 0; word * 64 < cpu_count() && word < SCHED_CPUS / 64; word++) {
		u64 found = idle_word(word) & e->cpus.bits[word];

		if (found)
			return (int)(word * 64) + __builtin_ctzll(found);
	}
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

/* With a reservation there is no choice. */
static struct runqueue *place_at_home(const struct sched_entity *e)
{
	struct runqueue *rq =
	    e->last && e->last->cpu == (u32)e->home ? e->last : runqueue_of((u32)e->home);

	sched_claim_idle(rq);
	return rq;
}

struct runqueue *sched_place(const struct sched_entity *e)
{
	struct runqueue *rq = e->last;
	int idle;

	if (unlikely(__atomic_load_n(&e->home, __ATOMIC_RELAXED) >= 0))
		return place_at_home(e);
	if (likely(rq && sched_allowed(e, rq->cpu) && sched_claim_idle(rq)))
		return rq;
	/* Others may claim it at the same moment. */
	while ((idle = sched_idle_for(e)) >= 0)
		if (sched_claim_idle(runqueue_of((u32)idle)))
			return runqueue_of((u32)idle);
	return find_least_loaded(e);
}
