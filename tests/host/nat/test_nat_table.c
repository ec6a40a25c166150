/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection table, the timer wheel and the numbers behind them, against simple models. */
#include "net/nat/random.h"
#include "net/nat/session.h"
#include "net/nat/table.h"
#include "net/nat/wheel.h"
#include "tests/host/services/cm.h"

#define MANY 20000

static const struct nat_hash_key key = {
    {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0x2545f4914f6cdd1d}};

static u64 hash_of(u32 i)
{
	return nat_hash(&key, (0x0a000000u + i / 100) | (u64)(i * 7) << 32, i % 100, 17);
}

static bool found(const struct nat_table *t, u64 hash, u32 ref)
{
	struct nat_find f;
	u32 got;

	nat_find_start(&f, t, hash);
	while (nat_find_next(&f, &got))
		if (got == ref)
			return true;
	return false;
}

/* Random inserts and removals; a bitmap knows what must be there. */
static void test_table_is_a_set(void **state)
{
	static bool in[MANY];
	void *memory = aligned_alloc(64, nat_table_bytes(MANY));
	struct nat_table t;
	u32 seed = 1, n = 0;

	(void)state;
	nat_table_init(&t, memory, MANY, &key);
	for (u32 round = 0; round < 10 * MANY; round++) {
		u32 i = test_random(&seed) % MANY;

		assert_int_equal(found(&t, hash_of(i), i), in[i]);
		if (in[i])
			assert_true(nat_table_remove(&t, hash_of(i), i));
		else
			assert_int_equal(nat_table_insert(&t, hash_of(i), i), 0);
		n += in[i] ? -1u : 1u;
		in[i] = !in[i];
		assert_int_equal(t.used, n);
	}
	for (u32 i = 0; i < MANY; i++)
		assert_int_equal(found(&t, hash_of(i), i), in[i]);
	for (u32 i = 0; i < MANY; i++)
		if (in[i])
			assert_true(nat_table_remove(&t, hash_of(i), i));
	/* All spare buckets have come back. */
	assert_int_equal(t.chained, 0);
	assert_false(nat_table_remove(&t, hash_of(1), 1));
	free(memory);
}

/* All in one bucket: chains hold them until the spare ones are out, and nothing breaks. */
static void test_table_with_collisions(void **state)
{
	void *memory = aligned_alloc(64, nat_table_bytes(1024));
	struct nat_table t;
	u32 n = 0;

	(void)state;
	nat_table_init(&t, memory, 1024, &key);
	while (!nat_table_insert(&t, 0x1234567, n))
		n++;
	assert_true(n > 8 && n < 1024);
	for (u32 i = 0; i < n; i++)
		assert_true(found(&t, 0x1234567, i));
	for (u32 i = 0; i < n; i++)
		assert_true(nat_table_remove(&t, 0x1234567, n - 1 - i));
	assert_int_equal(t.chained, 0);
	assert_int_equal(t.used, 0);
	free(memory);
}

/* At the load that it is made for, few buckets overflow, for tuples in sequence too. */
static void test_hash_spreads(void **state)
{
	void *memory = aligned_alloc(64, nat_table_bytes(131072));
	struct nat_table t;

	(void)state;
	nat_table_init(&t, memory, 131072, &key);
	for (u32 i = 0; i < 131072; i++)
		assert_int_equal(
		    nat_table_insert(&t, nat_hash(&key, 0x0100000a, 0x5000 | i << 16, 6), i), 0);
	assert_true(t.chained < 131072 / 4 / 20);
	free(memory);
}

struct thing {
	struct nat_timer timer;
	u32 due; /* second; 0: not on the wheel */
};

static struct thing things[1000];
static struct nat_wheel wheel;
static u32 now, called;

static u32 due(void *ctx, u32 object)
{
	struct thing *t = &things[object];
	u32 early = 8000; /* longer waits than that come by early */

	(void)ctx;
	called++;
	assert_int_not_equal(t->due, 0);
	if (t->due > now) {
		assert_true(t->due - now < early);
		return t->due - now;
	}
	assert_int_equal(t->due, now);
	t->due = 0;
	return 0;
}

static void test_wheel(void **state)
{
	u32 seed = 3;

	(void)state;
	nat_wheel_init(&wheel, &things[0].timer, sizeof(things[0]), 0);
	for (now = 0; now < 30000; now++) {
		for (u32 i = 0; i < 4; i++) {
			u32 k = test_random(&seed) % 1000, wait = 1 + test_random(&seed) % 7999;

			if (things[k].due) {
				nat_wheel_del(&wheel, k);
				things[k].due = 0;
			} else {
				things[k].due = now + wait;
				nat_wheel_add(&wheel, k, wait);
			}
		}
		assert_true(nat_wheel_turn(&wheel, now, ~0u, due, NULL));
		for (u32 k = 0; k < 1000; k++)
			assert_true(!things[k].due || things[k].due > now);
	}
	assert_true(called > 1000);
}

static u32 count_due(void *ctx, u32 object)
{
	(void)object;
	++*(u32 *)ctx;
	return 0;
}

/* A budget is kept, and a pause of the clock longer than the wheel loses nothing. */
static void test_wheel_budget_and_pause(void **state)
{
	u32 n = 0;

	(void)state;
	nat_wheel_init(&wheel, &things[0].timer, sizeof(things[0]), 0);
	for (u32 i = 0; i < 1000; i++)
		nat_wheel_add(&wheel, i, 1 + i * 8);
	assert_false(nat_wheel_turn(&wheel, 1000000, 300, count_due, &n));
	assert_int_equal(n, 300);
	assert_true(nat_wheel_turn(&wheel, 1000000, 700, count_due, &n));
	assert_int_equal(n, 1000);
}

/* The vector of the authors' paper, appendix A, and that the counter's numbers differ. */
static void test_siphash(void **state)
{
	const u64 k[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	u8 message[15];
	struct nat_random random;
	u64 last = 0;

	(void)state;
	for (u32 i = 0; i < 15; i++)
		message[i] = (u8)i;
	assert_int_equal(nat_siphash(k, message, 15), 0xa129ca6149be45e5);
	nat_random_init(&random, k);
	for (u32 i = 0; i < 100; i++) {
		u64 next = nat_random(&random);

		assert_int_not_equal(next, last);
		last = next;
		assert_true(nat_random_below(&random, 10) < 10);
	}
}

/* No sequence of packets leads out of the table of states or to one that UDP has. */
static void test_tcp_states(void **state)
{
	(void)state;
	for (u8 s = NAT_TCP_SYN; s < NAT_STATES; s++) {
		if (s == NAT_UDP_NEW || s == NAT_UDP || s == NAT_ICMP)
			continue;
		for (u32 flags = 0; flags < 256; flags++)
			for (u32 dir = 0; dir < 2; dir++) {
				u8 next = nat_tcp_next(s, dir, (u8)flags);

				assert_true(next == NAT_TCP_SYN || next == NAT_TCP_CLOSED ||
					    next == NAT_TCP_RESET || next >= NAT_TCP);
				/* The outside cannot make an opening one long-lived alone. */
				if (s == NAT_TCP_SYN && dir == 0)
					assert_true(nat_timeout(next) <= 240);
			}
		assert_true(nat_timeout(s) >= 240);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table_is_a_set),
	    cmocka_unit_test(test_table_with_collisions),
	    cmocka_unit_test(test_hash_spreads),
	    cmocka_unit_test(test_wheel),
	    cmocka_unit_test(test_wheel_budget_and_pause),
	    cmocka_unit_test(test_siphash),
	    cmocka_unit_test(test_tcp_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
