/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86/cpu/backtrace.h"

static const u16 distances[] = {0x10, 0x10, 0x60};
static const struct symtab table = {.base = 0xffffffff80000000,
				    .count = 3,
				    .distances = distances,
				    .names = "first\0second\0third"};

static void expect_at(u64 address, const char *name, u64 offset)
{
	u64 found = 0;

	assert_string_equal(symtab_lookup(&table, address, &found), name);
	assert_int_equal(found, offset);
}

static void finds_the_function_that_contains(void **state)
{
	(void)state;
	expect_at(0xffffffff80000010, "first", 0);
	expect_at(0xffffffff8000001f, "first", 0xf);
	expect_at(0xffffffff80000020, "second", 0);
	expect_at(0xffffffff80000090, "third", 0x10);
}

static void knows_nothing_before_the_first(void **state)
{
	const struct symtab empty = {.base = 0x1000};
	u64 offset;

	(void)state;
	assert_null(symtab_lookup(&table, 0xffffffff8000000f, &offset));
	assert_null(symtab_lookup(&table, 0x1234, &offset));
	assert_null(symtab_lookup(&empty, 0x1000, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_function_that_contains),
	    cmocka_unit_test(knows_nothing_before_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
