/* SPDX-License-Identifier: BSD-2-Clause */
/* The real-time clock, and the calendar under it. */
#include "tests/host/vdev/fixture.h"

#include <stdio.h>
#include <time.h>

#include "kernel/time/timer.h"
#include "vmm/vdev/calendar.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static u8 get(u8 reg)
{
	out8(0x70, reg);
	return in8(0x71);
}

static void set(u8 reg, u8 value)
{
	out8(0x70, reg);
	out8(0x71, value);
}

/* The time's registers as six pairs of digits, century first. */
static void assert_time(const char *expected)
{
	static const u8 regs[] = {0x32, 9, 8, 7, 4, 2, 0};
	char text[32];

	for (unsigned i = 0; i < 7; i++)
		snprintf(text + i * 2, 3, "%02x", get(regs[i]));
	assert_string_equal(text, expected);
}

static bool interrupted(void)
{
	bool yes = take(0) == 0x48;

	if (yes)
		vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	return yes;
}

static void calendar_agrees_with_the_library(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		s64 seconds =
		    ((s64)test_random(&seed) - (1ll << 31)) * 60 + test_random(&seed) % 60;
		time_t t = seconds;
		struct calendar c;
		struct tm tm;

		gmtime_r(&t, &tm);
		calendar_from_seconds(seconds, &c);
		if (tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999)
			continue;
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(c.weekday, tm.tm_wday + 1);
		assert_int_equal(c.hour, tm.tm_hour);
		assert_int_equal(c.minute, tm.tm_min);
		assert_int_equal(c.second, tm.tm_sec);
		assert_int_equal(calendar_to_seconds(&c), seconds);
	}
}

static void calendar_borders(void **state)
{
	struct calendar c = {
	    .year = 99999, .month = 77, .day = 99, .hour = 99, .minute = 99, .second = 99};
	s64 last;

	(void)state;
	last = calendar_to_seconds(&c);
	calendar_from_seconds(last + 1000000, &c);
	assert_int_equal(c.year, 9999);
	assert_int_equal(c.month, 12);
	assert_int_equal(c.day, 31);
	assert_int_equal(calendar_to_seconds(&c), last);
	calendar_from_seconds(-(1ll << 62), &c);
	assert_int_equal(c.year, 0);
	assert_int_equal(c.day, 1);
}

static void tells_the_time(void **state)
{
	(void)state;
	assert_time("20240229235958");
	fixture_advance(2 * FIXTURE_HZ);
	assert_time("20240301000000");
	assert_int_equal(get(6), 6); /* a Friday */
	assert_int_equal(get(0x0d), 0x80);
	set(0x0b, 0x06); /* binary */
	assert_int_equal(get(9), 24);
	set(0x0b, 0x00); /* BCD, 12 hours */
	assert_int_equal(get(4), 0x12);
	fixture_advance(13 * 3600 * FIXTURE_HZ);
	assert_int_equal(get(4), 0x81);
	assert_int_equal(in8(0x70), 0xff);
}

static void update_in_progress(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		fake_tsc += 100000;
		seen += get(0x0a) >> 7;
	}
	assert_in_range(seen, 2, 3); /* of 244 us */
	set(0x0b, 0x82);
	for (unsigned i = 0; i < 10000; i++) {
		fake_tsc += 100000;
		assert_int_equal(get(0x0a), 0x26);
	}
}

static void setting_the_time(void **state)
{
	(void)state;
	set(0x0b, 0x82);
	set(0x32, 0x19);
	set(9, 0x99);
	set(8, 0x12);
	set(7, 0x31);
	set(4, 0x23);
	set(2, 0x59);
	set(0, 0x55);
	fixture_advance(5 * FIXTURE_HZ); /* stands still */
	assert_time("19991231235955");
	set(0x0b, 0x02);
	fixture_advance(5 * FIXTURE_HZ);
	assert_time("20000101000000");
	platform_reset(&fx.p); /* the battery keeps it */
	assert_time("20000101000000");
	set(2, 0x30); /* without stopping it */
	assert_time("20000101003000");
	set(8, 0xff); /* nonsense becomes some time */
	set(7, 0xff);
	get(8);
}

