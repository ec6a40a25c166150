/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8254 and port 61h. */
#include "tests/host/vdev/fixture.h"

#include "kernel/time/timer.h"
#include "vmm/vdev/vlapic.h"
#include "vmm/vdev/vpit.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static u64 ticks(u64 n)
{
	return n * FIXTURE_HZ / VPIT_HZ + 1;
}

static u16 read_count(unsigned channel)
{
	u8 low;

	out8(0x43, (u8)(channel << 6)); /* latch */
	low = in8((u16)(0x40 + channel));
	return (u16)(low | in8((u16)(0x40 + channel)) << 8);
}

static void write_count(unsigned channel, u8 mode, u16 count)
{
	out8(0x43, (u8)(channel << 6 | 0x30 | mode << 1));
	out8((u16)(0x40 + channel), (u8)count);
	out8((u16)(0x40 + channel), (u8)(count >> 8));
}

/* Interrupts at the I/O APIC while time passes in small steps. */
static unsigned interrupts_in(u64 time)
{
	unsigned n = 0;
	u64 end = fake_tsc + time;

	while (fake_tsc < end) {
		fixture_advance(MIN(end - fake_tsc, 10000ull));
		if (take(0) < 0)
			continue;
		n++;
		vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	}
	return n;
}

static void mode_0(void **state)
{
	(void)state;
	ioapic_entry(2, 0x42);
	write_count(0, 0, 1000);
	assert_int_equal(read_count(0), 1000);
	fixture_advance(ticks(400));
	assert_in_range(read_count(0), 599, 600);
	assert_int_equal(interrupts_in(ticks(590)), 0);
	assert_int_equal(interrupts_in(ticks(100)), 1);
	assert_in_range(read_count(0), 65000, 65535); /* goes on below zero */
	assert_int_equal(interrupts_in(FIXTURE_HZ), 0);
}

static void mode_2_is_periodic(void **state)
{
	(void)state;
	ioapic_entry(2, 0x42);
	write_count(0, 2, 11932);                        /* 100 Hz */
	assert_int_equal(interrupts_in(FIXTURE_HZ), 99); /* a little less than 100 Hz */
	assert_true(read_count(0) >= 1 && read_count(0) <= 11932);
	write_count(0, 2, 0); /* 65536: 18.2 Hz */
	assert_int_equal(interrupts_in(FIXTURE_HZ), 18);
	/* A control word alone stops it. */
	out8(0x43, 0x34);
	assert_int_equal(interrupts_in(FIXTURE_HZ), 0);
}

static void mode_3(void **state)
{
	(void)state;
	write_count(0, 3, 1000);
	fixture_advance(ticks(100));
	assert_in_range(read_count(0), 798, 800); /* by two */
	fixture_advance(ticks(500));
	assert_in_range(read_count(0), 796, 800);
	ioapic_entry(2, 0x42);
	assert_in_range(interrupts_in(FIXTURE_HZ / 100), 11, 12);
}

static void no_storms(void **state)
{
	(void)state;
	for (unsigned count = 1; count < 40; count++) {
		write_count(0, 2, (u16)count);
		assert_true(fixture_advance(FIXTURE_HZ / 1000) <= 1000 / VLAPIC_MIN_PERIOD_US);
	}
}

static void status_and_latches(void **state)
{
	u8 low;

	(void)state;
	out8(0x43, 0x34);
	out8(0x43, 0xe2);                  /* read back: status of channel 0 */
	assert_int_equal(in8(0x40), 0xf4); /* output high, no count yet, mode 2, both bytes */
	write_count(0, 2, 5000);
	out8(0x43, 0xc2); /* status and count */
	assert_int_equal(in8(0x40), 0xb4);
	fixture_advance(ticks(2500));
	low = in8(0x40);
	assert_int_equal(low | in8(0x40) << 8, 5000); /* as it was when latched */
	assert_in_range(read_count(0), 2499, 2500);
	out8(0x43, 0x14); /* low byte only */
	out8(0x40, 100);
	assert_int_equal(in8(0x40), 100);
	out8(0x43, 0x24); /* high byte only */
	out8(0x40, 2);
	assert_int_equal(in8(0x40), 2);
	assert_int_equal(in8(0x43), 0xff);
}

