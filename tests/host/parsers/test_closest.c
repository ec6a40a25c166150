/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/closest.h"

static const char *words_next(const void *ctx, unsigned i)
{
	return ((const char *const *)ctx)[i];
}

static void closest_words(void **state)
{
	static const char *const words[] = {"cpus", "kernel", "memory-mib", NULL};
	char longer[100];

	(void)state;
	assert_int_equal(string_distance("", "abc"), 3);
	assert_int_equal(string_distance("kernel", "kernel"), 0);
	assert_int_equal(string_distance("kernel", "krenel"), 1);
	assert_int_equal(string_distance("kitten", "sitting"), 3);
	memset(longer, 'a', 99);
	longer[99] = 0;
	assert_int_equal(string_distance(longer, "abc"), 99);
	assert_int_equal(string_closest("krenel", words_next, words), 1);
	assert_int_equal(string_closest("memory", words_next, words), 2);
	assert_int_equal(string_closest("x", words_next, words), -1);
	assert_int_equal(string_closest(longer, words_next, words), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(closest_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
