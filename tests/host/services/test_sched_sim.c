/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounds that docs/adr/0008 states, with random entities on simulated processors. */
#include "tests/host/services/sched_sim.h"

#define LOADS 1000
static struct load loads[LOADS];
static struct sched_group groups[LOADS];
static u32 load_count;
static u64 ran_before[LOADS];

static struct load *put(u32 weight, u64 burst, u64 pause)
{
	u32 i = load_count++;

	groups[i] = (struct sched_group){.weight = weight};
	load_init(&loads[i], &groups[i], burst, pause);
	return &loads[i];
}

static struct load *put_busy(u32 weight)
{
	return put(weight, 0, 0);
}

static void begin(u32 cpus)
{
	load_count = 0;
	sim_start(cpus);
}

static void wake_all(void)
{
	for (u32 i = 0; i < load_count; i++) {
		sched_wake(&loads[i].e);
		loads[i].ran_at = sim_now;
	}
}

static u64 ran(u32 i)
{
	return sched_run_ticks(&loads[i].e);
}

static void remember(void)
{
	for (u32 i = 0; i < load_count; i++)
		ran_before[i] = ran(i);
}

/* What loads[i] ran since remember(). */
static u64 since(u32 i)
{
	return ran(i) - ran_before[i];
}

/* --- properties looked at after each step --- */

static s64 worst_lag;
static u64 lag_since;

/* One processor, all busy: how far is each from its share of the time? */
static void look_at_lag(void)
{
	u64 weights = 0;

	for (u32 i = 0; i < load_count; i++)
		weights += groups[i].weight;
	for (u32 i = 0; i < load_count; i++) {
		s64 due = (s64)((sim_now - lag_since) * groups[i].weight / weights);
		s64 lag = due - (s64)since(i);

		worst_lag = MAX(worst_lag, lag < 0 ? -lag : lag);
	}
}

/* An idle processor, and somebody who waits and may run there, at the same time for longer
 * than a kick takes. */
static u64 wasted_since;
static void look_at_waste(void)
{
	bool waste = false;

	for (u32 cpu = 0; cpu < sim_cpus; cpu++)
		for (u32 i = 0; sim[cpu].idle && i < load_count; i++)
			waste |= loads[i].e.queue && loads[i].e.place != SCHED_AT_CAP &&
				 sched_allowed(&loads[i].e, cpu);
	if (!waste)
		wasted_since = sim_now;
	assert_true(sim_now - wasted_since <= US(1));
}

/* --- tests --- */

/* EEVDF: nobody who competes all the time is further from its share than one slice. */
static void lag_is_bounded_by_a_slice(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		u32 count = 2 + test_random(&seed) % 12;

		begin(1);
		while (load_count < count)
			put_busy(1 + test_random(&seed) % 1000);
		wake_all();
		sim_run(sim_now + MS(50), NULL);
		remember();
		lag_since = sim_now;
		worst_lag = 0;
		sim_run(sim_now + MS(2000), look_at_lag);
		/* What it owed or was owed when the measurement began is in it, too. */
		assert_true(worst_lag <= 2 * (s64)sched_slice_ticks);
	}
}

/* What each is due, none more than a processor. */
static void share_out(double due[], u32 cpus)
{
	bool full[LOADS] = {false};
	double left = cpus, weights = 0;

	for (u32 i = 0; i < load_count; i++)
		weights += groups[i].weight;
	for (bool again = true; again;) {
		again = false;
		for (u32 i = 0; i < load_count; i++) {
			due[i] = full[i] ? 1 : left * groups[i].weight / weights;
			if (full[i] || due[i] <= 1 + 1e-9)
				continue;
			full[i] = again = true;
			left -= 1;
			weights -= groups[i].weight;
			break;
		}
	}
}

/* Over ten seconds, whatever the weights, on several processors. */
static void shares_are_right_over_processors(void **state)
{
	static double due[LOADS];
	uint32_t seed = 17;

	(void)state;
	for (unsigned round = 0; round < 24; round++) {
		u32 cpus = 1 + test_random(&seed) % 4, count = cpus + 1 + test_random(&seed) % 12;

		begin(cpus);
		while (load_count < count)
			put_busy(10 + test_random(&seed) % (round % 2 ? 200 : 2000));
		wake_all();
		sim_run(sim_now + MS(1000), NULL);
		remember();
		wasted_since = sim_now;
		sim_run(sim_now + MS(10000), look_at_waste);
		share_out(due, cpus);
		for (u32 i = 0; i < count; i++) {
			double want = due[i] * (double)MS(10000), got = (double)since(i);
			double slack = want / 100 + 3.0 * (double)sched_balance_ticks;

			if (got < want - slack || got > want + slack)
				fail_msg("round %u: %u on %u: weight %u got %.4f of %.4f", round,
					 count, cpus, groups[i].weight, got / (double)MS(10000),
					 due[i]);
		}
	}
}

