/* SPDX-License-Identifier: BSD-2-Clause */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "boot/efi/utc.h"

/* Every day from 1970 to 2400 as the C library has it. */
static void test_every_day(void **state)
{
	(void)state;
	for (time_t t = 12345; t < 13569465600ll; t += 86400) {
		struct tm tm;

		gmtime_r(&t, &tm);
		assert_int_equal(utc_from_civil((unsigned)tm.tm_year + 1900,
						(unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday,
						(unsigned)tm.tm_hour, (unsigned)tm.tm_min,
						(unsigned)tm.tm_sec),
				 (u64)t);
	}
}

static void test_nonsense_is_zero(void **state)
{
	(void)state;
	assert_int_equal(utc_from_civil(0, 0, 0, 0, 0, 0), 0);
	assert_int_equal(utc_from_civil(2026, 13, 1, 0, 0, 0), 0);
	assert_int_equal(utc_from_civil(2026, 1, 0, 0, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_day),
					   cmocka_unit_test(test_nonsense_is_zero)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
