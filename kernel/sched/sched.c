/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/sched/sched.h"

#include "arch/x86/cpu/cpu.h"
#include "kernel/lib/err.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

#define SLICE_MS 10
#define SHARE_MS 1

PERCPU(u32, sched_flags);
static PERCPU(struct runqueue, runqueue);
static const struct sched_ops *sched_ops;
static const struct sched_policy *sched_policy = &sched_round_robin;
static u32 sched_next_cpu; /* atomic: where the next new entity goes first */
u64 sched_slice_ticks, sched_share_ticks;

struct runqueue *runqueue_of(u32 cpu)
{
	return &percpu_of(cpu, runqueue);
}

struct runqueue *runqueue_this(void)
{
	return &percpu(runqueue);
}

void sched_notify(u32 cpu, u32 flags)
{
	if (flags)
		__atomic_fetch_or(&percpu_of(cpu, sched_flags), flags, __ATOMIC_SEQ_CST);
	if (cpu == cpu_id())
		return;
	runqueue_this()->stats.kicks++;
	if (sched_ops)
		sched_ops->kick(cpu);
}

/* --- queues --------------------------------------------------------------------- */

/* See to it that current's slice ends. The lock is held. */
static void arm_slice(struct runqueue *rq)
{
	if (!rq->current)
		return;
	if (!timer_armed(&rq->slice) || rq->slice.deadline > rq->slice_end)
		timer_arm_on(&rq->slice, rq->cpu, rq->slice_end);
}

/*
 * Armed whenever something runs, also when nobody waits: it bounds how long a guest stays
 * without an exit. A kick need not get through: Bochs takes no interrupt while a guest
 * that was entered with interrupts off has not turned them on, although the SDM has it
 * exit (vol. 3, 26.5).
 */
static void slice_over(struct timer *timer)
{
	struct runqueue *rq = container_of(timer, struct runqueue, slice);
	u64 now = time_tsc();

	ticket_lock(&rq->lock);
	/* The timer may be that of an entity that has stopped running since. */
	if (rq->current) {
		if (now < rq->slice_end)
			timer_arm_on(&rq->slice, rq->cpu, rq->slice_end);
		else if (rq->count || !list_empty(&rq->work))
			sched_notify(rq->cpu, SCHED_F_RESCHED);
		else
			timer_arm_on(&rq->slice, rq->cpu, now + sched_slice_ticks);
	}
	ticket_unlock(&rq->lock);
}

/* The state is SCHED_READY, by us: nobody else touches the entity. */
static void enqueue(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason)
{
	ticket_lock(&rq->lock);
	sched_policy->enqueue(rq, e, reason);
	__atomic_store_n(&e->queue, rq, __ATOMIC_RELEASE);
	rq->count++;
	arm_slice(rq);
	ticket_unlock(&rq->lock);
}

/* Put a ready entity where it runs soonest. */
static void submit(struct sched_entity *e)
{
	struct runqueue *rq = sched_place(e);
	bool anywhere = e->affinity == SCHED_CPU_ANY;

	enqueue(rq, e, SCHED_NEW); /* from here on the entity is not ours */
	sched_notify(rq->cpu, 0);
	/* A processor that went idle while we queued this elsewhere has not seen it. */
	if (anywhere && rq->current) {
		struct runqueue *idle = sched_find_idle(rq->cpu);

		if (idle)
			sched_notify(idle->cpu, 0);
	}
}

/* An entity taken off its queue, by policy or by steal: the lock is held. */
static struct sched_entity *taken(struct runqueue *rq, struct sched_entity *e)
{
	if (e) {
		rq->count--;
		__atomic_store_n(&e->queue, NULL, __ATOMIC_RELEASE);
	}
	return e;
}

/* --- entities ------------------------------------------------------------------- */

void sched_init_entity(struct sched_entity *e, const char *name,
		       void (*run)(struct sched_entity *e))
{
	*e = (struct sched_entity){
	    .name = name,
	    .run = run,
	    .affinity = SCHED_CPU_ANY,
	    .state = SCHED_OFF,
	};
	list_init(&e->link);
}