/* With sleepers that come and go: nothing is wasted, nobody starves, and who wants less
 * than its share gets all that it wants. */
static u64 longest_wait;
static void look_at_starvation(void)
{
	look_at_waste();
	for (u32 i = 0; i < load_count; i++) {
		const struct sched_entity *e = &loads[i].e;

		if (!e->queue)
			loads[i].ran_at = sim_now;
		longest_wait = MAX(longest_wait, sim_now - loads[i].ran_at);
	}
}

static void sleepers_and_hogs_live_together(void **state)
{
	uint32_t seed = 99;

	(void)state;
	for (unsigned round = 0; round < 10; round++) {
		u32 cpus = 1 + round % 4;

		begin(cpus);
		for (u32 i = 0; i < 4 * cpus; i++)
			put_busy(100);
		for (u32 i = 0; i < 8 * cpus; i++)
			put(100, US(20 + test_random(&seed) % 200),
			    MS(4 + test_random(&seed) % 20));
		wake_all();
		wasted_since = sim_now;
		longest_wait = 0;
		sim_run(sim_now + MS(500), NULL);
		remember();
		sim_run(sim_now + MS(5000), look_at_starvation);
		/* A round of all that compete on a processor, and what they were owed before. */
		assert_true(longest_wait <= (12 + 2 * FAIR_LAG_SLICES) * sched_slice_ticks);
		for (u32 i = 4 * cpus; i < load_count; i++)
			assert_true(sched_latency(&loads[i].e.stats, 500) <= sched_slice_ticks * 2);
	}
}

static void caps_hold(void **state)
{
	static const u32 caps[] = {5, 20, 50, 90, 150};

	(void)state;
	for (unsigned round = 0; round < ARRAY_SIZE(caps); round++) {
		struct sched_group *g = &groups[0];
		u64 got;

		begin(2);
		*g = (struct sched_group){.weight = 1000, .cap_percent = caps[round]};
		for (u32 i = 0; i < 2; i++)
			load_init(&loads[load_count++], g, 0, 0);
		put_busy(100);
		put_busy(100);
		wake_all();
		sim_run(sim_now + MS(500), NULL);
		remember();
		sim_run(sim_now + MS(10000), NULL);
		got = since(0) + since(1);
		assert_true(got * 100 <= MS(10000) * caps[round] + 100 * sched_cap_burst_ticks);
		assert_true(got * 1010 >= MS(10000) * caps[round] * 10);
		/* Both of its entities get something of it. */
		assert_true(since(0) * 4 >= got && since(1) * 4 >= got);
	}
}

/* A cap below what an entity would get otherwise is what it gets, with all weights equal. */
static void a_capped_one_gets_its_cap(void **state)
{
	(void)state;
	for (u32 cap = 10; cap <= 60; cap += 5) {
		begin(2);
		for (u32 i = 0; i < 4; i++)
			put_busy(100);
		groups[0].cap_percent = cap;
		groups[1].cap_percent = 20;
		wake_all();
		sim_run(sim_now + MS(500), NULL);
		remember();
		sim_run(sim_now + MS(10000), NULL);
		assert_in_range(since(0), MS(10000) / 10000 * cap * 99,
				MS(10000) / 10000 * cap * 101);
		assert_in_range(since(1), MS(10000) / 10000 * 20 * 99,
				MS(10000) / 10000 * 20 * 101);
	}
}