static void update_interrupts(void **state)
{
	unsigned n = 0;

	(void)state;
	ioapic_entry(8, 0x48);
	set(5, 0x11); /* not the alarm that zeros would be */
	set(0x0b, 0x12);
	for (unsigned i = 0; i < 100; i++) {
		fixture_advance(FIXTURE_HZ / 10);
		if (!interrupted())
			continue;
		n++;
		assert_int_equal(get(0x0c) & 0xbf, 0x90); /* the periodic flag is polled */
		assert_int_equal(get(0x0c), 0x00);
	}
	assert_int_equal(n, 10);
	/* Without reading C there is no second one. */
	fixture_advance(3 * FIXTURE_HZ);
	assert_true(interrupted());
	assert_false(interrupted());
}

static void alarm_interrupt(void **state)
{
	(void)state;
	ioapic_entry(8, 0x48);
	set(1, 0x05);
	set(3, 0xff);
	set(5, 0xc0);
	set(0x0b, 0x22);
	fixture_advance(6 * FIXTURE_HZ); /* 00:00:04.5 */
	assert_false(interrupted());
	fixture_advance(FIXTURE_HZ);
	assert_true(interrupted());
	assert_int_equal(get(0x0c) & 0xbf, 0xb0);
	fixture_advance(59 * FIXTURE_HZ);
	assert_false(interrupted());
	fixture_advance(FIXTURE_HZ);
	assert_true(interrupted()); /* any minute */
}

static void periodic_interrupt(void **state)
{
	unsigned n = 0;

	(void)state;
	ioapic_entry(8, 0x48);
	set(0x0a, 0x26); /* 1024 Hz */
	set(0x0b, 0x42);
	for (unsigned i = 0; i < 4000; i++) {
		fixture_advance(FIXTURE_HZ / 4000);
		if (interrupted()) {
			n++;
			assert_int_equal(get(0x0c) & 0xc0, 0xc0);
		}
	}
	assert_in_range(n, 1023, 1024);
	set(0x0a, 0x21); /* 256 Hz by its other code */
	get(0x0c);
	assert_in_range(fixture_advance(FIXTURE_HZ), 255, 257);
	set(0x0a, 0x20);
	assert_int_equal(fixture_advance(FIXTURE_HZ), 0);
	set(0x0a, 0x23); /* 8192 Hz, the fastest */
	assert_in_range(fixture_advance(FIXTURE_HZ / 10), 818, 820);
}

static void polled_flags(void **state)
{
	(void)state;
	get(0x0c);
	assert_int_equal(get(0x0c), 0);
	fixture_advance(FIXTURE_HZ);
	assert_int_equal(get(0x0c), 0x50); /* update, periodic; no interrupt */
	assert_int_equal(timer_next(), TIMER_NEVER);
}

static void memory_in_cmos(void **state)
{
	u32 sum = 0;

	(void)state;
	assert_int_equal(get(0x15) | get(0x16) << 8, 640);
	assert_int_equal(get(0x17) | get(0x18) << 8, 65535);
	assert_int_equal(get(0x34) | get(0x35) << 8, (GIB(3) - MIB(16)) >> 16);
	assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, GIB(1) >> 16);
	for (u8 i = 0x10; i < 0x2e; i++)
		sum += get(i);
	assert_int_equal(get(0x2e) << 8 | get(0x2f), sum & 0xffff);
	set(0x0f, 0x0a);
	set(0x7f, 0x77);
	platform_reset(&fx.p);
	assert_int_equal(get(0x0f), 0x0a);
	assert_int_equal(get(0xff), 0x77); /* bit 7 of the index is the NMI mask */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calendar_agrees_with_the_library),
	    cmocka_unit_test(calendar_borders),
	    TEST(tells_the_time),
	    TEST(update_in_progress),
	    TEST(setting_the_time),
	    TEST(update_interrupts),
	    TEST(alarm_interrupt),
	    TEST(periodic_interrupt),
	    TEST(polled_flags),
	    TEST(memory_in_cmos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
