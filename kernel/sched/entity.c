/* SPDX-License-Identifier: BSD-2-Clause */
/* An entity's life: added, woken, kicked, changed, removed. */
#include "kernel/lib/err.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/runqueue.h"

static u32 sched_next_cpu; /* atomic: where the next new entity goes first */

static const struct sched_group alone = {.weight = SCHED_WEIGHT_DEFAULT, .runnable = 1};

void sched_init_entity(struct sched_entity *e, const char *name,
		       void (*run)(struct sched_entity *e))
{
	*e = (struct sched_entity){
	    .name = name,
	    .run = run,
	    .weighed = &alone.weighed,
	    .cpus = sched_cpus_all(),
	    .home = -1,
	    .state = SCHED_OFF,
	};
	timer_init(&e->due, queue_entity_due);
}

static bool entity_move(struct sched_entity *e, enum sched_state from, enum sched_state to)
{
	return __atomic_compare_exchange_n(&e->state, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void sched_add(struct sched_entity *e)
{
	e->cpu = __atomic_fetch_add(&sched_next_cpu, 1, __ATOMIC_RELAXED) % cpu_count();
	e->last = NULL;
	(void)entity_move(e, SCHED_OFF, SCHED_BLOCKED);
}

void sched_set_group(struct sched_entity *e, struct sched_group *group)
{
	e->group = group;
	e->weighed = group ? &group->weighed : &alone.weighed;
}

void sched_set_weight(struct sched_group *group, u32 weight)
{
	__atomic_store_n(&group->weight, (u16)weight, __ATOMIC_RELAXED);
}

void sched_set_cap(struct sched_group *group, u32 percent)
{
	__atomic_store_n(&group->cap_percent, (u16)percent, __ATOMIC_RELAXED);
}

static int check_cpus(const struct sched_cpus *cpus)
{
	for (u32 cpu = 0; cpu < cpu_count(); cpu++)
		if (sched_cpus_has(cpus, cpu) && runqueue_of(cpu)->active)
			return ERR_OK;
	return ERR_INVAL;
}

static void store_cpus(struct sched_entity *e, const struct sched_cpus *cpus)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cpus->bits); i++)
		__atomic_store_n(&e->cpus.bits[i], cpus->bits[i], __ATOMIC_RELAXED);
}

int sched_set_cpus(struct sched_entity *e, const struct sched_cpus *cpus)
{
	u64 reserved = __atomic_load_n(&e->reserve.wanted, __ATOMIC_RELAXED);
	struct sched_cpus before = e->cpus;
	int err = check_cpus(cpus);

	if (err)
		return err;
	store_cpus(e, cpus);
	if (!reserved) {
		sched_refresh(e);
		return ERR_OK;
	}
	err = sched_set_reserve(e, (u32)(reserved >> 32), (u32)reserved);
	if (err)
		store_cpus(e, &before);
	return err;
}

/* Take a ready entity off its queue, for the caller, whose the state remains. */
static bool take_ready(struct sched_entity *e, enum sched_state to)
{
	struct runqueue *rq = __atomic_load_n(&e->queue, __ATOMIC_ACQUIRE);
	bool taken;

	if (!rq)
		return false;
	ticket_lock(&rq->lock);
	taken = e->queue == rq && entity_move(e, SCHED_READY, to);
	if (taken)
		queue_remove(rq, e);
	ticket_unlock(&rq->lock);
	return taken;
}

void sched_refresh(struct sched_entity *e)
{
	if (take_ready(e, SCHED_READY)) {
		sched_submit(e, SCHED_MOVED, time_tsc());
	} else if (sched_running(e)) {
		u32 cpu = __atomic_load_n(&e->cpu, __ATOMIC_RELAXED);

		sched_notify(cpu, SCHED_F_RESCHED);
	}
}

static void count_runnable(struct sched_entity *e, u32 change)
{
	if (e->group)
		__atomic_fetch_add(&e->group->runnable, change, __ATOMIC_RELAXED);
}

static void removed(struct sched_entity *e)
{
	clock_stop(&e->stats.wait_clock, time_tsc());
	count_runnable(e, -1u);
}

int sched_remove(struct sched_entity *e)
{
	for (;;) {
		switch (__atomic_load_n(&e->state, __ATOMIC_SEQ_CST)) {
		case SCHED_OFF:
			timer_cancel_sync(&e->due);
			return ERR_OK;
		case SCHED_BLOCKED:
			(void)entity_move(e, SCHED_BLOCKED, SCHED_OFF);
			break;
		case SCHED_READY:
			if (take_ready(e, SCHED_OFF))
				removed(e);
			cpu_relax();
			break;
		default:
			return ERR_BUSY;
		}
	}
}

/*
 * The exchange is locked also when it changes nothing: it orders the caller's store of
 * the event before our look at the state, and run()'s look at the events comes after
 * the exchange that made the state SCHED_RUNNING.
 */
void sched_wake(struct sched_entity *e)
{
	for (;;) {
		enum sched_state state = SCHED_BLOCKED;

		if (__atomic_compare_exchange_n(&e->state, &state, SCHED_READY, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			u64 now = time_tsc();

			e->stats.wakes++;
			e->stats.woken_at = now;
			clock_start(&e->stats.wait_clock, now);
			count_runnable(e, 1);
			sched_submit(e, SCHED_NEW, now);
			return;
		}
		if (state != SCHED_RUNNING || entity_move(e, SCHED_RUNNING, SCHED_WOKEN))
			return;
	}
}

void sched_interrupt(struct sched_entity *e)
{
	u32 cpu = __atomic_load_n(&e->cpu, __ATOMIC_RELAXED);

	e->stats.kicks += cpu != cpu_id();
	sched_notify(cpu, 0);
}

bool sched_alone(void)
{
	const struct runqueue *rq = runqueue_this();

	return !__atomic_load_n(&rq->count, __ATOMIC_RELAXED) && list_empty(&rq->work) &&
	       !sched_must_yield();
}

/* About to choose: idle and woken for it, or leaving what runs. The lock is held. */
static bool chooses(const struct runqueue *rq)
{
	return !rq->current || __atomic_load_n(&percpu_of(rq->cpu, sched_flags), __ATOMIC_RELAXED) &
				   SCHED_F_RESCHED;
}

bool sched_hurry(struct sched_entity *e)
{
	struct runqueue *rq = __atomic_load_n(&e->queue, __ATOMIC_ACQUIRE);
	bool hurries = true;

	if (!rq)
		return true;
	ticket_lock(&rq->lock);
	if (e->queue == rq) {
		hurries =
		    chooses(rq) && (e->place != SCHED_AT_FAIR || sched_policy->favours(rq, e));
		if (hurries && e->place == SCHED_AT_FAIR)
			rq->next = e;
	}
	ticket_unlock(&rq->lock);
	return hurries;
}

bool sched_yield_to(struct sched_entity *to)
{
	struct runqueue *rq = runqueue_this();
	struct sched_entity *e = rq->current;

	if (to == e || !sched_allowed(to, rq->cpu) || to->place != SCHED_AT_FAIR ||
	    !take_ready(to, SCHED_READY))
		return false;
	/* Within a VM the yielder gives its place in line away and takes the other's: the VM loses
	 * nothing, and so nothing else is forfeited. */
	if (to->group && to->group == e->group && rq->place == SCHED_AT_FAIR) {
		sched_policy->swap(e, to);
		e->stats.yields++;
	} else {
		sched_let_pass(e);
	}
	sched_enqueue(rq, to, SCHED_FAVOURED, time_tsc());
	return true;
}