static void reservations_are_kept(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		static const u32 us[] = {2000, 3000, 500}, period[] = {10000, 5000, 1000};
		u64 last[2] = {0};

		begin(2);
		put_busy(1);
		put_busy(1);
		for (u32 i = 0; i < 2; i++)
			assert_int_equal(sched_set_reserve(&loads[i].e, us[round], period[round]),
					 0);
		for (u32 i = 0; i < 6; i++)
			put_busy(1000);
		for (u32 i = 0; i < 6; i++)
			put(1000, US(100), MS(2));
		wake_all();
		sim_run(sim_now + US(3 * period[round]), NULL);
		/* In any two periods at least one budget's worth, whatever the phase. */
		for (u32 p = 0; p < 500; p++) {
			for (u32 i = 0; i < 2; i++) {
				assert_true(!p || ran(i) - last[i] >= US(us[round]));
				last[i] = ran(i);
			}
			sim_run(sim_now + US(2 * period[round]), NULL);
		}
		remember();
		sim_run(sim_now + MS(10000), NULL);
		for (u32 i = 0; i < 2; i++) {
			u64 want = MS(10000) / period[round] * us[round];

			assert_in_range(since(i), want - want / 100, want + want / 100);
		}
	}
}

/* Whose budget is used up goes on by its weight, which is next to nothing beside others': it must
 * not be left alone on a processor while these wait on another one. */
static void reservations_are_not_exceeded(void **state)
{
	(void)state;
	begin(2);
	put_busy(1);
	put_busy(1);
	assert_int_equal(sched_set_reserve(&loads[0].e, 3000, 10000), 0);
	assert_int_equal(sched_set_reserve(&loads[1].e, 2000, 4000), 0);
	for (u32 i = 0; i < 4; i++)
		put_busy(1000);
	put(100, US(100), MS(1000));
	assert_int_equal(sched_set_reserve(&loads[6].e, 500, 10000), 0);
	wake_all();
	sim_run(sim_now + MS(1000), NULL);
	remember();
	sim_run(sim_now + MS(100000), NULL);
	for (u32 i = 0; i < 6; i++) {
		u64 want = i == 1 ? MS(50000) : MS(30000);

		assert_in_range(since(i), want - want / 100, want + want / 100);
	}
}

static void admission_knows_its_limit(void **state)
{
	(void)state;
	begin(2);
	for (u32 i = 0; i < 8; i++)
		put_busy(100);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(sched_set_reserve(&loads[i].e, 3000, 10000), 0);
	assert_int_equal(sched_reserved_percent(0) + sched_reserved_percent(1), 180);
	assert_int_equal(sched_set_reserve(&loads[6].e, 100, 10000), ERR_BUSY);
	/* More than there is keeps what was there. */
	assert_int_equal(sched_set_reserve(&loads[0].e, 4000, 10000), ERR_BUSY);
	assert_int_equal(sched_reserved_percent(0) + sched_reserved_percent(1), 180);
	sched_drop_reserve(&loads[0].e);
	assert_int_equal(sched_set_reserve(&loads[6].e, 2900, 10000), 0);
	assert_int_equal(sched_set_cpus(&loads[7].e, &(struct sched_cpus){{BIT(5)}}), ERR_INVAL);
}

/* A VM with many vCPUs and VMs with one get what their weights say. */
static void gangs_and_singles_are_even(void **state)
{
	u64 gang = 0, singles = 0;

	(void)state;
	begin(4);
	groups[0] = (struct sched_group){.weight = 100};
	for (u32 i = 0; i < 8; i++)
		load_init(&loads[load_count++], &groups[0], 0, 0);
	while (load_count < 16)
		put_busy(100);
	wake_all();
	sim_run(sim_now + MS(1000), NULL);
	remember();
	sim_run(sim_now + MS(10000), NULL);
	for (u32 i = 0; i < 16; i++)
		*(i < 8 ? &gang : &singles) += since(i);
	/* Nine VMs of equal weight on four processors. */
	assert_in_range(gang * 100, MS(10000) * 4 * 97 / 9, MS(10000) * 4 * 103 / 9);
	assert_int_equal((gang + singles) / MS(1), 40000);
}

/* A gang of many among still more singles, and a single among gangs: each VM gets the same. */
static void nobody_is_starved_by_numbers(void **state)
{
	static const struct {
		u32 gangs, size, singles;
	} cases[] = {{1, 32, 60}, {6, 16, 1}};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		u32 in_gangs = cases[c].gangs * cases[c].size;
		u64 due, got = 0;

		begin(4);
		for (u32 g = 0; g < cases[c].gangs; g++) {
			groups[g] = (struct sched_group){.weight = 100};
			for (u32 i = 0; i < cases[c].size; i++)
				load_init(&loads[load_count++], &groups[g], 0, 0);
		}
		while (load_count < in_gangs + cases[c].singles)
			put_busy(100);
		wake_all();
		sim_run(sim_now + MS(2000), NULL);
		remember();
		sim_run(sim_now + MS(10000), NULL);
		due = MS(10000) * 4 / (cases[c].gangs + cases[c].singles);
		for (u32 i = 0; i < load_count; i++) {
			got += since(i);
			/* All of its members run, whoever else there is. */
			assert_true(since(i) > 0);
			if (i < in_gangs && (i + 1) % cases[c].size)
				continue;
			assert_in_range(got * 100, due * 95, due * 105);
			got = 0;
		}
	}
}

