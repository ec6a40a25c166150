/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of each processor, and what it shares with those who make entities ready. */
#include "kernel/sched/sched.h"

#include "arch/x86/cpu/cpu.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/account.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/longest.h"
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

/* In microseconds. docs/adr/0008 says what follows from them. */
#define SLICE_US 3000
#define BALANCE_US 6000
#define CAP_US 1000
#define CAP_BURST_US 20000
#define SHARE_US 1000

PERCPU(u32, sched_flags);
static PERCPU(struct runqueue, runqueue);
static const struct sched_ops *sched_ops;
const struct sched_policy *const sched_policy = &sched_fair;
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
	if (unlikely(flags))
		__atomic_fetch_or(&percpu_of(cpu, sched_flags), flags, __ATOMIC_SEQ_CST);
	if (cpu == cpu_id() || unlikely(!sched_ops))
		return;
	percpu(runqueue).stats.kicks++;
	sched_ops->kick(cpu);
}

/* --- becoming ready ------------------------------------------------------------- */

/* A processor is idle, perhaps since it did not see e when it looked: which one should look
 * again? Or what runs here should make way, and go there. The lock is held. */
static int spread(const struct runqueue *rq, const struct sched_entity *e, u32 *flags)
{
	if (unlikely(sched_any_idle_for(e)))
		return sched_idle_for(e);
	if (unlikely(sched_any_idle_for(rq->current)))
		*flags |= SCHED_F_RESCHED;
	return -1;
}

void sched_enqueue(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason, u64 now)
{
	u32 flags = 0;
	bool look = true;
	int idle = -1;

	ticket_lock(&rq->lock);
	queue_insert(rq, e, reason, now);
	if (rq->current) {
		look = queue_arm_slice(rq);
		if (queue_preempts(rq, e, now))
			flags = SCHED_F_RESCHED;
		idle = spread(rq, e, &flags);
	}
	ticket_unlock(&rq->lock); /* from here on the entity is not ours */
	if (flags || look)
		sched_notify(rq->cpu, flags);
	if (unlikely(idle >= 0))
		sched_notify((u32)idle, 0);
}

void sched_submit(struct sched_entity *e, enum sched_reason reason, u64 now)
{
	sched_enqueue(sched_place(e), e, reason, now);
}

/* --- running -------------------------------------------------------------------- */

void account_wake(struct sched_stats *s, u64 now)
{
	u64 ticks = now - s->woken_at;

	s->woken_at = 0;
	/* Another processor's TSC may be a few ticks ahead. */
	if ((s64)ticks < 1)
		ticks = 1;
	s->latency[MIN(log2_floor(ticks), SCHED_LATENCY_CLASSES - 1u)]++;
	s->latency_max = MAX(s->latency_max, ticks);
}

void account_move(struct runqueue *rq, struct sched_entity *e)
{
	e->last = rq;
	if (e->cpu == rq->cpu)
		return;
	e->stats.migrations++;
	__atomic_store_n(&e->cpu, rq->cpu, __ATOMIC_RELAXED);
}

/* The entity has returned: account for it, under the queue's lock. */
static u64 account_end(struct runqueue *rq, struct sched_entity *e)
{
	u64 now = time_tsc(), ran = now - rq->run_since;

	clock_stop(&e->stats.run_clock, now);
	rq->stats.run_ticks += ran;
	queue_charge(rq, e, ran);
	__atomic_store_n(&rq->current, NULL, __ATOMIC_RELEASE);
	rq->run_since = 0;
	rq->left_at = now;
	return now;
}

