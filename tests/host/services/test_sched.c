/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler on four simulated processors, which are threads: interrupts from other
 * processors stay pending until the idle function or the interrupt window takes them,
 * just as with IF=0. A wake that is lost makes a test stand still, and the alarm ends it.
 * Per-CPU variables become arrays, so the sources are included here.
 */
#include "tests/host/services/cm.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "kernel/lib/types.h"

#define TEST_CPUS 4
#define OUTSIDE TEST_CPUS /* the test's own thread: a processor that runs nothing */
#define ARCH_X86_CPU_PERCPU_H
#define PERCPU(type, name) __typeof__(type) percpu_##name[TEST_CPUS + 1]
#define percpu(name) (percpu_##name[test_cpu])
#define percpu_of(id, name) (percpu_##name[id])

static _Thread_local u32 test_cpu;

static inline u32 cpu_count(void)
{
	return TEST_CPUS;
}

static inline u32 cpu_id(void)
{
	return test_cpu;
}

/* clang-format off */
#include "kernel/time/heap.c"
#include "kernel/time/timer.c"
#include "kernel/sched/balance.c"
#include "kernel/sched/cap.c"
#include "kernel/sched/entity.c"
#include "kernel/sched/fair.c"
#include "kernel/sched/longest.c"
#include "kernel/sched/place.c"
#include "kernel/sched/queue.c"
#include "kernel/sched/reserve.c"
#include "kernel/sched/sched.c"
#include "kernel/sched/stats.c"
#include "kernel/sched/tree.c"
#include "kernel/sched/work.c"
/* clang-format on */

/* --- the machine --- */

void backtrace_symbolize(u64 address, backtrace_fn *fn, void *ctx)
{
	fn(ctx, address, "?", 0);
}

static struct {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool pending;
	u64 deadline;
} cpus[TEST_CPUS];
static bool stop;
static u64 ticks_per_us;

u64 time_ns_to_ticks(u64 ns)
{
	return ns * ticks_per_us / 1000;
}

static void cpu_kick(u32 cpu)
{
	pthread_mutex_lock(&cpus[cpu].mutex);
	cpus[cpu].pending = true;
	pthread_cond_signal(&cpus[cpu].cond);
	pthread_mutex_unlock(&cpus[cpu].mutex);
}

static void cpu_halt(void)
{
	u64 deadline = cpus[test_cpu].deadline;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	if (deadline != TIMER_NEVER) {
		u64 now = time_tsc();
		u64 us = deadline > now ? (deadline - now) / ticks_per_us + 1 : 0;
		u64 ns = until.tv_nsec + us * 1000;

		until.tv_sec += ns / 1000000000;
		until.tv_nsec = ns % 1000000000;
	}
	pthread_mutex_lock(&cpus[test_cpu].mutex);
	while (!cpus[test_cpu].pending && !err) {
		err = deadline == TIMER_NEVER
			  ? pthread_cond_wait(&cpus[test_cpu].cond, &cpus[test_cpu].mutex)
			  : pthread_cond_timedwait(&cpus[test_cpu].cond, &cpus[test_cpu].mutex,
						   &until);
	}
	cpus[test_cpu].pending = false;
	pthread_mutex_unlock(&cpus[test_cpu].mutex);
	timer_irq(NULL);
}

static void cpu_window(void)
{
	pthread_mutex_lock(&cpus[test_cpu].mutex);
	cpus[test_cpu].pending = false;
	pthread_mutex_unlock(&cpus[test_cpu].mutex);
}

static void cpu_program(u64 deadline)
{
	cpus[test_cpu].deadline = deadline;
}

static const struct sched_ops test_ops = {cpu_kick, cpu_halt, cpu_window};
static const struct timer_ops test_timer_ops = {cpu_program};

static void *cpu_thread(void *arg)
{
	test_cpu = (u32)(uintptr_t)arg;
	sched_setup_cpu();
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		sched_round();
	return NULL;
}

static void machine_start(void)
{
	stop = false;
	for (u32 i = 0; i < TEST_CPUS; i++) {
		pthread_mutex_init(&cpus[i].mutex, NULL);
		pthread_cond_init(&cpus[i].cond, NULL);
		cpus[i].deadline = TIMER_NEVER;
		percpu_of(i, timer_queue).programmed = TIMER_NEVER;
	}
	test_cpu = 0;
	sched_setup(&test_ops);
	test_cpu = OUTSIDE;
	timer_set_ops(&test_timer_ops);
	for (u32 i = 0; i < TEST_CPUS; i++)
		pthread_create(&cpus[i].thread, NULL, cpu_thread, (void *)(uintptr_t)i);
	for (u32 i = 0; i < TEST_CPUS; i++) {
		while (!__atomic_load_n(&runqueue_of(i)->active, __ATOMIC_SEQ_CST))
			usleep(100);
	}
}