/* With budget left a wake is served at once, whoever competes by weight. */
static void a_reservation_bounds_wake_latency(void **state)
{
	(void)state;
	begin(2);
	for (u32 i = 0; i < 2; i++) {
		put(1, US(50), MS(3));
		assert_int_equal(sched_set_reserve(&loads[i].e, 500, 2000), 0);
	}
	for (u32 i = 0; i < 12; i++)
		put_busy(1000);
	for (u32 i = 0; i < 20; i++)
		put(1000, US(100), MS(2));
	wake_all();
	sim_run(sim_now + MS(10000), NULL);
	for (u32 i = 0; i < 2; i++) {
		assert_true(loads[i].e.stats.wakes > 2000);
		assert_true(loads[i].e.stats.latency_max <= US(1));
	}
}

/* By weight: who sleeps most of the time waits for a round of those that compete, at most. */
static void a_wake_by_weight_waits_a_round_at_most(void **state)
{
	(void)state;
	for (u32 busy = 1; busy <= 16; busy *= 2) {
		begin(1);
		put(100, US(30), MS(10));
		for (u32 i = 0; i < busy; i++)
			put_busy(100);
		wake_all();
		sim_run(sim_now + MS(10000), NULL);
		assert_true(loads[0].e.stats.latency_max <= (busy + 1) * sched_slice_ticks);
		assert_true(sched_latency(&loads[0].e.stats, 500) <= sched_slice_ticks);
	}
}

/* What can stay, stays: a processor takes one over when it looks at the others, not more often. */
static void moves_are_rare(void **state)
{
	(void)state;
	for (u32 count = 4; count <= 9; count++) {
		u64 moves = 0;

		begin(2);
		while (load_count < count)
			put_busy(100);
		wake_all();
		sim_run(sim_now + MS(1000), NULL);
		for (u32 i = 0; i < count; i++)
			moves -= loads[i].e.stats.migrations;
		sim_run(sim_now + MS(10000), NULL);
		for (u32 i = 0; i < count; i++)
			moves += loads[i].e.stats.migrations;
		assert_true(moves <= 2 * MS(10000) / sched_balance_ticks);
		/* An even number needs none. */
		assert_true(count % 2 || moves <= 4);
	}
}

static void pins_are_obeyed_and_changed(void **state)
{
	(void)state;
	begin(3);
	for (u32 i = 0; i < 6; i++)
		put_busy(100);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(sched_set_cpus(&loads[i].e, &(struct sched_cpus){{BIT(i % 2)}}),
				 0);
	wake_all();
	sim_run(sim_now + MS(1000), NULL);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(loads[i].e.cpu, i % 2);
	assert_null(percpu_of(2, runqueue).current);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(sched_set_cpus(&loads[i].e, &(struct sched_cpus){{BIT(2)}}), 0);
	sim_run(sim_now + MS(20), NULL);
	remember();
	sim_run(sim_now + MS(1800), NULL);
	for (u32 i = 0; i < 6; i++) {
		assert_int_equal(loads[i].e.cpu, 2);
		assert_in_range(since(i), MS(290), MS(310));
	}
}

/* One processor for itself: no timer, no exit. */
static void nothing_ticks_for_one_alone(void **state)
{
	u64 runs;

	(void)state;
	begin(2);
	put_busy(100);
	put_busy(100);
	wake_all();
	sim_run(sim_now + MS(100), NULL);
	runs = loads[0].e.stats.runs + loads[1].e.stats.runs;
	sim_run(sim_now + MS(10000), NULL);
	assert_int_equal(loads[0].e.stats.runs + loads[1].e.stats.runs, runs);
	assert_int_equal(percpu_of(0, timer_alarm), TIMER_NEVER);
	assert_int_equal(percpu_of(1, timer_alarm), TIMER_NEVER);
}

