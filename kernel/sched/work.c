/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/sched/work.h"

#include "kernel/lib/err.h"
#include "kernel/sched/longest.h"
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

/* How an item's state moves (every move is one atomic exchange):
 *	IDLE -> QUEUED -> RUNNING -> IDLE, or QUEUED if it wants more
 *	RUNNING -> AGAIN -> QUEUED: it was queued while it ran */
enum work_state { WORK_IDLE, WORK_QUEUED, WORK_RUNNING, WORK_AGAIN };

void work_init(struct work *work, bool (*fn)(struct work *work))
{
	*work = (struct work){.fn = fn, .state = WORK_IDLE};
}

static bool work_move(struct work *work, u32 from, u32 to)
{
	return __atomic_compare_exchange_n(&work->state, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* The state is WORK_QUEUED, by us. */
static void work_enqueue(struct work *work, struct runqueue *rq)
{
	__atomic_store_n(&work->cpu, rq->cpu, __ATOMIC_RELAXED);
	ticket_lock(&rq->lock);
	if (!rq->work.next) /* before sched_setup() */
		list_init(&rq->work);
	list_add_tail(&rq->work, &work->link);
	ticket_unlock(&rq->lock);
}

void work_queue_on(struct work *work, u32 cpu)
{
	for (;;) {
		if (work_move(work, WORK_IDLE, WORK_QUEUED))
			break;
		if (work_move(work, WORK_RUNNING, WORK_AGAIN) ||
		    __atomic_load_n(&work->state, __ATOMIC_SEQ_CST) != WORK_IDLE)
			return;
	}
	if (!runqueue_of(cpu)->active)
		cpu = 0;
	work_enqueue(work, runqueue_of(cpu));
	sched_notify(cpu, SCHED_F_WORK);
}

void work_queue(struct work *work)
{
	work_queue_on(work, cpu_id());
}

int work_cancel(struct work *work)
{
	for (;;) {
		u32 state = __atomic_load_n(&work->state, __ATOMIC_SEQ_CST);
		struct runqueue *rq;
		bool taken;

		if (state == WORK_IDLE)
			return ERR_OK;
		if (state != WORK_QUEUED)
			return ERR_BUSY;
		rq = runqueue_of(__atomic_load_n(&work->cpu, __ATOMIC_RELAXED));
		ticket_lock(&rq->lock);
		/* Under the lock: on this list, or on its way to some list. */
		taken = work->cpu == rq->cpu && work->link.next && !list_empty(&work->link) &&
			work_move(work, WORK_QUEUED, WORK_IDLE);
		if (taken)
			list_del(&work->link);
		ticket_unlock(&rq->lock);
		if (taken)
			return ERR_OK;
	}
}

bool work_pending(const struct work *work)
{
	return __atomic_load_n(&work->state, __ATOMIC_RELAXED) != WORK_IDLE;
}

static struct work *work_take(struct runqueue *rq)
{
	struct work *work = NULL;

	ticket_lock(&rq->lock);
	if (!list_empty(&rq->work)) {
		work = list_entry(rq->work.next, struct work, link);
		list_del(&work->link);
		__atomic_store_n(&work->state, WORK_RUNNING, __ATOMIC_SEQ_CST);
	}
	ticket_unlock(&rq->lock);
	return work;
}

static void work_run_one(struct runqueue *rq, struct work *work)
{
	bool (*fn)(struct work * work) = work->fn;
	u64 start = time_tsc();
	bool more = fn(work);

	longest_work((const void *)fn, time_tsc() - start);

	if (!more && work_move(work, WORK_RUNNING, WORK_IDLE))
		return;
	__atomic_store_n(&work->state, WORK_QUEUED, __ATOMIC_SEQ_CST);
	work_enqueue(work, rq);
}

/* A reservation goes before work. */
static bool entities_wait(const struct runqueue *rq)
{
	return __atomic_load_n(&rq->count, __ATOMIC_RELAXED);
}

bool work_run(struct runqueue *rq)
{
	u64 start = time_tsc(), now = start;
	struct work *work;

	while (now - start < sched_share_ticks && !rq->reserved.root && (work = work_take(rq))) {
		work_run_one(rq, work);
		now = time_tsc();
		if (!entities_wait(rq))
			break;
	}
	rq->stats.work_ticks += now - start;
	return !list_empty(&rq->work);
}
