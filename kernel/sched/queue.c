/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run queue. First come entities with a reservation that have budget left, by
 * deadline; then all others, by weight. Entities whose cap is used up are held back:
 * they belong to the queue, but are in no tree, and their timer brings them back.
 */
#include "kernel/sched/clock.h"
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

u64 sched_heartbeat_ticks;

static void hold_back(struct sched_entity *e, u32 cpu, u64 until)
{
	e->place = SCHED_AT_CAP;
	e->stats.throttles++;
	timer_arm_on(&e->due, cpu, until);
}

static void insert_reserved(struct runqueue *rq, struct sched_entity *e)
{
	e->place = SCHED_AT_RESERVED;
	e->node.key = e->reserve.deadline;
	e->node.value = 0;
	e->node.cpus = 0;
	sched_tree_insert(&rq->reserved, &e->node);
	rq->count++;
}

static void insert_fair(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason,
			u64 now)
{
	e->place = SCHED_AT_FAIR;
	sched_policy->enqueue(rq, e, reason, now);
	rq->count++;
	/* Its next period begins then. */
	if (unlikely(e->reserve.applied))
		timer_arm_on(&e->due, rq->cpu, e->reserve.deadline);
}

static __attribute__((noinline)) void insert_special(struct runqueue *rq, struct sched_entity *e,
						     enum sched_reason reason, u64 now)
{
	if (reserve_any(e) && reserve_ready(e, reason, now)) {
		insert_reserved(rq, e);
		return;
	}
	if (cap_any(e) && !cap_ready(e, now)) {
		hold_back(e, rq->cpu, e->cap.until);
		return;
	}
	/* What it ran by reservation may have put it far ahead. */
	if (reason == SCHED_PREEMPTED && e->place != SCHED_AT_FAIR)
		reason = SCHED_MOVED;
	if (reason == SCHED_FAVOURED)
		rq->next = e;
	insert_fair(rq, e, reason, now);
}

void queue_insert(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason, u64 now)
{
	__atomic_store_n(&e->queue, rq, __ATOMIC_RELEASE);
	if (unlikely(reserve_any(e) || cap_any(e) || e->place != SCHED_AT_FAIR ||
		     reason == SCHED_FAVOURED)) {
		insert_special(rq, e, reason, now);
		return;
	}
	sched_policy->enqueue(rq, e, reason, now);
	rq->count++;
}

/* It is in no tree any more. */
static void left(struct runqueue *rq, struct sched_entity *e)
{
	if (unlikely(rq->next == e))
		rq->next = NULL;
	__atomic_store_n(&e->queue, NULL, __ATOMIC_RELEASE);
}

void queue_remove(struct runqueue *rq, struct sched_entity *e)
{
	if (e->place == SCHED_AT_FAIR)
		sched_policy->dequeue(rq, e);
	else if (e->place == SCHED_AT_RESERVED)
		sched_tree_remove(&rq->reserved, &e->node);
	if (e->place != SCHED_AT_CAP)
		rq->count--;
	left(rq, e);
}

/* What goes before all that share by weight. */
static __attribute__((noinline)) struct sched_entity *choose_special(struct runqueue *rq)
{
	struct sched_entity *e = rq->next;

	if (rq->reserved.root)
		e = container_of(sched_tree_first(&rq->reserved), struct sched_entity, node);
	else if (!sched_policy->favours(rq, e))
		return NULL;
	queue_remove(rq, e);
	return e;
}

/* Take out what runs next. */
static struct sched_entity *choose(struct runqueue *rq, u64 now)
{
	struct sched_entity *e = NULL;

	if (unlikely(rq->reserved.root || rq->next))
		e = choose_special(rq);
	if (likely(!e)) {
		e = sched_policy->pick(rq, now);
		if (!e)
			return NULL;
		rq->count--;
		left(rq, e);
	}
	return e;
}

/* Budget and cap end a slice also when nobody waits. */
static u64 slice_of(const struct sched_entity *e)
{
	u64 ticks;

	if (e->place == SCHED_AT_RESERVED)
		return (u64)e->reserve.left;
	ticks = sched_policy->slice(e);
	return e->cap.on ? MIN(ticks, (u64)e->cap.left) : ticks;
}