static void binary_coded_decimal(void **state)
{
	(void)state;
	out8(0x43, 0x31);
	out8(0x40, 0x34);
	out8(0x40, 0x12);
	assert_int_equal(read_count(0), 0x1234);
	fixture_advance(ticks(35));
	assert_in_range(read_count(0), 0x1198, 0x1199);
	fixture_advance(ticks(1200));
	assert_in_range(read_count(0), 0x9998, 0x9999);
}

/* Linux, quick_pit_calibrate(): channel 2, mode 0, gate by port 61h, high bytes fall. */
static void linux_quick_calibration(void **state)
{
	u8 last, now;

	(void)state;
	out8(0x61, (in8(0x61) & ~0x02) | 0x01);
	out8(0x43, 0xb0);
	out8(0x42, 0xff);
	out8(0x42, 0xff);
	in8(0x42);
	last = in8(0x42);
	assert_int_equal(last, 0xff);
	for (unsigned i = 0; i < 20; i++) {
		fixture_advance(ticks(256));
		in8(0x42);
		now = in8(0x42);
		assert_int_equal(now, last - 1);
		last = now;
	}
}

/* Linux, pit_calibrate_tsc(): waits for output 2 at bit 5. */
static void linux_slow_calibration(void **state)
{
	u64 start, passed;

	(void)state;
	out8(0x61, 0x01);
	out8(0x43, 0xb0);
	out8(0x42, 11932 & 0xff);
	out8(0x42, 11932 >> 8);
	start = fake_tsc;
	while (!(in8(0x61) & 0x20))
		fake_tsc += 1000;
	passed = fake_tsc - start;
	assert_in_range(passed, 9995000, 10005000); /* 10 ms */
}

static void gate_and_speaker_port(void **state)
{
	u8 toggles = 0, last;

	(void)state;
	write_count(2, 0, 1000);
	fixture_advance(ticks(500)); /* the gate is closed */
	assert_int_equal(read_count(2), 1000);
	out8(0x61, 0x03);
	assert_int_equal(in8(0x61) & 0x0f, 3);
	fixture_advance(ticks(300));
	out8(0x61, 0x02);
	fixture_advance(ticks(5000));
	assert_in_range(read_count(2), 698, 700);
	out8(0x61, 0x01);
	fixture_advance(ticks(710));
	assert_int_equal(in8(0x61) & 0x20, 0x20);
	last = in8(0x61) & 0x10;
	for (unsigned i = 0; i < 100; i++) { /* memory refresh: about 15 us */
		fake_tsc += 5000;
		toggles += (in8(0x61) & 0x10) != last;
		last = in8(0x61) & 0x10;
	}
	assert_in_range(toggles, 30, 36);
}

static void triggered_modes(void **state)
{
	(void)state;
	out8(0x61, 0);
	write_count(2, 1, 1000);
	fixture_advance(ticks(10));
	assert_int_equal(in8(0x61) & 0x20, 0x20);
	out8(0x61, 1); /* rising edge: low for the count */
	fixture_advance(ticks(10));
	assert_int_equal(in8(0x61) & 0x20, 0);
	out8(0x61, 0); /* the gate's level is nothing to it */
	fixture_advance(ticks(1000));
	assert_int_equal(in8(0x61) & 0x20, 0x20);
	write_count(2, 4, 50);
	assert_int_equal(in8(0x61) & 0x20, 0x20);
	write_count(2, 7, 50); /* another name of mode 3 */
	out8(0x43, 0xe8);
	assert_int_equal(in8(0x42) & 0x0e, 6);
}

static void reset_stops(void **state)
{
	(void)state;
	write_count(0, 2, 1000);
	platform_reset(&fx.p);
	assert_int_equal(timer_next(), TIMER_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(mode_0),
	    TEST(mode_2_is_periodic),
	    TEST(mode_3),
	    TEST(no_storms),
	    TEST(status_and_latches),
	    TEST(binary_coded_decimal),
	    TEST(linux_quick_calibration),
	    TEST(linux_slow_calibration),
	    TEST(gate_and_speaker_port),
	    TEST(triggered_modes),
	    TEST(reset_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