bool sched_blocks(struct sched_entity *e)
{
	enum sched_state running = SCHED_RUNNING;

	if (e->group)
		__atomic_fetch_sub(&e->group->runnable, 1, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(&e->state, &running, SCHED_BLOCKED, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return true;
	if (e->group)
		__atomic_fetch_add(&e->group->runnable, 1, __ATOMIC_RELAXED);
	return false;
}

/* Should one that wants to go on not wait here? */
static bool waits_elsewhere(const struct runqueue *rq, const struct sched_entity *e)
{
	return !sched_allowed(e, rq->cpu) || (rq->count && sched_any_idle_for(e));
}

void sched_run_on(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	enum sched_reason reason = e->want_yield ? SCHED_YIELDED : SCHED_PREEMPTED;
	bool moves = waits_elsewhere(rq, e);

	clock_start(&e->stats.wait_clock, now);
	e->stats.yields += e->want_yield;
	e->stats.preemptions += !e->want_yield && rq->count;
	e->want_block = e->want_yield = false;
	__atomic_exchange_n(&e->state, SCHED_READY, __ATOMIC_SEQ_CST);
	if (likely(!moves))
		queue_insert(rq, e, reason, now);
	ticket_unlock(&rq->lock);
	if (unlikely(moves))
		sched_submit(e, SCHED_MOVED, now);
}

/* It has nothing to do, or was woken meanwhile. The same. */
static void rest(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	sched_policy->block(rq, e);
	e->want_block = e->want_yield = false;
	ticket_unlock(&rq->lock);
	if (sched_blocks(e))
		return;
	ticket_lock(&rq->lock);
	sched_run_on(rq, e, now);
}

static void run_entity(struct runqueue *rq, struct sched_entity *e)
{
	u64 now;

	account_start(rq, e, rq->run_since);
	__atomic_exchange_n(&e->state, SCHED_RUNNING, __ATOMIC_SEQ_CST);
	do {
		rq->begin_anew = false;
		e->run(e);
		e = rq->current; /* sched_turn() */
		if (!e)
			return;
	} while (unlikely(rq->begin_anew));
	ticket_lock(&rq->lock);
	now = account_end(rq, e);
	if (e->want_block)
		rest(rq, e, now);
	else
		sched_run_on(rq, e, now);
}

struct sched_entity *sched_current(void)
{
	return runqueue_this()->current;
}

/* --- the loop ------------------------------------------------------------------- */

/* Nothing to do, seen with our idle mark visible to wakers? */
static bool may_halt(struct runqueue *rq)
{
	return !__atomic_load_n(&rq->count, __ATOMIC_SEQ_CST) && list_empty(&rq->work) &&
	       time_tsc() < timer_next() && !sched_steal(rq);
}

/*
 * Interrupts are off from the check to the instruction that halts, and whoever gives us
 * something to do after the check sends an interrupt: it stays pending and ends the
 * halt at once.
 */
static void idle(struct runqueue *rq)
{
	sched_offer_idle(rq);
	rq->left_at = 0;
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

static struct sched_entity *pick(struct runqueue *rq, bool work_waits)
{
	struct sched_entity *e;
	u64 now;

	if (!rq->count)
		return NULL;
	now = time_tsc();
	if (unlikely(now >= rq->balance_at))
		sched_balance(rq, now);
	ticket_lock(&rq->lock);
	e = queue_pick(rq, now, work_waits);
	ticket_unlock(&rq->lock);
	return e;
}

static void fire_timers(void)
{
	u64 start = time_tsc();

	timer_run_expired();
	longest_timers(time_tsc() - start);
}

void sched_round(void)
{
	struct runqueue *rq = runqueue_this();
	struct sched_entity *e;
	bool work_waits = false;

	sched_ops->irq_window();
	/* Before we look at what there is: whatever comes later sets them again. */
	__atomic_exchange_n(&percpu(sched_flags), 0, __ATOMIC_SEQ_CST);
	if (time_tsc() >= timer_next())
		fire_timers();
	if (unlikely(!list_empty(&rq->work))) {
		work_waits = work_run(rq);
		rq->left_at = 0;
	}
	e = pick(rq, work_waits);
	if (e)
		run_entity(rq, e);
	else if (!work_waits)
		idle(rq);
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
	sched_policy->init(rq);
	__atomic_store_n(&rq->active, true, __ATOMIC_SEQ_CST);
}

void sched_setup(const struct sched_ops *ops)
{
	sched_ops = ops;
	timer_set_alarm_fn(queue_slice_over);
	sched_slice_ticks = time_us_to_ticks(SLICE_US);
	sched_balance_ticks = time_us_to_ticks(BALANCE_US);
	sched_cap_ticks = time_us_to_ticks(CAP_US);
	sched_cap_burst_ticks = time_us_to_ticks(CAP_BURST_US);
	sched_share_ticks = time_us_to_ticks(SHARE_US);
	sched_setup_cpu();
}

u32 sched_slice_us(void)
{
	return SLICE_US;
}

void sched_set_heartbeat(u32 ms)
{
	sched_heartbeat_ticks = time_ms_to_ticks(ms);
}

void sched_loop(void)
{
	sched_setup_cpu();
	for (;;)
		sched_round();
}
