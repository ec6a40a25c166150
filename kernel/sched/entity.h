/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scheduler keeps of an entity. Included by sched.h; users read only what is
 * said there. */
#ifndef KERNEL_SCHED_ENTITY_H
#define KERNEL_SCHED_ENTITY_H

#include "kernel/lib/types.h"
#include "kernel/sched/tree.h"
#include "kernel/time/timer.h"

/* Processors that can be named in a set; those beyond are in it if it is the full one. */
#define SCHED_CPUS 256
struct sched_cpus {
	u64 bits[SCHED_CPUS / 64];
};

static inline bool sched_cpus_has(const struct sched_cpus *cpus, u32 cpu)
{
	if (cpu >= SCHED_CPUS)
		return cpus->bits[0] == ~0ull;
	return __atomic_load_n(&cpus->bits[cpu / 64], __ATOMIC_RELAXED) >> (cpu % 64) & 1;
}

static inline struct sched_cpus sched_cpus_all(void)
{
	return (struct sched_cpus){{~0ull, ~0ull, ~0ull, ~0ull}};
}

enum sched_state {
	SCHED_OFF,     /* not under the scheduler; wakes are ignored */
	SCHED_BLOCKED, /* waits for a wake */
	SCHED_READY,   /* on a run queue, or about to be put on one */
	SCHED_RUNNING, /* inside run() */
	SCHED_WOKEN,   /* inside run(), and woken since it started */
};

/* Where in its run queue. */
enum sched_place { SCHED_AT_FAIR, SCHED_AT_RESERVED, SCHED_AT_CAP };

/* Latencies from wake to run, in classes of powers of two: of 2^n ticks up to twice that;
 * the last class has all that are longer. */
#define SCHED_LATENCY_CLASSES 40

/* Accounting, in TSC ticks. Read without lock: figures for people. */
struct sched_stats {
	u64 run_clock;   /* private: see sched_run_ticks() */
	u64 wait_clock;  /* private: see sched_wait_ticks() */
	u64 woken_at;    /* private: TSC of the wake that it has not followed yet, 0: none */
	u64 runs;        /* times that run() was called */
	u64 wakes;       /* times that it went from blocked to ready */
	u64 kicks;       /* interrupts sent to make it leave its guest */
	u64 yields;      /* times that it let others go first */
	u64 migrations;  /* times that it ran on another processor than before */
	u64 preemptions; /* times that it had to stop with more to do */
	u64 throttles;   /* times that its cap held it back */
	u64 latency_max; /* of a wake */
	u32 latency[SCHED_LATENCY_CLASSES];
};

/* Share by weight; virtual times are the policy's. */
struct sched_fair_part {
	u64 vtime, deadline;
	u64 lag;     /* ticks that it was owed when it blocked */
	u64 weight;  /* when it was queued */
	u64 weighed; /* the group's, of which that is the share */
	u64 request; /* a slice in virtual time, at that weight */
};

/* A reservation; budget and period in ticks. */
struct sched_reserve {
	u64 wanted, applied; /* microseconds << 32 | period in microseconds; wanted: atomic */
	u64 budget, period;
	s64 left;     /* of the budget, in this period */
	u64 deadline; /* TSC when this period ends */
};

/* Time bought from the group's allowance. */
struct sched_cap {
	u32 on;
	s64 left;
	u64 until; /* not to be used before */
};

#endif