static void a_thousand_take_logarithmic_steps(void **state)
{
	u64 least = ~0ull, most = 0, runs = 0, steps;
	uint32_t seed = 5;

	(void)state;
	begin(2);
	while (load_count < 600)
		put_busy(100);
	while (load_count < LOADS)
		put(100, US(20 + test_random(&seed) % 50), MS(50 + test_random(&seed) % 200));
	wake_all();
	sim_run(sim_now + MS(3000), NULL);
	for (u32 i = 0; i < LOADS; i++)
		runs -= loads[i].e.stats.runs;
	steps = sched_tree_steps;
	remember();
	sim_run(sim_now + MS(20000), NULL);
	for (u32 i = 0; i < 600; i++) {
		least = MIN(least, since(i));
		most = MAX(most, since(i));
	}
	assert_true(least > 0);
	assert_true(most - least <= 4 * sched_slice_ticks);
	/* An insertion, a search and a removal for each run, of at most 1.44 * 10 levels, some
	 * more for what moves. */
	for (u32 i = 0; i < LOADS; i++)
		runs += loads[i].e.stats.runs;
	assert_true(sched_tree_steps - steps <= runs * 6 * 15);
}

/* --- the tree, against a list --- */

#define NODES 4000
static struct sched_node nodes[NODES];
static bool inside[NODES];

static struct sched_node *search(u64 limit, u64 cpus)
{
	struct sched_node *best = NULL;

	for (u32 i = 0; i < NODES; i++)
		if (inside[i] && !sched_before(limit, nodes[i].value) && (nodes[i].cpus & cpus) &&
		    (!best || sched_before(nodes[i].key, best->key)))
			best = &nodes[i];
	return best;
}

static u64 key_of(const struct sched_node *n)
{
	return n ? n->key : 0;
}

static void tree_finds_what_a_list_finds(void **state)
{
	struct sched_tree tree = {NULL};
	uint32_t seed = 7;
	u64 middle = ~0ull - 50000; /* keys wrap */

	(void)state;
	memset(inside, 0, sizeof(inside));
	for (u32 n = 0; n < 60000; n++) {
		u32 i = test_random(&seed) % NODES;
		u64 steps = sched_tree_steps, limit = middle + test_random(&seed) % 100000;
		u64 cpus = BIT(test_random(&seed) % 64);

		if (inside[i]) {
			sched_tree_remove(&tree, &nodes[i]);
		} else {
			nodes[i].key = middle + test_random(&seed) % 100000;
			nodes[i].value = middle + test_random(&seed) % 100000;
			nodes[i].cpus = cpus;
			sched_tree_insert(&tree, &nodes[i]);
		}
		inside[i] = !inside[i];
		/* Down and up again, 1.44 * log2(4000) levels. */
		assert_true(sched_tree_steps - steps <= 2 * 18);
		if (n % 50)
			continue;
		assert_int_equal(key_of(sched_tree_first(&tree)),
				 key_of(search(middle + 200000, ~0ull)));
		assert_int_equal(key_of(sched_tree_first_at_most(&tree, limit)),
				 key_of(search(limit, ~0ull)));
		assert_int_equal(key_of(sched_tree_first_allowed(&tree, cpus)),
				 key_of(search(middle + 200000, cpus)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lag_is_bounded_by_a_slice),
	    cmocka_unit_test(shares_are_right_over_processors),
	    cmocka_unit_test(sleepers_and_hogs_live_together),
	    cmocka_unit_test(caps_hold),
	    cmocka_unit_test(a_capped_one_gets_its_cap),
	    cmocka_unit_test(reservations_are_kept),
	    cmocka_unit_test(reservations_are_not_exceeded),
	    cmocka_unit_test(admission_knows_its_limit),
	    cmocka_unit_test(gangs_and_singles_are_even),
	    cmocka_unit_test(nobody_is_starved_by_numbers),
	    cmocka_unit_test(a_reservation_bounds_wake_latency),
	    cmocka_unit_test(a_wake_by_weight_waits_a_round_at_most),
	    cmocka_unit_test(moves_are_rare),
	    cmocka_unit_test(pins_are_obeyed_and_changed),
	    cmocka_unit_test(nothing_ticks_for_one_alone),
	    cmocka_unit_test(tree_finds_what_a_list_finds),
	    cmocka_unit_test(a_thousand_take_logarithmic_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
