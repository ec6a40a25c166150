/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler on simulated processors with a simulated clock: each processor is a
 * coroutine, always the one goes on whose time comes first, and what the scheduler does
 * takes no time. Entities run for random times and sleep for random times. Included once,
 * since per-CPU variables become arrays and the sources are included here.
 */
#include "tests/host/services/cm.h"

#include <ucontext.h>

#include "kernel/lib/types.h"
#include "tests/host/services/fake.h"

#define SIM_CPUS_MAX 8
#define ARCH_X86_CPU_PERCPU_H
#define OUTSIDE SIM_CPUS_MAX /* the test itself: a processor that runs nothing */
#define PERCPU(type, name) __typeof__(type) percpu_##name[SIM_CPUS_MAX + 1]
#define percpu(name) (percpu_##name[sim_cpu])
#define percpu_of(id, name) (percpu_##name[id])

static u32 sim_cpu, sim_cpus;
#define sim_now fake_tsc

static inline u32 cpu_count(void)
{
	return sim_cpus;
}

static inline u32 cpu_id(void)
{
	return sim_cpu;
}

/* clang-format off */
#include "kernel/time/heap.c"
#include "kernel/time/timer.c"
#include "kernel/sched/balance.c"
#include "kernel/sched/cap.c"
#include "kernel/sched/entity.c"
#include "kernel/sched/fair.c"
#include "kernel/sched/fair_turn.c"
#include "kernel/sched/longest.c"
#include "kernel/sched/place.c"
#include "kernel/sched/queue.c"
#include "kernel/sched/reserve.c"
#include "kernel/sched/sched.c"
#include "kernel/sched/stats.c"
#include "kernel/sched/tree.c"
#include "kernel/sched/turn.c"
#include "kernel/sched/work.c"
/* clang-format on */

#define TICKS_PER_US 1000ull
#define US(n) ((n)*TICKS_PER_US)
#define MS(n) US((n)*1000ull)
#define SIM_NEVER (~0ull)
#define SIM_STACK 65536

u64 time_ns_to_ticks(u64 ns)
{
	return ns * TICKS_PER_US / 1000;
}

void backtrace_symbolize(u64 address, backtrace_fn *fn, void *ctx)
{
	fn(ctx, address, "?", 0);
}

static struct sim_processor {
	ucontext_t context;
	char stack[SIM_STACK] __aligned(16);
	u64 resume_at; /* when it goes on */
	u64 programmed;
	bool kicked, idle;
} sim[SIM_CPUS_MAX];
static ucontext_t sim_driver;

/* Let time pass on this processor until then, or until it is kicked. */
static void sim_wait(u64 until)
{
	struct sim_processor *p = &sim[sim_cpu];

	p->resume_at = p->kicked ? sim_now : MAX(until, sim_now);
	swapcontext(&p->context, &sim_driver);
	p->kicked = false;
}

static void sim_kick(u32 cpu)
{
	sim[cpu].kicked = true;
	sim[cpu].resume_at = MIN(sim[cpu].resume_at, sim_now);
}

static void sim_halt(void)
{
	struct sim_processor *p = &sim[sim_cpu];

	p->idle = true;
	sim_wait(p->programmed);
	p->idle = false;
	p->programmed = SIM_NEVER; /* one shot */
	timer_irq(NULL);
}

static void sim_window(void)
{
	sim[sim_cpu].kicked = false;
}

static void sim_program(u64 deadline)
{
	sim[sim_cpu].programmed = deadline;
}

static void sim_processor_main(void)
{
	sched_setup_cpu();
	for (;;)
		sched_round();
}

/* All processors anew, none has started. */
static void sim_start(u32 cpus)
{
	static const struct sched_ops ops = {sim_kick, sim_halt, sim_window};
	static const struct timer_ops timer_ops_sim = {sim_program};

	sim_cpus = cpus;
	sim_cpu = 0;
	sim_now = MS(1000);
	fair_front_at = 0;
	memset(&sched_idle_cpus, 0, sizeof(sched_idle_cpus));
	sched_idle_count = 0;
	memset(percpu_runqueue, 0, sizeof(percpu_runqueue));
	memset(percpu_timer_queue, 0, sizeof(percpu_timer_queue));
	memset(percpu_reserved_parts, 0, sizeof(percpu_reserved_parts));
	sched_setup(&ops);
	timer_set_ops(&timer_ops_sim);
	for (u32 i = 0; i < cpus; i++) {
		struct sim_processor *p = &sim[i];

		sim_cpu = i;
		sched_setup_cpu();
		getcontext(&p->context);
		p->context.uc_stack.ss_sp = p->stack;
		p->context.uc_stack.ss_size = sizeof(p->stack);
		p->context.uc_link = NULL;
		makecontext(&p->context, sim_processor_main, 0);
		p->resume_at = sim_now;
		p->programmed = SIM_NEVER;
		p->kicked = p->idle = false;
	}
	sim_cpu = OUTSIDE;
}