static void machine_stop(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < TEST_CPUS; i++)
		cpu_kick(i);
	for (u32 i = 0; i < TEST_CPUS; i++)
		pthread_join(cpus[i].thread, NULL);
}

static void calibrate(void)
{
	u64 start = time_tsc();

	usleep(20000);
	ticks_per_us = (time_tsc() - start) / 20000;
}

/* --- entities that pass tokens around --- */

#define PLAYERS 12
#define TOKENS 3
#define PASSES 60000

struct player {
	struct sched_entity e;
	u32 events;
	uint32_t seed;
	u32 inside; /* never more than one processor */
};
static struct player players[PLAYERS];
static u32 passes;

static void throw_token(struct player *to)
{
	__atomic_fetch_add(&to->events, 1, __ATOMIC_RELAXED);
	sched_wake(&to->e);
	if (to->seed & 8)
		sched_interrupt(&to->e);
}

static void player_run(struct sched_entity *e)
{
	struct player *me = container_of(e, struct player, e);

	if (__atomic_fetch_add(&me->inside, 1, __ATOMIC_SEQ_CST))
		abort();
	if (test_random(&me->seed) & 1)
		sched_wake_ack(e);
	if (!__atomic_load_n(&me->events, __ATOMIC_SEQ_CST)) {
		sched_block(e);
	} else if (__atomic_load_n(&passes, __ATOMIC_RELAXED) < PASSES) {
		__atomic_fetch_sub(&me->events, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&passes, 1, __ATOMIC_RELAXED);
		throw_token(&players[test_random(&me->seed) % PLAYERS]);
	} else {
		sched_block(e);
	}
	__atomic_fetch_sub(&me->inside, 1, __ATOMIC_SEQ_CST);
}

static void players_create(void)
{
	memset(players, 0, sizeof(players));
	passes = 0;
	for (u32 i = 0; i < PLAYERS; i++) {
		players[i].seed = i + 1;
		sched_init_entity(&players[i].e, "player", player_run);
		if (i % 4 == 3)
			players[i].e.cpus = (struct sched_cpus){{BIT(i % TEST_CPUS)}};
		sched_add(&players[i].e);
	}
}

/* Off every queue, before the memory is used anew. */
static void players_remove(void)
{
	for (u32 i = 0; i < PLAYERS; i++)
		assert_int_equal(sched_remove(&players[i].e), 0);
}

static void no_wake_is_lost(void **state)
{
	struct sched_cpu_stats stats;
	u64 runs = 0;

	(void)state;
	players_create();
	machine_start();
	for (u32 i = 0; i < TOKENS; i++)
		throw_token(&players[i]);
	while (__atomic_load_n(&passes, __ATOMIC_RELAXED) < PASSES)
		usleep(1000);
	machine_stop();
	for (u32 i = 0; i < PLAYERS; i++) {
		runs += players[i].e.stats.runs;
		assert_true(sched_cpus_has(&players[i].e.cpus, players[i].e.cpu));
	}
	assert_true(runs >= PASSES);
	sched_cpu_stats(0, &stats);
	assert_true(stats.idles > 0);
	players_remove();
}

/* Entities can be taken out while others wake them. */
static void removal_is_clean(void **state)
{
	(void)state;
	players_create();
	machine_start();
	for (unsigned round = 0; round < 300; round++) {
		for (u32 i = 0; i < PLAYERS; i++)
			throw_token(&players[i]);
		for (u32 i = 0; i < PLAYERS; i++) {
			while (sched_remove(&players[i].e))
				;
			assert_int_equal(players[i].e.state, SCHED_OFF);
			assert_null(players[i].e.queue);
			sched_wake(&players[i].e);
			assert_int_equal(players[i].e.state, SCHED_OFF);
		}
		for (u32 i = 0; i < PLAYERS; i++)
			sched_add(&players[i].e);
	}
	machine_stop();
	players_remove();
}

/* --- entities that never block --- */

#define HOGS 7
static struct sched_entity hogs[HOGS];
static u64 hog_loops[HOGS];

