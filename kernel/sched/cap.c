/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Caps: a group's entities buy time in pieces from the group's allowance, which grows at
 * the rate of the cap. A purchase moves the group's next date on by what it costs, so
 * that the next one waits its turn; one atomic word, no lock (after the generic cell rate
 * algorithm, ITU-T I.371).
 */
#include "kernel/sched/runqueue.h"

u64 sched_cap_ticks, sched_cap_burst_ticks;

/* Buy what makes up for the debt and one piece more. Returns when it may be used. */
static u64 buy(struct sched_group *group, struct sched_cap *cap, u32 percent, u64 now)
{
	u64 ticks = sched_cap_ticks - (u64)cap->left;
	u64 date = __atomic_load_n(&group->cap_date, __ATOMIC_RELAXED), from;

	do {
		/* An allowance that is not used does not grow for ever. */
		from = sched_before(date, now - sched_cap_burst_ticks) ? now - sched_cap_burst_ticks
								       : date;
	} while (!__atomic_compare_exchange_n(&group->cap_date, &date, from + ticks * 100 / percent,
					      true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	cap->left += (s64)ticks;
	return from;
}

bool cap_ready(struct sched_entity *e, u64 now)
{
	struct sched_cap *cap = &e->cap;
	u32 percent = e->group ? __atomic_load_n(&e->group->cap_percent, __ATOMIC_RELAXED) : 0;

	cap->on = percent;
	if (!percent) {
		cap->left = 0;
		cap->until = 0;
		return true;
	}
	if (cap->left <= 0)
		cap->until = buy(e->group, cap, percent, now);
	return cap->until <= now;
}
