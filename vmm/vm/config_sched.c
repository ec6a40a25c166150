/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's share of the processors, as its node says; see docs/guide/configuration.md. */
#include <stdio.h>

#include "kernel/sched/sched.h"
#include "vmm/vm/config_node.h"

#define PERIOD_DEFAULT_US 10000

void config_sched_defaults(struct config_sched *s)
{
	*s = (struct config_sched){.weight = SCHED_WEIGHT_DEFAULT};
}

static void check_reserve(struct config_node *node, struct config_sched *s)
{
	char remedy[80];

	if (s->period_us && !s->reserve_us) {
		config_node_problem(node, "period-us", "add reserve-us, or remove it",
				    "says how often nothing is reserved");
		return;
	}
	if (!s->reserve_us)
		return;
	if (!s->period_us)
		s->period_us = PERIOD_DEFAULT_US;
	if ((u64)s->reserve_us * 100 <= (u64)s->period_us * SCHED_RESERVE_PERCENT)
		return;
	(void)snprintf(remedy, sizeof(remedy), "give at most <%u>, or a longer period-us",
		       (u32)((u64)s->period_us * SCHED_RESERVE_PERCENT / 100));
	config_node_problem(node, "reserve-us", remedy,
			    "%u of every %u us are more than the %u %% of a processor that can be "
			    "reserved",
			    s->reserve_us, s->period_us, SCHED_RESERVE_PERCENT);
}

static void check_cap(struct config_node *node, const struct config_sched *s, u32 cpus)
{
	u64 percent;
	char remedy[80];

	if (!s->cap_percent || !s->reserve_us)
		return;
	percent = ((u64)s->reserve_us * cpus * 100 + s->period_us - 1) / s->period_us;
	if (percent <= s->cap_percent)
		return;
	(void)snprintf(remedy, sizeof(remedy), "give at least <%llu>, or reserve less",
		       (unsigned long long)percent);
	config_node_problem(node, "cap-percent", remedy,
			    "%u is less than the %llu %% that its %u vCPUs reserve", s->cap_percent,
			    (unsigned long long)percent, cpus);
}

static bool any(const u64 *bits)
{
	return bits[0] | bits[1] | bits[2] | bits[3];
}

static void check_pin(struct config_node *node, const struct config_facts *facts,
		      const struct config_sched *s)
{
	char remedy[80];

	if (!facts || !facts->cpus || !any(s->pin))
		return;
	for (u32 cpu = facts->cpus; cpu < CONFIG_PIN_MAX; cpu++) {
		if (!(s->pin[cpu / 64] >> (cpu % 64) & 1))
			continue;
		(void)snprintf(remedy, sizeof(remedy), "give numbers from 0 to %u",
			       facts->cpus - 1);
		config_node_problem(node, "pin", remedy, "there is no processor %u", cpu);
		return;
	}
}

void config_sched_check(struct config_node *node, const struct config_facts *facts,
			struct config_sched *s, u32 cpus)
{
	check_reserve(node, s);
	check_cap(node, s, cpus);
	check_pin(node, facts, s);
}
