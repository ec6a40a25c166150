/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include "kernel/time/calibrate.h"
#include "kernel/time/time.h"
#include "tests/host/services/fake.h"

static void scale_is_exact(void **state)
{
	struct time_scale to_ns = time_scale_make(20000000, 1000000000);
	struct time_scale odd = time_scale_make(2999999999ull, 1000000000);
	struct time_scale one = time_scale_make(1, 1);
	struct time_scale big = time_scale_make(1, BIT(61));
	u64 century = 100ull * 365 * 86400;

	(void)state;
	assert_true(time_scale(&to_ns, 20000000) - 999999999 <= 1);
	assert_true(time_scale(&odd, 2999999999ull * century) - (century * 1000000000 - 1) <= 1);
	assert_int_equal(time_scale(&one, 12345), 12345);
	assert_int_equal(time_scale(&one, ~0ull), ~0ull);
	assert_int_equal(time_scale(&big, 1), BIT(61));
	assert_int_equal(time_scale(&big, 8), ~0ull);
}

static void scale_matches_division(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		u64 from = 1 + test_random(&seed) * 2ull, to = 1 + test_random(&seed);
		u64 value = (u64)test_random(&seed) << (test_random(&seed) % 16);
		struct time_scale scale = time_scale_make(from, to);
		u64 exact = (unsigned __int128)value * to / from;

		assert_true(exact - time_scale(&scale, value) <= 1);
	}
}

static void assert_near(u64 got, u64 expected)
{
	assert_true(got > expected - expected / 1000 && got < expected + expected / 1000);
}

static void rate_is_measured(void **state)
{
	static const u64 rates[] = {20000000, 100000000, 1193182};

	(void)state;
	fake_pit = fake_pm = true;
	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		fake_hz = rates[i];
		assert_near(calibrate_pit(), fake_hz);
		assert_near(calibrate_pm_timer(FAKE_PM_PORT), fake_hz);
	}
}

static void a_busy_host_below_does_not_spoil_it(void **state)
{
	(void)state;
	fake_pm = true;
	fake_hz = 2600000000;
	for (fake_holdup = 1000; fake_holdup < fake_hz / 4; fake_holdup *= 10)
		assert_near(calibrate_pm_timer(FAKE_PM_PORT), fake_hz);
	fake_holdup = 0;
}

static void missing_clocks_are_noticed(void **state)
{
	(void)state;
	fake_pit = fake_pm = false;
	assert_int_equal(calibrate_pit(), 0);
	assert_int_equal(calibrate_pm_timer(FAKE_PM_PORT), 0);
	assert_int_equal(calibrate_pm_timer(0), 0);
}

static void conversions_never_give_early_deadlines(void **state)
{
	struct time_sources sources = {.pm_timer_port = FAKE_PM_PORT};
	uint32_t seed = 9;

	(void)state;
	fake_pit = fake_pm = true;
	fake_hz = 20000000;
	assert_int_equal(time_now_ns(), 0);
	time_set_epoch(fake_tsc);
	time_init(&sources);
	assert_true(time_tsc_hz() != 0 && time_method()[0] != 'u');
	for (unsigned i = 0; i < 100000; i++) {
		u64 ns = (u64)test_random(&seed) << (test_random(&seed) % 24);

		assert_true(time_ticks_to_ns(time_ns_to_ticks(ns)) + 1 >= ns);
	}
	assert_int_equal(time_ns_to_ticks(0), 0);
	assert_true(time_tsc_to_ns(0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scale_is_exact),
	    cmocka_unit_test(scale_matches_division),
	    cmocka_unit_test(rate_is_measured),
	    cmocka_unit_test(a_busy_host_below_does_not_spoil_it),
	    cmocka_unit_test(missing_clocks_are_noticed),
	    cmocka_unit_test(conversions_never_give_early_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
