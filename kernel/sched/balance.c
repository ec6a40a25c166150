/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between processors. An idle one takes an entity that waits elsewhere. Among busy ones
 * the progress of virtual time is kept together: one that is ahead, whose entities have
 * got more than others by their weight, takes over an entity that waits on one that is
 * behind; it brings what it is owed along.
 */
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

u64 sched_balance_ticks;

/* What it takes to take one away that waits for a reservation's budget to end and for nothing else,
 * in that many ticks of balancing: who has the reservation would go on alone. */
#define PATIENCE 3

/* Whether entities wait there behind another one. A single one is about to be run: its
 * processor has been woken for it, and taking it would only send it back and forth. */
static bool has_waiting(const struct runqueue *rq)
{
	return __atomic_load_n(&rq->count, __ATOMIC_RELAXED) +
		   (__atomic_load_n(&rq->current, __ATOMIC_RELAXED) != NULL) >
	       1;
}

/* Take from another queue the entity that would run soonest there of those that may run
 * here. */
static bool take(struct runqueue *rq, struct runqueue *from, u64 now)
{
	struct sched_entity *e;

	ticket_lock(&from->lock);
	e = sched_policy->movable(from, rq->cpu);
	if (e)
		queue_remove(from, e);
	ticket_unlock(&from->lock);
	if (!e)
		return false;
	rq->stats.steals++;
	sched_enqueue(rq, e, SCHED_MOVED, now);
	return true;
}

bool sched_steal(struct runqueue *rq)
{
	u32 count = cpu_count();

	for (u32 i = 1; i < count; i++) {
		struct runqueue *other = runqueue_of((rq->cpu + i) % count);

		if (other->active && has_waiting(other) && take(rq, other, time_tsc()))
			return true;
	}
	return false;
}

/* Who has come least far, of those with entities to give away; and who furthest, of
 * those that do not look by themselves, since nothing competes there. */
static void find_extremes(const struct runqueue *rq, u64 now, struct runqueue **behind,
			  struct runqueue **ahead)
{
	u64 least = sched_policy->progress(rq, now), most = least;

	*behind = *ahead = NULL;
	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *other = runqueue_of(cpu);
		u64 progress;

		if (other == rq || !other->active || !other->current)
			continue;
		progress = sched_policy->progress(other, now);
		if (has_waiting(other) && sched_before(progress, least)) {
			least = progress;
			*behind = other;
		} else if (!other->count && sched_before(most, progress)) {
			most = progress;
			*ahead = other;
		}
	}
}

/* Who waits there alone, for one that runs by reservation now, has the rest to itself. */
static bool waits_for_reserved(const struct runqueue *rq)
{
	return __atomic_load_n(&rq->place, __ATOMIC_RELAXED) == SCHED_AT_RESERVED &&
	       __atomic_load_n(&rq->count, __ATOMIC_RELAXED) == 1;
}

/* Is one processor that much less far than another? */
static bool lags(const struct runqueue *behind, const struct runqueue *ahead, u64 now)
{
	u64 most = sched_balance_ticks * (waits_for_reserved(behind) ? PATIENCE : 1u);

	return sched_policy->behind(behind, sched_policy->progress(ahead, now), now) >= (s64)most;
}

/* Who is too far behind, and who too far ahead, for a processor with count entities. */
static bool find_unbalanced(const struct runqueue *rq, u32 count, u64 now, struct runqueue **behind,
			    struct runqueue **ahead)
{
	find_extremes(rq, now, behind, ahead);
	if (*behind && !lags(*behind, rq, now))
		*behind = NULL;
	if (*ahead && (count < 2 || !lags(rq, *ahead, now)))
		*ahead = NULL;
	return *behind || *ahead;
}

static void next_look(struct runqueue *rq, u64 now)
{
	/* Of one, which they have all come up before, there is nothing to balance. */
	rq->balance_at = cpu_count() == 1 ? TIMER_NEVER : now + sched_balance_ticks;
}

bool sched_is_balanced(struct runqueue *rq, u64 now)
{
	struct runqueue *behind, *ahead;

	if (cpu_count() > 1 && find_unbalanced(rq, rq->count + 1, now, &behind, &ahead))
		return false;
	next_look(rq, now);
	return true;
}

void sched_balance(struct runqueue *rq, u64 now)
{
	struct runqueue *behind, *ahead;

	next_look(rq, now);
	if (!rq->count || cpu_count() == 1 || !find_unbalanced(rq, rq->count, now, &behind, &ahead))
		return;
	if (behind)
		take(rq, behind, now);
	/* It will find us behind, and take what may run there. */
	if (ahead) {
		__atomic_store_n(&ahead->balance_at, 0, __ATOMIC_RELAXED);
		sched_notify(ahead->cpu, SCHED_F_RESCHED);
	}
}