static bool entity_move(struct sched_entity *e, enum sched_state from, enum sched_state to)
{
	return __atomic_compare_exchange_n(&e->state, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void sched_add(struct sched_entity *e)
{
	e->cpu = __atomic_fetch_add(&sched_next_cpu, 1, __ATOMIC_RELAXED) % cpu_count();
	(void)entity_move(e, SCHED_OFF, SCHED_BLOCKED);
}

void sched_set_affinity(struct sched_entity *e, int cpu)
{
	__atomic_store_n(&e->affinity, cpu, __ATOMIC_RELAXED);
}

/* Take a ready entity off its queue and out of the scheduler; false: try again. */
static bool remove_ready(struct sched_entity *e)
{
	struct runqueue *rq = __atomic_load_n(&e->queue, __ATOMIC_ACQUIRE);
	bool removed;

	if (!rq)
		return false;
	ticket_lock(&rq->lock);
	removed = e->queue == rq && entity_move(e, SCHED_READY, SCHED_OFF);
	if (removed) {
		sched_policy->dequeue(rq, e);
		taken(rq, e);
		clock_stop(&e->stats.wait_clock, time_tsc());
	}
	ticket_unlock(&rq->lock);
	return removed;
}

int sched_remove(struct sched_entity *e)
{
	for (;;) {
		switch (__atomic_load_n(&e->state, __ATOMIC_SEQ_CST)) {
		case SCHED_OFF:
			return ERR_OK;
		case SCHED_BLOCKED:
			if (entity_move(e, SCHED_BLOCKED, SCHED_OFF))
				return ERR_OK;
			break;
		case SCHED_READY:
			if (remove_ready(e))
				return ERR_OK;
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
			e->stats.wakes++;
			clock_start(&e->stats.wait_clock, time_tsc());
			submit(e);
			return;
		}
		if (state != SCHED_RUNNING || entity_move(e, SCHED_RUNNING, SCHED_WOKEN))
			return;
	}
}

void sched_kick(struct sched_entity *e)
{
	sched_wake(e);
	if (sched_running(e)) {
		u32 cpu = __atomic_load_n(&e->cpu, __ATOMIC_RELAXED);

		if (cpu != cpu_id())
			sched_notify(cpu, 0);
	}
}

struct sched_entity *sched_current(void)
{
	return runqueue_this()->current;
}

/* --- the loop ------------------------------------------------------------------- */

/* What runs next, made current, with its slice timer set if it must share. */
static struct sched_entity *pick(struct runqueue *rq, bool work_waits)
{
	struct sched_entity *e;
	u64 now, slice;

	if (!rq->count)
		return NULL;
	now = time_tsc();
	ticket_lock(&rq->lock);
	e = taken(rq, sched_policy->pick(rq));
	if (e) {
		slice =
		    work_waits ? MIN(e->stats.slice_left, sched_share_ticks) : e->stats.slice_left;
		rq->slice_end = now + slice;
		__atomic_store_n(&rq->current, e, __ATOMIC_RELEASE);
		if (rq->count || work_waits || !timer_armed(&rq->slice))
			arm_slice(rq);
	}
	ticket_unlock(&rq->lock);
	return e;
}

static void account_start(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	clock_stop(&e->stats.wait_clock, now);
	clock_start(&e->stats.run_clock, now);
	e->stats.runs++;
	if (e->cpu != rq->cpu) {
		e->stats.migrations++;
		__atomic_store_n(&e->cpu, rq->cpu, __ATOMIC_RELAXED);
	}
	if (rq->stats.current != e->name) {
		rq->stats.current = e->name;
		rq->stats.switches++;
	}
}

static void account_end(struct runqueue *rq, struct sched_entity *e, u64 ran, u64 now)
{
	clock_stop(&e->stats.run_clock, now);
	rq->stats.run_ticks += ran;
	e->stats.slice_left -= MIN(ran, e->stats.slice_left);
	if (!e->stats.slice_left && rq->count)
		e->stats.preemptions++;
}

static void run_entity(struct runqueue *rq, struct sched_entity *e)
{
	u64 start = time_tsc(), now;
	enum sched_reason reason;

	rq->run_since = start;
	account_start(rq, e, start);
	e->want_block = e->want_yield = false;
	__atomic_exchange_n(&e->state, SCHED_RUNNING, __ATOMIC_SEQ_CST);
	e->run(e);
	__atomic_store_n(&rq->current, NULL, __ATOMIC_RELEASE);
	now = time_tsc();
	account_end(rq, e, now - start, now);
	rq->run_since = 0;
	if (e->want_block) {
		e->stats.slice_left = 0;
		/* From here on another processor may run the entity. */
		if (entity_move(e, SCHED_RUNNING, SCHED_BLOCKED))
			return;
	}
	reason = e->want_yield ? SCHED_YIELDED : SCHED_PREEMPTED;
	clock_start(&e->stats.wait_clock, now);
	__atomic_exchange_n(&e->state, SCHED_READY, __ATOMIC_SEQ_CST);
	if (e->affinity >= 0 && e->affinity != (int)rq->cpu)
		submit(e);
	else
		enqueue(rq, e, reason);
}

/* Whether entities wait there behind another one. A single one is about to be run: its
 * processor has been woken for it, and taking it would only send it back and forth. */
static bool has_waiting(const struct runqueue *rq)
{
	return __atomic_load_n(&rq->count, __ATOMIC_RELAXED) +
		   (__atomic_load_n(&rq->current, __ATOMIC_RELAXED) != NULL) >
	       1;
}

/* Take an entity that waits on another processor. */
static bool steal(struct runqueue *rq)
{
	u32 count = cpu_count();

	for (u32 i = 1; i < count; i++) {
		struct runqueue *other = runqueue_of((rq->cpu + i) % count);
		struct sched_entity *e;

		if (!other->active || !has_waiting(other))
			continue;
		ticket_lock(&other->lock);
		e = taken(other, sched_policy->steal(other, rq->cpu));
		ticket_unlock(&other->lock);
		if (e) {
			rq->stats.steals++;
			enqueue(rq, e, SCHED_NEW);
			return true;
		}
	}
	return false;
}

bool sched_yield_to(struct sched_entity *to)
{
	struct runqueue *rq = runqueue_this();
	struct runqueue *from = __atomic_load_n(&to->queue, __ATOMIC_ACQUIRE);
	int affinity = __atomic_load_n(&to->affinity, __ATOMIC_RELAXED);
	bool got;

	if (!from || (affinity != SCHED_CPU_ANY && affinity != (int)rq->cpu))
		return false;
	ticket_lock(&from->lock);
	got = to->queue == from;
	if (got) {
		sched_policy->dequeue(from, to);
		taken(from, to);
	}
	ticket_unlock(&from->lock);
	if (!got)
		return false;
	sched_let_pass(rq->current);
	enqueue(rq, to, SCHED_FAVOURED);
	return true;
}

/* Nothing to do, seen with our idle mark visible to wakers? */
static bool may_halt(struct runqueue *rq)
{
	__atomic_exchange_n(&percpu(sched_flags), 0, __ATOMIC_SEQ_CST);
	return !__atomic_load_n(&rq->count, __ATOMIC_SEQ_CST) && list_empty(&rq->work) &&
	       time_tsc() < timer_next() && !steal(rq);
}

/*
 * Interrupts are off from the check to the instruction that halts, and whoever gives us
 * something to do after the check sends an interrupt: it stays pending and ends the
 * halt at once.
 */
static void idle(struct runqueue *rq)
{
	sched_offer_idle(rq);
	if (may_halt(rq)) {
		timer_program();
		rq->stats.idles++;
		rq->halted_since = time_tsc();
		sched_ops->idle();
		rq->stats.idle_ticks += time_tsc() - rq->halted_since;
		rq->halted_since = 0;
	}
	sched_claim_idle(rq);
}

void sched_round(void)
{
	struct runqueue *rq = runqueue_this();
	struct sched_entity *e;
	bool work_waits;

	sched_ops->irq_window();
	timer_run_expired();
	work_waits = work_run(rq, rq->count != 0);
	e = pick(rq, work_waits);
	if (!e) {
		if (!work_waits)
			idle(rq);
		return;
	}
	/* Cleared before the last look at the work list: an item that comes later sets it
	 * again. RESCHED is set by this processor's slice timer only. */
	__atomic_exchange_n(&percpu(sched_flags), 0, __ATOMIC_SEQ_CST);
	if (!work_waits && !list_empty(&rq->work))
		__atomic_fetch_or(&percpu(sched_flags), SCHED_F_WORK, __ATOMIC_SEQ_CST);
	run_entity(rq, e);
}

void sched_setup_cpu(void)
{
	struct runqueue *rq = runqueue_this();

	if (rq->active)
		return;
	timer_setup_cpu();
	rq->cpu = cpu_id();
	if (!rq->work.next) /* work may be queued before */
		list_init(&rq->work);
	timer_init(&rq->slice, slice_over);
	sched_policy->init(rq);
	__atomic_store_n(&rq->active, true, __ATOMIC_SEQ_CST);
}

void sched_setup(const struct sched_ops *ops)
{
	sched_ops = ops;
	sched_slice_ticks = time_ms_to_ticks(SLICE_MS);
	sched_share_ticks = time_ms_to_ticks(SHARE_MS);
	sched_setup_cpu();
}

void sched_loop(void)
{
	sched_setup_cpu();
	for (;;)
		sched_round();
}
