/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86/irq/lapic_ratio.h"

static void ratio_is_fixed_point(void **state)
{
	(void)state;
	assert_int_equal(lapic_timer_ratio(1000, 1000), 1ull << 32);
	assert_int_equal(lapic_timer_ratio(100, 2500), (1ull << 32) / 25);
	assert_int_equal(lapic_timer_ratio(~0u, ~0u), 1ull << 32);
}

static void ratio_is_never_zero(void **state)
{
	(void)state;
	assert_int_equal(lapic_timer_ratio(0, 1000), 1);
	assert_int_equal(lapic_timer_ratio(5, 0), 1);
}

static void count_is_never_early_or_zero(void **state)
{
	u64 ratio = lapic_timer_ratio(100, 2500);

	(void)state;
	assert_int_equal(lapic_timer_count(0, ratio), 1);
	assert_int_equal(lapic_timer_count(1, ratio), 1);
	assert_int_equal(lapic_timer_count(2500, 1ull << 32), 2500);
	for (u64 ticks = 1; ticks < 100000; ticks += 37)
		assert_true((u64)lapic_timer_count(ticks, ratio) * 25 + 1 >= ticks);
}

static void count_saturates(void **state)
{
	(void)state;
	assert_int_equal(lapic_timer_count(~0ull, 1ull << 32), UINT32_MAX);
	assert_int_equal(lapic_timer_count(~0ull - 1, ~0ull), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ratio_is_fixed_point),
	    cmocka_unit_test(ratio_is_never_zero),
	    cmocka_unit_test(count_is_never_early_or_zero),
	    cmocka_unit_test(count_saturates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
