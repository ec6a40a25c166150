/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Earliest eligible virtual deadline first (Stoica, Abdel-Wahab: "Earliest Eligible
 * Virtual Deadline First", 1995), one queue per processor.
 *
 * An entity's virtual time is the service that it got, divided by its weight. The queue's
 * virtual time V is the mean of its entities', by weight. Who is not ahead of V is
 * eligible; of these the one runs whose virtual deadline, the end of its current request,
 * comes first. Unlike in the paper virtual times are absolute, so that processors compare,
 * and one that is behind can give entities to one that is ahead (balance.c).
 */
#include "kernel/sched/fair.h"
#include "kernel/time/time.h"

/* A group's weight in units of 1/1024, to be divided among its entities. */
#define FAIR_UNIT 1024
/* Of a slice: the first request after a wake, so that it is served soon. In slices: what an
 * entity may be owed, or owe, at most. */
#define FAIR_WAKE_PART 4
#define FAIR_LAG_SLICES 10

u64 fair_front_at;

u64 fair_virtual_at_most(u64 weight)
{
	return (1ull << (FAIR_TICKS_BITS + FAIR_SHIFT)) / weight;
}

static s64 to_ticks(s64 virtual_ticks, u64 weight)
{
	return (s64)((__int128)virtual_ticks * (s64)weight >> FAIR_SHIFT);
}

static s64 clamp(s64 value, s64 least, s64 most)
{
	return MIN(MAX(value, least), most);
}

static u64 later(u64 a, u64 b)
{
	return sched_before(a, b) ? b : a;
}

static u64 earlier(u64 a, u64 b)
{
	return sched_before(a, b) ? a : b;
}

/* The group's weight is shared by those of its entities that want to run. */
static __attribute__((noinline)) void change_weight(struct sched_entity *e, u64 weighed)
{
	struct sched_group group = {.weighed = weighed};
	u64 weight = (u64)group.weight * FAIR_UNIT;

	if (group.runnable > 1)
		weight = MAX(weight / group.runnable, 1u);
	e->fair.weighed = weighed;
	e->fair.weight = weight;
	e->fair.request = fair_virtual(sched_slice_ticks, weight);
}

static void set_weight(struct sched_entity *e)
{
	u64 weighed = __atomic_load_n(e->weighed, __ATOMIC_RELAXED);

	if (unlikely(weighed != e->fair.weighed))
		change_weight(e, weighed);
}

/* current, if it takes part, and where it has come. */
static const struct sched_entity *fair_current(const struct runqueue *rq)
{
	return rq->current && rq->place == SCHED_AT_FAIR ? rq->current : NULL;
}

static u64 current_vtime(const struct runqueue *rq, const struct sched_entity *e, u64 now)
{
	/* The caller may have looked at the clock before it began. */
	return e->fair.vtime +
	       fair_virtual(sched_before(now, rq->run_since) ? 0 : now - rq->run_since,
			    e->fair.weight);
}

/* The virtual time of all that are in the queue and of current; base if there is none. */
static u64 fair_vtime(const struct runqueue *rq, u64 now, u64 *weight)
{
	const struct fair_queue *q = &rq->fair;
	const struct sched_entity *e = fair_current(rq);
	s64 moment = q->moment;

	*weight = q->weight;
	if (e && !q->weight) {
		*weight = e->fair.weight;
		return current_vtime(rq, e, now);
	}
	if (e) {
		moment += (s64)(current_vtime(rq, e, now) - q->base) * (s64)e->fair.weight;
		*weight += e->fair.weight;
	}
	return *weight ? q->base + (u64)(moment / (s64)*weight) : q->base;
}

/* The queue has changed under current. */
static void publish_change(struct runqueue *rq, u64 now)
{
	u64 weight, vtime;

	if (!fair_current(rq))
		return;
	vtime = fair_vtime(rq, now, &weight);
	fair_publish(&rq->fair, vtime, weight, now);
}

static void fair_init(struct runqueue *rq)
{
	rq->fair = (struct fair_queue){0};
}

/* What it was owed when it blocked. Its coming moves V towards it: more, so that it finds
 * what it left. */
static __attribute__((noinline)) u64 lag_of(const struct sched_entity *e, u64 weight)
{
	u64 lag = e->fair.lag;

	if (weight)
		lag = lag * ((weight + e->fair.weight) / FAIR_UNIT) / MAX(weight / FAIR_UNIT, 1u);
	return fair_virtual(MIN(lag, sched_slice_ticks * FAIR_LAG_SLICES), e->fair.weight);
}

/* Where an entity goes that was not here: not further ahead or behind than the limit,
 * and if it slept, not further behind than when it went to sleep. */
static void fair_place(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason,
		       u64 now)
{
	u64 weight, v = fair_vtime(rq, now, &weight), from = e->fair.vtime;
	u64 limit = e->fair.request * FAIR_LAG_SLICES;

	if (reason != SCHED_NEW) {
		e->fair.vtime = earlier(later(from, v - limit), v + limit);
		e->fair.deadline += e->fair.vtime - from;
		return;
	}
	e->fair.vtime = earlier(later(from, v - lag_of(e, weight)), v + limit);
	e->fair.deadline = e->fair.vtime + e->fair.request / FAIR_WAKE_PART;
}

/* Others go first: what it is owed is forfeited. */
static void fair_yield(struct runqueue *rq, struct sched_entity *e, u64 now)
{
	u64 weight, v = fair_vtime(rq, now, &weight);

	if (weight)
		e->fair.vtime = later(e->fair.vtime, v + 1);
	e->fair.deadline = e->fair.vtime;
}

static void count_in(struct fair_queue *q, struct sched_entity *e)
{
	if (!sched_before(e->fair.vtime, e->fair.deadline))
		e->fair.deadline = e->fair.vtime + e->fair.request;
	if (!q->weight)
		q->base = e->fair.vtime;
	q->weight += e->fair.weight;
	q->moment += (s64)(e->fair.vtime - q->base) * (s64)e->fair.weight;
}

static void count_out(struct fair_queue *q, const struct sched_entity *e)
{
	q->weight -= e->fair.weight;
	q->moment -= (s64)(e->fair.vtime - q->base) * (s64)e->fair.weight;
}

void fair_insert(struct fair_queue *q, struct sched_entity *e)
{
	e->node.key = e->fair.deadline;
	e->node.value = e->fair.vtime;
	e->node.cpus = e->cpus.bits[0] | e->cpus.bits[1] | e->cpus.bits[2] | e->cpus.bits[3];
	sched_tree_insert(&q->tree, &e->node);
}

/* Who had to stop last often goes on soon: it need not be put into the tree and taken out again. */
static void hold(struct fair_queue *q, struct sched_entity *e)
{
	if (unlikely(q->held))
		fair_insert(q, q->held);
	q->held = e;
}

/* Nothing is here to be compared with: a sleeper starts where the others have come. */
static void insert_only(struct fair_queue *q, struct sched_entity *e, enum sched_reason reason)
{
	q->only = e;
	if (reason != SCHED_NEW)
		return;
	e->fair.vtime =
	    later(e->fair.vtime, fair_front() - (unlikely(e->fair.lag) ? lag_of(e, 0) : 0));
	e->fair.deadline = e->fair.vtime + e->fair.request / FAIR_WAKE_PART;
}

static __attribute__((noinline)) void enqueue_among(struct runqueue *rq, struct sched_entity *e,
						    enum sched_reason reason, u64 now)
{
	struct fair_queue *q = &rq->fair;

	if (unlikely(q->only)) {
		count_in(q, q->only);
		fair_insert(q, q->only);
		q->only = NULL;
	}
	if (reason == SCHED_YIELDED)
		fair_yield(rq, e, now);
	else if (reason != SCHED_PREEMPTED)
		fair_place(rq, e, reason, now);
	count_in(q, e);
	if (reason == SCHED_PREEMPTED || reason == SCHED_YIELDED)
		hold(q, e);
	else
		fair_insert(q, e);
	publish_change(rq, now);
}

static void fair_enqueue(struct runqueue *rq, struct sched_entity *e, enum sched_reason reason,
			 u64 now)
{
	struct fair_queue *q = &rq->fair;

	set_weight(e);
	if (q->weight || q->only || rq->current)
		enqueue_among(rq, e, reason, now);
	else
		insert_only(q, e, reason);
}

static void take_out(struct fair_queue *q, struct sched_entity *e)
{
	if (e == q->held)
		q->held = NULL;
	else
		sched_tree_remove(&q->tree, &e->node);
	count_out(q, e);
}

static void fair_dequeue(struct runqueue *rq, struct sched_entity *e)
{
	if (rq->fair.only == e) {
		rq->fair.only = NULL;
		return;
	}
	take_out(&rq->fair, e);
	publish_change(rq, time_tsc());
}

/* The base follows the virtual time, so that products stay small. */
static void advance(struct fair_queue *q)
{
	s64 step = q->moment / (s64)q->weight;

	q->base += (u64)step;
	q->moment -= step * (s64)q->weight;
}

static struct sched_entity *entity_of(struct sched_node *node)
{
	return node ? container_of(node, struct sched_entity, node) : NULL;
}

/* The one whose deadline comes first; either may be NULL. */
static struct sched_entity *sooner(struct sched_entity *a, struct sched_entity *b)
{
	if (!a || !b)
		return a ? a : b;
	return sched_before(b->fair.deadline, a->fair.deadline) ? b : a;
}

static bool eligible(const struct fair_queue *q, const struct sched_entity *e)
{
	return e && !sched_before(q->base, e->fair.vtime);
}

/* Of the eligible ones, that which had to stop, if there is one, not in the tree. Some entity is
 * always at or before the mean. */
struct sched_entity *fair_soonest(const struct fair_queue *q, struct sched_entity *stopped)
{
	struct sched_entity *e = NULL;

	if (q->tree.root)
		e = entity_of(sched_tree_first_at_most(&q->tree, q->base));
	if (eligible(q, q->held))
		e = sooner(e, q->held);
	if (eligible(q, stopped))
		e = sooner(e, stopped);
	if (likely(e))
		return e;
	return sooner(sooner(entity_of(sched_tree_first(&q->tree)), q->held), stopped);
}

static struct sched_entity *fair_pick(struct runqueue *rq, u64 now)
{
	struct fair_queue *q = &rq->fair;
	struct sched_entity *e = q->only;

	if (likely(e)) {
		q->only = NULL;
		fair_publish(q, e->fair.vtime, e->fair.weight, now);
		return e;
	}
	if (!q->weight)
		return NULL;
	advance(q);
	fair_publish(q, q->base, q->weight, now);
	if (rq->count > 1 && sched_before(fair_front(), q->base))
		__atomic_store_n(&fair_front_at, q->base, __ATOMIC_RELAXED);
	e = fair_soonest(q, NULL);
	take_out(q, e);
	if (q->held && q->tree.root) {
		fair_insert(q, q->held);
		q->held = NULL;
	}
	return e;
}

static u64 fair_slice(const struct sched_entity *e)
{
	return sched_fair_slice(e);
}

/*
 * One that has a processor for itself is not owed what one processor cannot give: it does
 * not fall behind those that compete elsewhere.
 */
static void fair_charge(struct runqueue *rq, struct sched_entity *e, u64 ticks)
{
	struct fair_queue *q = &rq->fair;

	/* With a reservation it need not have been here yet. */
	if (unlikely(!e->fair.weight))
		set_weight(e);
	e->fair.vtime += fair_virtual(ticks, e->fair.weight);
	if (q->weight)
		return;
	e->fair.vtime = later(e->fair.vtime, fair_front() - e->fair.request * FAIR_LAG_SLICES);
}

static void fair_block(struct runqueue *rq, struct sched_entity *e)
{
	const struct fair_queue *q = &rq->fair;
	u64 v = fair_front();
	s64 moment;

	if (likely(!q->weight && !sched_before(e->fair.vtime, v))) {
		e->fair.lag = 0;
		return;
	}
	if (q->weight) {
		moment = q->moment + (s64)(e->fair.vtime - q->base) * (s64)e->fair.weight;
		v = q->base + (u64)(moment / (s64)(q->weight + e->fair.weight));
	}
	e->fair.lag = (u64)clamp(to_ticks((s64)(v - e->fair.vtime), e->fair.weight), 0,
				 (s64)sched_slice_ticks * FAIR_LAG_SLICES);
}

static bool fair_preempts(struct runqueue *rq, const struct sched_entity *e, u64 now)
{
	const struct sched_entity *current = fair_current(rq);
	u64 weight;

	if (!current)
		return false;
	return sched_before(e->fair.deadline, current->fair.deadline) &&
	       !sched_before(fair_vtime(rq, now, &weight), e->fair.vtime);
}

static struct sched_entity *fair_movable(struct runqueue *rq, u32 cpu)
{
	const struct fair_queue *q = &rq->fair;
	struct sched_entity *e = entity_of(sched_tree_first_allowed(&q->tree, sched_cpu_bit(cpu)));

	if (q->held && sched_allowed(q->held, cpu))
		e = sooner(e, q->held);
	if (!e)
		e = q->only;
	return e && sched_allowed(e, cpu) ? e : NULL;
}

static bool fair_favours(const struct runqueue *rq, const struct sched_entity *e)
{
	return sched_before(e->fair.vtime, rq->fair.base + e->fair.request);
}

static void fair_swap(struct sched_entity *a, struct sched_entity *b)
{
	u64 vtime = a->fair.vtime, deadline = a->fair.deadline;

	a->fair.vtime = b->fair.vtime;
	a->fair.deadline = b->fair.deadline;
	b->fair.vtime = vtime;
	b->fair.deadline = deadline;
}

static u64 fair_progress(const struct runqueue *rq, u64 now)
{
	const struct fair_queue *q = &rq->fair;
	u64 weight = __atomic_load_n(&q->vweight, __ATOMIC_RELAXED);
	u64 ticks = now - __atomic_load_n(&q->vtime_at, __ATOMIC_RELAXED);

	/* Another processor may have a later now. */
	if (!weight || (s64)ticks < 0)
		ticks = 0;
	return __atomic_load_n(&q->vtime, __ATOMIC_RELAXED) + fair_virtual(ticks, MAX(weight, 1u));
}

static s64 fair_behind(const struct runqueue *rq, u64 progress, u64 now)
{
	u64 weight = __atomic_load_n(&rq->fair.vweight, __ATOMIC_RELAXED);

	return to_ticks((s64)(progress - fair_progress(rq, now)), weight);
}

const struct sched_policy sched_fair = {
    .name = "EEVDF",
    .init = fair_init,
    .enqueue = fair_enqueue,
    .dequeue = fair_dequeue,
    .pick = fair_pick,
    .slice = fair_slice,
    .charge = fair_charge,
    .block = fair_block,
    .preempts = fair_preempts,
    .movable = fair_movable,
    .favours = fair_favours,
    .swap = fair_swap,
    .progress = fair_progress,
    .behind = fair_behind,
};
