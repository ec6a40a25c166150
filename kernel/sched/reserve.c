/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reservations: constant bandwidth servers (Abeni, Buttazzo: "Integrating Multimedia
 * Applications in Hard Real-Time Systems", 1998), earliest deadline first, each on one
 * processor. Without budget an entity goes on by its weight until its next period.
 */
#include "kernel/lib/err.h"
#include "kernel/lib/klog.h"
#include "kernel/sched/runqueue.h"
#include "kernel/time/time.h"

#define PARTS 1000000u
#define PARTS_MAX (PARTS / 100 * SCHED_RESERVE_PERCENT)

static struct ticketlock admission;
static PERCPU(u32, reserved_parts); /* of PARTS; under admission */

/* A reservation in one word, so that it can be exchanged while others look at it. */
static u64 pack(u32 us, u32 period_us)
{
	return (u64)us << 32 | period_us;
}

static u32 parts_of(u64 packed)
{
	u32 period_us = (u32)packed;

	return period_us ? (u32)(((packed >> 32) * PARTS + period_us - 1) / period_us) : 0;
}

/* The processor with the most to spare, of those that it may run on. */
static int find_home(const struct sched_entity *e, u32 *least)
{
	int home = -1;

	*least = PARTS;
	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		u32 parts = percpu_of(cpu, reserved_parts);

		if (!sched_cpus_has(&e->cpus, cpu) || !runqueue_of(cpu)->active || parts >= *least)
			continue;
		*least = parts;
		home = (int)cpu;
	}
	return home;
}

static void give_back(struct sched_entity *e)
{
	if (e->home >= 0)
		percpu_of((u32)e->home, reserved_parts) -= parts_of(e->reserve.wanted);
	__atomic_store_n(&e->home, -1, __ATOMIC_RELAXED);
	__atomic_store_n(&e->reserve.wanted, 0, __ATOMIC_RELAXED);
}

static int admit(struct sched_entity *e, u64 packed)
{
	u32 least, parts = parts_of(packed);
	int home = find_home(e, &least);

	if (home < 0)
		return trace_err(ERR_INVAL, "sched: %s may run on no processor", e->name);
	if (parts > PARTS_MAX || least > PARTS_MAX - parts)
		return trace_err(
		    ERR_BUSY,
		    "sched: no processor has %u.%u %% left to reserve for %s: %u.%u %% "
		    "of at most %u %% are taken on CPU %d, the freest it may run on",
		    parts / 10000, parts / 1000 % 10, e->name, least / 10000, least / 1000 % 10,
		    SCHED_RESERVE_PERCENT, home);
	percpu_of((u32)home, reserved_parts) += parts;
	__atomic_store_n(&e->home, home, __ATOMIC_RELAXED);
	__atomic_store_n(&e->reserve.wanted, packed, __ATOMIC_RELAXED);
	return ERR_OK;
}

int sched_set_reserve(struct sched_entity *e, u32 us, u32 period_us)
{
	u64 before;
	int err = ERR_OK;

	ticket_lock(&admission);
	before = e->reserve.wanted;
	give_back(e);
	if (us) {
		err = admit(e, pack(us, period_us));
		/* What it had, there is room for. */
		if (err && before && admit(e, before))
			log_warn("sched: %s has lost its reservation", e->name);
	}
	ticket_unlock(&admission);
	sched_refresh(e);
	return err;
}

void sched_drop_reserve(struct sched_entity *e)
{
	ticket_lock(&admission);
	give_back(e);
	ticket_unlock(&admission);
}

u32 sched_reserved_percent(u32 cpu)
{
	return percpu_of(cpu, reserved_parts) / (PARTS / 100);
}

/* What was asked for last; afterwards a new period begins. */
static void apply(struct sched_reserve *r, u64 wanted)
{
	r->applied = wanted;
	r->budget = time_us_to_ticks(wanted >> 32);
	r->period = time_us_to_ticks((u32)wanted);
	r->deadline = 0;
	r->left = 0;
}

/* Woken, it may use up what is left before the deadline only if that is no more than its
 * share of the time until then. */
static bool starts_anew(const struct sched_reserve *r, enum sched_reason reason, u64 now)
{
	if (now >= r->deadline)
		return true;
	return reason == SCHED_NEW && r->left > 0 &&
	       (unsigned __int128)r->left * r->period >
		   (unsigned __int128)(r->deadline - now) * r->budget;
}

bool reserve_ready(struct sched_entity *e, enum sched_reason reason, u64 now)
{
	struct sched_reserve *r = &e->reserve;
	u64 wanted = __atomic_load_n(&r->wanted, __ATOMIC_RELAXED);

	if (wanted != r->applied)
		apply(r, wanted);
	if (!wanted)
		return false;
	if (starts_anew(r, reason, now)) {
		/* What it ran too long is taken from the new budget. */
		r->left = (s64)r->budget + MIN(r->left, 0);
		r->deadline =
		    (r->deadline && now - r->deadline < r->period ? r->deadline : now) + r->period;
	}
	return r->left > 0;
}
