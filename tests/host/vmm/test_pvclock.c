/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "vmm/vcpu/pvclock.h"

/* What Linux does with the clock page (pvclock_scale_delta). */
static u64 guest_ns(u64 delta, u32 mul, signed char shift)
{
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return (u64)((unsigned __int128)delta * mul >> 32);
}

static void test_scale_is_exact_over_rates(void **state)
{
	static const u64 rates[] = {1000000,    20000000,   999999999,  1000000000,
				    1000000001, 2000000000, 2399999999, 5200000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		u32 mul;
		signed char shift;
		u64 ns;

		pvclock_scale(rates[i], &mul, &shift);
		/* An hour, to within a microsecond. */
		ns = guest_ns(rates[i] * 3600, mul, shift);
		assert_in_range(ns, 3600ull * 1000000000 - 2000, 3600ull * 1000000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_scale_is_exact_over_rates)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
