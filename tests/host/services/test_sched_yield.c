/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Yields within a group, on simulated processors: entities that hand their processor to each other,
 * block, and wake each other, as virtual CPUs with paravirtual locks do, beside busy ones. The
 * group must not gain by it, nor lose much.
 */
#include "tests/host/services/sched_sim.h"

#define MEMBERS 4

static struct sched_group passing_group, busy_group;
static struct load passing[MEMBERS], busy[MEMBERS];
static u32 blocked;
static u64 hurried, given, slowest;

static struct load *other(struct load *l)
{
	u32 i = test_random(&l->seed) % (MEMBERS - 1);

	return &passing[((u32)(l - passing) + 1 + i) % MEMBERS];
}

/* Wake it, and see to it that it runs soon. True: it has got this processor. */
static bool kick(struct load *to)
{
	if (to->e.state == SCHED_BLOCKED) {
		blocked--;
		to->ran_at = sim_now;
	}
	sched_wake(&to->e);
	if (!sched_waiting(&to->e))
		return false;
	if (sched_hurry(&to->e)) {
		hurried++;
		return false;
	}
	if (!sched_yield_to(&to->e))
		return false;
	given++;
	return true;
}

static void pass_run(struct sched_entity *e)
{
	struct load *l = container_of(e, struct load, e);

	if (l->ran_at)
		slowest = MAX(slowest, sim_now - l->ran_at);
	l->ran_at = 0;
	while (!sched_must_yield()) {
		u32 choice = test_random(&l->seed) % 4;

		sim_wait(MIN(timer_next(), sim_now + around(&l->seed, US(100))));
		timer_run_expired();
		if (!choice && blocked < MEMBERS - 1) {
			blocked++;
			sched_block(e);
			return;
		}
		if (choice == 1 && kick(other(l)))
			return;
	}
}

static void begin(u32 cpus)
{
	sim_start(cpus);
	passing_group = busy_group = (struct sched_group){.weight = 100};
	blocked = 0;
	hurried = given = slowest = 0;
	for (u32 i = 0; i < MEMBERS; i++) {
		load_init(&passing[i], &passing_group, US(100), 0);
		passing[i].e.run = pass_run;
		load_init(&busy[i], &busy_group, MS(1), 0);
		sched_wake(&passing[i].e);
		sched_wake(&busy[i].e);
	}
}

static u64 ran(struct load *loads)
{
	u64 sum = 0;

	for (u32 i = 0; i < MEMBERS; i++)
		sum += sched_run_ticks(&loads[i].e);
	return sum;
}

static u64 yields_counted(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < MEMBERS; i++)
		sum += passing[i].e.stats.yields;
	return sum;
}

static void yields_gain_nothing(void **state)
{
	(void)state;
	for (u32 cpus = 1; cpus <= 3; cpus++) {
		u64 before, got;

		begin(cpus);
		sim_run(sim_now + MS(500), NULL);
		before = ran(passing);
		sim_run(sim_now + MS(10000), NULL);
		got = ran(passing) - before;
		/* Half, less what its members were all but one asleep. */
		assert_in_range(got * 1000 / (MS(10000) * cpus), 350, 510);
		assert_true(cpus > 1 || hurried > 1000);
		assert_true(slowest <= MS(3));
		assert_true(given > 1000);
		assert_int_equal(yields_counted(), given);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(yields_gain_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
