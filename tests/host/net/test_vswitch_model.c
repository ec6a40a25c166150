/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch against a simple bridge, with plays by random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/host/net/play.h"

#define PLAYS 300
#define SCRIPT 4000

static void test_plays(void **state)
{
	static u8 script[SCRIPT];
	u64 seed = 7, delivered = 0;

	(void)state;
	for (u32 i = 0; i < PLAYS; i++) {
		for (u32 k = 0; k < SCRIPT; k++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			script[k] = (u8)(seed >> 56);
		}
		delivered += play(script, sizeof(script));
	}
	/* Most plays would be empty if something were refused that should not be. */
	assert_true(delivered > PLAYS * 100ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_plays)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