/* When it has to leave, and what sees to it. */
static __attribute__((noinline)) void start_slice(struct runqueue *rq, const struct sched_entity *e,
						  u64 now, bool work_waits)
{
	bool special = e->place == SCHED_AT_RESERVED || e->cap.on;
	u64 ticks = sched_slice_ticks;

	if (special || rq->count)
		ticks = slice_of(e);
	if (work_waits && e->place != SCHED_AT_RESERVED)
		ticks = MIN(ticks, sched_share_ticks);
	rq->slice_end = now + ticks;
	if (rq->count || work_waits || special)
		queue_arm_slice(rq);
	else if (sched_heartbeat_ticks && percpu(timer_alarm) == TIMER_NEVER)
		timer_set_alarm(rq->cpu, now + sched_heartbeat_ticks);
}

struct sched_entity *queue_pick(struct runqueue *rq, u64 now, bool work_waits)
{
	struct sched_entity *e = choose(rq, now);

	if (!e)
		return NULL;
	rq->run_since = now;
	rq->place = e->place;
	__atomic_store_n(&rq->current, e, __ATOMIC_RELEASE);
	/* Alone: nothing to do but what a processor that cannot be kicked needs. */
	if (likely(!rq->count && !work_waits && e->place == SCHED_AT_FAIR && !e->cap.on &&
		   (!sched_heartbeat_ticks || percpu(timer_alarm) != TIMER_NEVER))) {
		rq->slice_end = now + sched_slice_ticks;
	} else {
		start_slice(rq, e, now, work_waits);
	}
	return e;
}

void queue_charge(struct runqueue *rq, struct sched_entity *e, u64 ran)
{
	if (unlikely(rq->place == SCHED_AT_RESERVED))
		e->reserve.left -= (s64)ran;
	if (unlikely(e->cap.on))
		e->cap.left -= (s64)ran;
	sched_policy->charge(rq, e, ran);
}

bool queue_preempts(struct runqueue *rq, const struct sched_entity *e, u64 now)
{
	const struct sched_entity *current = rq->current;

	if (!current || e->place == SCHED_AT_CAP)
		return false;
	if (e->place == SCHED_AT_RESERVED)
		return rq->place != SCHED_AT_RESERVED ||
		       sched_before(e->reserve.deadline, current->reserve.deadline);
	return rq->place != SCHED_AT_RESERVED && sched_policy->preempts(rq, e, now);
}

bool queue_arm_slice(struct runqueue *rq)
{
	/* One that comes too early looks again. */
	if (!rq->current ||
	    __atomic_load_n(&percpu_of(rq->cpu, timer_alarm), __ATOMIC_RELAXED) <= rq->slice_end)
		return false;
	timer_set_alarm(rq->cpu, rq->slice_end);
	return true;
}

/*
 * Armed when something competes for the processor, or when budget or cap end; and where
 * a guest cannot be interrupted at any moment (sched_set_heartbeat()), always. Without the
 * lock: whoever comes at the same moment and finds that something sees to the slice is right,
 * since this does. What competed may have gone: then it is one round for nothing.
 */
void queue_slice_over(void)
{
	struct runqueue *rq = runqueue_this();

	if (!rq->current)
		return;
	/* It may be that of an entity that has stopped running since. */
	if (unlikely(time_tsc() < rq->slice_end))
		timer_set_alarm(rq->cpu, rq->slice_end);
	else
		sched_notify(rq->cpu, SCHED_F_RESCHED);
}

/* A cap allows to go on, or a new period of a reservation has begun. */
void queue_entity_due(struct timer *timer)
{
	struct sched_entity *e = container_of(timer, struct sched_entity, due);
	struct runqueue *rq = __atomic_load_n(&e->queue, __ATOMIC_ACQUIRE);
	bool preempts = false;
	u64 now = time_tsc();

	if (!rq) {
		/* It runs by its weight, and now has budget again. */
		if (sched_running(e) && e->home == (int)cpu_id())
			sched_notify(cpu_id(), SCHED_F_RESCHED);
		return;
	}
	ticket_lock(&rq->lock);
	if (e->queue == rq) {
		/* While its cap held it back it waited, and is owed that up to the limit. */
		queue_remove(rq, e);
		queue_insert(rq, e, SCHED_MOVED, now);
		preempts = queue_preempts(rq, e, now);
		queue_arm_slice(rq);
	}
	ticket_unlock(&rq->lock);
	if (preempts)
		sched_notify(rq->cpu, SCHED_F_RESCHED);
}
