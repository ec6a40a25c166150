/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of addresses. */
#include "tests/host/vdev/fixture.h"

static u64 seen_offset, seen_value;
static unsigned seen_size, calls;

static u64 dev_read(void *dev, u64 offset, unsigned size)
{
	seen_offset = offset;
	seen_size = size;
	calls++;
	return *(u64 *)dev >> offset * 8;
}

static void dev_write(void *dev, u64 offset, unsigned size, u64 value)
{
	(void)dev;
	seen_offset = offset;
	seen_size = size;
	seen_value = value;
	calls++;
}

static const struct bus_ops ops = {dev_read, dev_write};
static u64 content = 0x8877665544332211;

static int add(struct bus *bus, u64 base, u64 size, bool bytes)
{
	struct bus_range range = {base, size, &ops, &content, "test", bytes};

	return bus_add(bus, &range);
}

/* The base of the range that holds addr, 1 (where none starts) if none does. */
static u64 base_at(struct bus *bus, u64 addr)
{
	struct bus_range range;

	return bus_find(bus, addr, &range) ? range.base : 1;
}

static void ranges(void **state)
{
	struct bus bus;

	(void)state;
	bus_init(&bus);
	assert_int_equal(base_at(&bus, 0), 1);
	assert_int_equal(add(&bus, 0x100, 0x10, false), 0);
	assert_int_equal(add(&bus, 0x110, 0x10, false), 0);
	assert_int_equal(add(&bus, 0x0f0, 0x10, false), 0);
	assert_int_equal(add(&bus, 0x0ff, 2, false), ERR_EXIST);
	assert_int_equal(add(&bus, 0x11f, 1, false), ERR_EXIST);
	assert_int_equal(add(&bus, 0x000, 0x1000, false), ERR_EXIST);
	assert_int_equal(add(&bus, 0x200, 0, false), ERR_INVAL);
	assert_int_equal(add(&bus, ~0ull, 2, false), ERR_INVAL);
	assert_int_equal(add(&bus, ~0ull, 1, false), 0);
	assert_int_equal(base_at(&bus, 0x10f), 0x100);
	assert_int_equal(base_at(&bus, 0x0f0), 0x0f0);
	assert_int_equal(base_at(&bus, 0x0ef), 1);
	assert_int_equal(base_at(&bus, 0x120), 1);
	assert_int_equal(base_at(&bus, ~0ull), ~0ull);
	bus_remove(&bus, 0x100);
	bus_remove(&bus, 0x101);
	assert_int_equal(base_at(&bus, 0x100), 1);
	assert_int_equal(bus.count, 3);
	bus_destroy(&bus);
}

static void many(void **state)
{
	struct bus bus;

	(void)state;
	bus_init(&bus);
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(add(&bus, (i * 7919 % 500) * 4, 2, false), 0);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(base_at(&bus, i) != 1, i % 4 < 2);
	bus_destroy(&bus);
}

static void accesses(void **state)
{
	struct bus bus;

	(void)state;
	bus_init(&bus);
	assert_int_equal(add(&bus, 0x100, 8, false), 0);
	assert_int_equal(add(&bus, 0x108, 4, true), 0);
	assert_int_equal(bus_read(&bus, 0x100, 4), 0x44332211);
	assert_int_equal(bus_read(&bus, 0x101, 1), 0x22);
	assert_int_equal(bus_read(&bus, 0x100, 8), content);
	calls = 0;
	bus_write(&bus, 0x102, 2, 0xffff1234);
	assert_int_equal(seen_value, 0x1234);
	assert_int_equal(calls, 1);
	bus_write(&bus, 0x108, 2, 0x1234); /* registers of 8 bits */
	assert_int_equal(calls, 3);
	assert_int_equal(seen_offset, 1);
	assert_int_equal(seen_value, 0x12);
	/* Over borders, and where nobody is. */
	assert_int_equal(bus_read(&bus, 0x0fe, 4), 0x2211ffff);
	assert_int_equal(bus_read(&bus, 0x106, 4), 0x22118877);
	assert_int_equal(bus_read(&bus, 0x10a, 8), 0xffffffffffff4433);
	assert_int_equal(bus_read(&bus, 0x200, 4), 0xffffffff);
	assert_int_equal(bus_read(&bus, 0x200, 1), 0xff);
	assert_int_equal(bus_read(&bus, ~0ull - 1, 8), ~0ull);
	bus_write(&bus, ~0ull, 8, 0);
	bus_destroy(&bus);
}

/* One thread moves a range to and fro, as a guest does with a BAR; others access it and its
 * neighbours, which never move. */
static struct bus shared;
static bool done;
static u64 fixed_content = 0x55, moving_content = 0x66;

static int look(void *arg)
{
	u64 odd = 0;

	(void)arg;
	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		u64 moving = bus_read(&shared, 0x1000, 1);

		odd += bus_read(&shared, 0x0ff0, 1) != 0x55 || bus_read(&shared, 0x3000, 1) != 0x55;
		odd += moving != 0x66 && moving != 0xff;
	}
	return odd != 0;
}

static u64 plain_read(void *dev, u64 offset, unsigned size)
{
	(void)offset, (void)size;
	return *(u64 *)dev;
}

static const struct bus_ops plain_ops = {plain_read, NULL};

static void add_plain(u64 base, u64 *what)
{
	struct bus_range range = {base, 0x10, &plain_ops, what, "test", false};

	assert_int_equal(bus_add(&shared, &range), 0);
}

static void moves(void **state)
{
	thrd_t threads[2];
	int odd;

	(void)state;
	bus_init(&shared);
	add_plain(0x0ff0, &fixed_content);
	add_plain(0x3000, &fixed_content);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(thrd_create(&threads[i], look, NULL), thrd_success);
	for (unsigned i = 0; i < 20000; i++) {
		add_plain(i & 1 ? 0x1000 : 0x2000, &moving_content);
		if (i < 100) /* so that the array grows */
			add_plain(0x10000 + i * 0x10, &moving_content);
		bus_remove(&shared, i & 1 ? 0x1000 : 0x2000);
	}
	__atomic_store_n(&done, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(thrd_join(threads[i], &odd), thrd_success);
		assert_int_equal(odd, 0);
	}
	bus_destroy(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges),
	    cmocka_unit_test(many),
	    cmocka_unit_test(accesses),
	    cmocka_unit_test(moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
