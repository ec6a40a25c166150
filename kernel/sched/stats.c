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
	const struct sched_entity *current;
	u64 halted_since = rq->halted_since, run_since = rq->run_since;

	*out = rq->stats;
	if (halted_since)
		out->idle_ticks += time_tsc() - halted_since;
	if (run_since)
		out->run_ticks += time_tsc() - run_since;
	out->ready = rq->count;
	current = __atomic_load_n(&rq->current, __ATOMIC_RELAXED);
	out->current = current ? current->name : NULL;
}

const char *sched_policy_name(void)
{
	return sched_policy->name;
}

u64 sched_latency(const struct sched_stats *stats, u32 of_1000)
{
	u64 all = 0, seen = 0;

	for (unsigned i = 0; i < SCHED_LATENCY_CLASSES; i++)
		all += stats->latency[i];
	for (unsigned i = 0; i < SCHED_LATENCY_CLASSES; i++) {
		seen += stats->latency[i];
		if (all && seen * 1000 >= all * of_1000)
			return MIN(2ull << i, stats->latency_max);
	}
	return 0;
}