/* Until that time; look() is called after every step. */
static void sim_run(u64 until, void (*look)(void))
{
	for (;;) {
		u32 first = 0;

		for (u32 i = 1; i < sim_cpus; i++)
			if (sim[i].resume_at < sim[first].resume_at)
				first = i;
		if (sim[first].resume_at > until)
			break;
		sim_now = MAX(sim_now, sim[first].resume_at);
		sim_cpu = first;
		swapcontext(&sim_driver, &sim[first].context);
		if (look)
			look();
	}
	sim_now = until;
	sim_cpu = OUTSIDE;
}

/* --- entities ---------------------------------------------------------------------------- */

struct load {
	struct sched_entity e;
	struct timer alarm;
	uint32_t seed;
	u64 burst, pause; /* mean ticks that it runs, and then sleeps; pause 0: it never sleeps */
	u64 left;         /* of this burst */
	u64 ran_at;       /* time of the last run, for starvation */
};

static u64 sim_turns; /* that sched_turn() has carried out */

static u64 around(uint32_t *seed, u64 mean)
{
	return mean / 2 + test_random(seed) % MAX(mean, 1u);
}

static void load_alarm(struct timer *timer)
{
	sched_wake(&container_of(timer, struct load, alarm)->e);
}

static void load_run(struct sched_entity *e);

enum load_goes { LOAD_AS_BEFORE, LOAD_ON, LOAD_RETURNS };

/* Its turn is over, or it has nothing to do: by sched_turn(), as it happens. Then l is who goes
 * on. */
static enum load_goes load_turn(struct load **l, bool blocks)
{
	struct sched_entity *e = &(*l)->e, *next;

	if (test_random(&(*l)->seed) & 1)
		return LOAD_AS_BEFORE;
	if (blocks)
		sched_wake_ack(e);
	next = blocks ? sched_turn_blocked(e) : sched_turn(e);
	if (!next)
		return sched_current() == e ? LOAD_AS_BEFORE : LOAD_RETURNS;
	sim_turns++;
	assert_ptr_equal(next, sched_current());
	assert_true(!blocks || next != e);
	*l = container_of(next, struct load, e);
	if (next->run == load_run && test_random(&(*l)->seed) % 8)
		return LOAD_ON;
	sched_begin_anew();
	return LOAD_RETURNS;
}

static bool load_sleeps(struct load *l)
{
	if (!l->pause || l->left)
		return false;
	l->left = around(&l->seed, l->burst) + 1;
	timer_arm(&l->alarm, sim_now + around(&l->seed, l->pause));
	return true;
}

/* True: it did. */
static bool load_stops(struct load **l)
{
	enum load_goes goes = LOAD_ON;

	while (goes == LOAD_ON) {
		if (load_sleeps(*l)) {
			goes = load_turn(l, true);
			if (goes == LOAD_AS_BEFORE)
				sched_block(&(*l)->e);
			if (goes != LOAD_ON)
				return true;
		} else if (sched_must_yield()) {
			goes = load_turn(l, false);
		} else {
			return false;
		}
	}
	return true;
}

static void load_run(struct sched_entity *e)
{
	struct load *l = container_of(e, struct load, e);
	enum load_goes goes = LOAD_ON;

	while (!load_stops(&l)) {
		u64 start = sim_now;

		sim_wait(MIN(timer_next(), l->pause ? sim_now + l->left : SIM_NEVER));
		l->left -= MIN(l->left, sim_now - start);
		l->ran_at = sim_now;
		/* The end of a slice needs no timer. */
		goes = load_turn(&l, false);
		if (goes == LOAD_RETURNS)
			return;
		if (goes == LOAD_AS_BEFORE)
			timer_run_expired();
	}
}

static void load_init(struct load *l, struct sched_group *group, u64 burst, u64 pause)
{
	static uint32_t seeds = 1;

	*l = (struct load){.seed = seeds++, .burst = burst, .pause = pause, .left = burst};
	timer_init(&l->alarm, load_alarm);
	sched_init_entity(&l->e, "load", load_run);
	sched_set_group(&l->e, group);
	sched_add(&l->e);
}
