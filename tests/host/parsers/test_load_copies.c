/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies in bounded parts, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/vm/load_copies.h"

static u8 from[4096], to[4096], want[4096];
static struct load_copies copies;

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i * 7 + 1);
	memset(to, 0xee, sizeof(to));
	memcpy(want, to, sizeof(want));
	load_copies_init(&copies);
	return 0;
}

static u64 changed(const u8 *before)
{
	u64 n = 0;

	for (size_t i = 0; i < sizeof(to); i++)
		n += to[i] != before[i];
	return n;
}

/* Each slice does what it may, and no more. */
static void slices_are_bounded(void **state)
{
	u8 before[sizeof(to)];
	unsigned slices = 0;
	bool more;

	(void)state;
	load_copies_add(&copies, to + 3, from, 1001, 500);
	load_copies_add(&copies, to + 2000, from + 11, 0, 7);
	load_copies_add(&copies, to + 3000, from + 13, 64, 0);
	memcpy(want + 3, from, 1001);
	memset(want + 3 + 1001, 0, 500);
	memset(want + 2000, 0, 7);
	memcpy(want + 3000, from + 13, 64);
	do {
		memcpy(before, to, sizeof(to));
		more = load_copies_slice(&copies, 104);
		assert_in_range(changed(before), 1, 104);
		slices++;
	} while (more);
	assert_memory_equal(to, want, sizeof(to));
	assert_int_equal(slices, (1001 + 500 + 7 + 64 + 103) / 104);
	assert_false(load_copies_slice(&copies, 104));
	assert_memory_equal(to, want, sizeof(to));
}

/* Later ones overwrite earlier ones, also where there are more than fit. */
static void order_is_kept(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * LOAD_COPIES + 1; i++) {
		load_copies_add(&copies, to + i, from + i, 16, 16);
		memcpy(want + i, from + i, 16);
		memset(want + i + 16, 0, 16);
	}
	while (load_copies_slice(&copies, 8))
		;
	assert_memory_equal(to, want, sizeof(to));
}

static void nothing_to_do(void **state)
{
	(void)state;
	load_copies_add(&copies, to, NULL, 0, 0);
	assert_false(load_copies_slice(&copies, 8));
	assert_memory_equal(to, want, sizeof(to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(slices_are_bounded, setup),
	    cmocka_unit_test_setup(order_is_kept, setup),
	    cmocka_unit_test_setup(nothing_to_do, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
