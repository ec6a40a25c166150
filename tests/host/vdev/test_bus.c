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

static void ranges(void **state)
{
	struct bus bus;

	(void)state;
	bus_init(&bus);
	assert_null(bus_find(&bus, 0));
	assert_int_equal(add(&bus, 0x100, 0x10, false), 0);
	assert_int_equal(add(&bus, 0x110, 0x10, false), 0);
	assert_int_equal(add(&bus, 0x0f0, 0x10, false), 0);
	assert_int_equal(add(&bus, 0x0ff, 2, false), ERR_EXIST);
	assert_int_equal(add(&bus, 0x11f, 1, false), ERR_EXIST);
	assert_int_equal(add(&bus, 0x000, 0x1000, false), ERR_EXIST);
	assert_int_equal(add(&bus, 0x200, 0, false), ERR_INVAL);
	assert_int_equal(add(&bus, ~0ull, 2, false), ERR_INVAL);
	assert_int_equal(add(&bus, ~0ull, 1, false), 0);
	assert_int_equal(bus_find(&bus, 0x10f)->base, 0x100);
	assert_int_equal(bus_find(&bus, 0x0f0)->base, 0x0f0);
	assert_null(bus_find(&bus, 0x0ef));
	assert_null(bus_find(&bus, 0x120));
	assert_int_equal(bus_find(&bus, ~0ull)->base, ~0ull);
	bus_remove(&bus, 0x100);
	bus_remove(&bus, 0x101);
	assert_null(bus_find(&bus, 0x100));
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
		assert_int_equal(bus_find(&bus, i) != NULL, i % 4 < 2);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges),
	    cmocka_unit_test(many),
	    cmocka_unit_test(accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
