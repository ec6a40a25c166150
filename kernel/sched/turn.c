/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one entity to the next inside of run(): what sched_round() does in the usual case, that
 * all who are concerned share by weight and that nothing else is to be done, in one go. For
 * anything else there is sched_round(). Everything here counts: docs/benchmarks.md, "Turns".
 */
#include "kernel/sched/account.h"
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

/* Has it what needs a look when it stops? Its group is not looked at. */
static inline bool turn_is_special(const struct sched_entity *e)
{
	return (__atomic_load_n(&e->reserve.wanted, __ATOMIC_RELAXED) | e->reserve.applied |
		e->cap.on) != 0;
}

/* Its group's weight and cap are what they were, and there is none. */
static inline bool turn_group_is_known(const struct sched_entity *e)
{
	return __atomic_load_n(e->weighed, __ATOMIC_RELAXED) == e->fair.weighed;
}

/* Nothing but e's turn is over, and who waits shares by weight. The lock is held. */
static inline bool turn_is_plain(const struct runqueue *rq, const struct sched_entity *e)
{
	return likely(rq->count && !((u64)rq->place | (u64)rq->reserved.root | (u64)rq->next)) &&
	       likely(list_empty(&rq->work)) && likely(!turn_is_special(e));
}

/* It becomes current: the same as queue_pick() and account_start(). */
static inline void turn_begins(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	__atomic_store_n(&e->queue, NULL, __ATOMIC_RELEASE);
	rq->run_since = now;
	__atomic_store_n(&rq->current, e, __ATOMIC_RELEASE);
	clock_stop(&e->stats.wait_clock, now);
	clock_start(&e->stats.run_clock, now);
	e->started = now;
	e->stats.runs++;
	if (unlikely(e->stats.woken_at))
		account_wake(&e->stats, now);
	if (unlikely(e->last != rq))
		account_move(rq, e);
	rq->last = e;
	rq->stats.switches++;
	__atomic_store_n(&e->state, SCHED_RUNNING, __ATOMIC_RELAXED);
}

/* The alarm is this processor's, and has no other use. */
static inline void turn_slice(struct runqueue *rq, const struct sched_entity *e, u64 now)
{
	u64 ticks = sched_fair_slice(e);

	if (unlikely(e->cap.on))
		ticks = MIN(ticks, (u64)e->cap.left);
	rq->slice_end = now + ticks;
	__atomic_store_n(&percpu(timer_alarm), now + ticks, __ATOMIC_RELAXED);
}

/* Who ran waits. */
static inline void turn_ends(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	clock_stop(&e->stats.run_clock, now);
	clock_start(&e->stats.wait_clock, now);
	e->stats.preemptions++;
	__atomic_store_n(&e->state, SCHED_READY, __ATOMIC_RELAXED);
	__atomic_store_n(&e->queue, rq, __ATOMIC_RELEASE);
}

/* The lock is held, and it is plain. */
static inline struct sched_entity *turn(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	u64 ran = now - rq->run_since;
	struct sched_entity *next = sched_fair_turn(rq, e, ran, now);

	rq->stats.run_ticks += ran;
	if (likely(next != e)) {
		turn_ends(rq, e, now);
		turn_begins(rq, next, now);
	} else {
		rq->run_since = now;
	}
	turn_slice(rq, next, now);
	return next;
}

/* One with a reservation may be alone here as soon as it has no budget: sched_round() looks when
 * that is known. */
static __attribute__((noinline)) bool turn_is_balanced(struct runqueue *rq,
						       const struct sched_entity *e, u64 now)
{
	return !turn_is_special(e) && sched_is_balanced(rq, now);
}

bool sched_turn_may_do(void)
{
	const struct runqueue *rq = runqueue_this();

	return percpu(sched_flags) == SCHED_F_RESCHED && !rq->reserved.root && !rq->next;
}

/* Somebody wants this processor to look: at more than who is next? Whatever comes after the flag is
 * cleared sets it again. */
static __attribute__((noinline)) bool turn_asked_for(const struct runqueue *rq,
						     const struct sched_entity *e, u64 now)
{
	if (now >= timer_heap_next() || percpu(sched_flags) != SCHED_F_RESCHED ||
	    !sched_allowed(e, rq->cpu))
		return false;
	__atomic_fetch_and(&percpu(sched_flags), ~SCHED_F_RESCHED, __ATOMIC_SEQ_CST);
	return true;
}

struct sched_entity *sched_turn(struct sched_entity *e)
{
	struct runqueue *rq = runqueue_this();
	struct sched_entity *next = NULL;
	u64 now = time_tsc();
	bool asked = sched_must_yield();

	if (unlikely(asked ? !turn_asked_for(rq, e, now) : now < rq->slice_end))
		return NULL;
	if (likely(now < rq->balance_at) || turn_is_balanced(rq, e, now)) {
		ticket_lock(&rq->lock);
		if (turn_is_plain(rq, e) && likely(turn_group_is_known(e)) &&
		    !sched_any_idle_for(e))
			next = turn(rq, e, now);
		ticket_unlock(&rq->lock);
	}
	if (unlikely(!next) && asked)
		__atomic_fetch_or(&percpu(sched_flags), SCHED_F_RESCHED, __ATOMIC_SEQ_CST);
	return next;
}

/* The lock is held. Whoever wakes e from here on comes after that. */
static inline bool turn_blocks(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	u64 ran = now - rq->run_since;

	clock_stop(&e->stats.run_clock, now);
	rq->stats.run_ticks += ran;
	sched_policy->charge(rq, e, ran);
	sched_policy->block(rq, e);
	return sched_blocks(e);
}

/* Woken in between: as if it had returned, and goes on. The lock is given back. */
static __attribute__((noinline)) void turn_is_back(struct runqueue *rq, struct sched_entity *e,
						   u64 now)
{
	__atomic_store_n(&rq->current, NULL, __ATOMIC_RELEASE);
	rq->run_since = 0;
	sched_run_on(rq, e, now);
}

/* When to look after one that is alone. */
static inline u64 turn_heartbeat(u64 now)
{
	return likely(!sched_heartbeat_ticks) ? TIMER_NEVER : now + sched_heartbeat_ticks;
}

struct sched_entity *sched_turn_blocked(struct sched_entity *e)
{
	struct runqueue *rq = runqueue_this();
	struct sched_entity *next;
	u64 now = time_tsc();

	if (unlikely(sched_must_yield()))
		return NULL;
	ticket_lock(&rq->lock);
	if (unlikely(!turn_is_plain(rq, e) || cap_any(e) || now >= timer_heap_next())) {
		ticket_unlock(&rq->lock);
		return NULL;
	}
	if (unlikely(!turn_blocks(rq, e, now))) {
		turn_is_back(rq, e, now);
		return NULL;
	}
	next = sched_policy->pick(rq, now);
	turn_begins(rq, next, now);
	if (--rq->count || next->cap.on) {
		turn_slice(rq, next, now);
	} else {
		rq->slice_end = now + sched_slice_ticks;
		__atomic_store_n(&percpu(timer_alarm), turn_heartbeat(now), __ATOMIC_RELAXED);
	}
	ticket_unlock(&rq->lock);
	return next;
}

void sched_begin_anew(void)
{
	runqueue_this()->begin_anew = true;
}