static void hog_run(struct sched_entity *e)
{
	while (!sched_must_yield() && !__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		hog_loops[e - hogs]++;
		if (time_tsc() >= timer_next())
			timer_run_expired();
	}
}

static bool slices_run(struct work *work);
static struct work slices = {.fn = slices_run};
static u32 slices_done;

static bool slices_run(struct work *work)
{
	(void)work;
	return __atomic_add_fetch(&slices_done, 1, __ATOMIC_SEQ_CST) < 200;
}

static void processors_are_shared(void **state)
{
	u32 alone = 0;

	(void)state;
	slices_done = 0;
	machine_start();
	for (u32 i = 0; i < HOGS; i++) {
		sched_init_entity(&hogs[i], "hog", hog_run);
		sched_add(&hogs[i]);
		sched_wake(&hogs[i]);
	}
	work_queue_on(&slices, 1);
	usleep(1000000);
	machine_stop();
	assert_int_equal(slices_done, 200);
	assert_false(work_pending(&slices));
	for (u32 i = 0; i < HOGS; i++) {
		alone += hogs[i].stats.runs <= 1;
		assert_true(sched_run_ticks(&hogs[i]) > 20000 * ticks_per_us);
		assert_true(hog_loops[i] > 1000);
		assert_int_equal(sched_remove(&hogs[i]), 0);
	}
	/* Seven on four processors: one of them may have a processor for itself. */
	assert_true(alone <= 1);
}

/* --- work items --- */

#define ITEMS 5
static struct work items[ITEMS];
static u32 item_runs[ITEMS], item_wanted[ITEMS];

static bool item_run(struct work *work)
{
	unsigned i = work - items;

	__atomic_fetch_add(&item_runs[i], 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&item_wanted[i], 0, __ATOMIC_SEQ_CST);
	return false;
}

static void work_is_done(void **state)
{
	uint32_t seed = 5;

	(void)state;
	for (unsigned i = 0; i < ITEMS; i++)
		work_init(&items[i], item_run);
	machine_start();
	for (unsigned n = 0; n < 50000; n++) {
		unsigned i = test_random(&seed) % ITEMS;

		__atomic_store_n(&item_wanted[i], 1, __ATOMIC_SEQ_CST);
		work_queue_on(&items[i], test_random(&seed) % TEST_CPUS);
		if (n % 16 == 0) {
			while (work_cancel(&items[i]))
				;
			assert_false(work_pending(&items[i]));
			__atomic_store_n(&item_wanted[i], 0, __ATOMIC_SEQ_CST);
		}
	}
	/* Whatever was asked for last is done. */
	for (unsigned i = 0; i < ITEMS; i++) {
		while (__atomic_load_n(&item_wanted[i], __ATOMIC_SEQ_CST))
			usleep(100);
		assert_true(item_runs[i] > 0);
	}
	machine_stop();
}

/* --- timers over processors --- */

#define ALARMS 20
static struct timer alarms[ALARMS];
static u32 alarms_fired;

static void alarm_fired(struct timer *timer)
{
	(void)timer;
	__atomic_fetch_add(&alarms_fired, 1, __ATOMIC_SEQ_CST);
}

static void timers_cross_processors(void **state)
{
	uint32_t seed = 11;
	u32 cancelled = 0;

	(void)state;
	for (unsigned i = 0; i < ALARMS; i++)
		timer_init(&alarms[i], alarm_fired);
	machine_start();
	for (unsigned n = 0; n < 20000; n++) {
		unsigned i = test_random(&seed) % ALARMS;
		u32 cpu = test_random(&seed) % TEST_CPUS;

		cancelled += timer_cancel_sync(&alarms[i]);
		timer_arm_on(&alarms[i], cpu,
			     time_tsc() + test_random(&seed) % (50 * ticks_per_us));
		cpu_kick(cpu);
	}
	for (unsigned i = 0; i < ALARMS; i++) {
		while (timer_armed(&alarms[i]))
			usleep(100);
		timer_cancel_sync(&alarms[i]);
	}
	machine_stop();
	assert_int_equal(alarms_fired + cancelled, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_wake_is_lost),         cmocka_unit_test(removal_is_clean),
	    cmocka_unit_test(processors_are_shared),   cmocka_unit_test(work_is_done),
	    cmocka_unit_test(timers_cross_processors),
	};

	calibrate();
	alarm(100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
