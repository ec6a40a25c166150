/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scheduler has counted. */
#include "kernel/sched/clock.h"
#include "kernel/sched/runqueue.h"

u64 sched_run_ticks(const struct sched_entity *e)
{
	return clock_read(&e->stats.run_clock);
}

u64 sched_wait_ticks(const struct sched_entity *e)
{
	return clock_read(&e->stats.wait_clock);
}

void sched_cpu_stats(u32 cpu, struct sched_cpu_stats *out)
{
	const struct runqueue *rq = runqueue_of(cpu);
	u64 halted_since = rq->halted_since, run_since = rq->run_since;

	*out = rq->stats;
	if (halted_since)
		out->idle_ticks += time_tsc() - halted_since;
	if (run_since)
		out->run_ticks += time_tsc() - run_since;
	out->ready = rq->count;
	if (!rq->current)
		out->current = NULL;
}
