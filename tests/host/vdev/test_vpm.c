/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI fixed hardware, and the ways to reset a PC. */
#include "tests/host/vdev/fixture.h"

#include "kernel/time/timer.h"
#include "vmm/vdev/vpm.h"
#include "vmm/vm/layout.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
#define STATUS (LAYOUT_PM_BASE + VPM_PM1_EVT)
#define ENABLE (STATUS + 2)
#define CONTROL (LAYOUT_PM_BASE + VPM_PM1_CNT)
#define TIMER (LAYOUT_PM_BASE + VPM_TIMER)

/* One turn of the timer's highest bit. */
#define HALF_TURN ((1ull << 31) * FIXTURE_HZ / VPM_TIMER_HZ + 1)

static bool sci(void)
{
	bool yes = take(0) == 0x49;

	if (yes)
		vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	return yes;
}

static void timer_counts(void **state)
{
	u32 start = in32(TIMER);

	(void)state;
	fixture_advance(FIXTURE_HZ);
	assert_in_range(in32(TIMER) - start, VPM_TIMER_HZ - 1, VPM_TIMER_HZ + 1);
	assert_int_equal(in8(TIMER + 2), in32(TIMER) >> 16 & 0xff);
	out32(TIMER, 0);
	assert_in_range(in32(TIMER) - start, VPM_TIMER_HZ - 1, VPM_TIMER_HZ + 1);
}

static void timer_overflow(void **state)
{
	(void)state;
	ioapic_entry(9, 0x8049);
	fixture_advance(HALF_TURN);
	assert_int_equal(in16(STATUS), 1);
	assert_false(sci());
	out16(ENABLE, 1);
	assert_true(sci());
	assert_true(sci()); /* a level */
	out16(STATUS, 1);
	assert_int_equal(in16(STATUS), 0);
	sci();
	assert_false(sci());
	fixture_advance(HALF_TURN - 10000000);
	assert_false(sci());
	fixture_advance(10000000);
	assert_true(sci());
	out8(STATUS, 1);
	sci();
	fixture_advance(HALF_TURN);
	assert_true(sci());
	out16(ENABLE, 0);
	assert_int_equal(timer_next(), TIMER_NEVER);
}

static void power_button(void **state)
{
	(void)state;
	ioapic_entry(9, 0x8049);
	out16(ENABLE, 0x0100);
	assert_int_equal(in32(STATUS), 0x01000000);
	platform_power_button(&fx.p);
	assert_true(sci());
	assert_int_equal(in16(STATUS), 0x0100);
	out16(STATUS, 0x0100);
	sci();
	assert_false(sci());
	assert_int_equal(in16(STATUS), 0);
}

static void soft_off(void **state)
{
	(void)state;
	assert_int_equal(in16(CONTROL) & 1, 1); /* ACPI mode from the start */
	out16(ENABLE, 0xffff);
	assert_int_equal(in16(ENABLE), 0x0521);
	out16(ENABLE, 0);
	out16(CONTROL, 5 << 10);
	assert_int_equal(fx.power_offs, 0);
	assert_int_equal(in16(CONTROL), 5 << 10 | 1);
	out16(CONTROL, 3 << 10 | 1 << 13); /* another sleep state: none */
	assert_int_equal(fx.power_offs, 0);
	out16(CONTROL, 5 << 10 | 1 << 13);
	assert_int_equal(fx.power_offs, 1);
	assert_int_equal(in16(CONTROL) >> 13, 0);
	out8(CONTROL + 1, 5 << 2 | 1 << 5); /* by bytes */
	assert_int_equal(fx.power_offs, 2);
}

static void resets(void **state)
{
	(void)state;
	out8(0xcf9, 0x02);
	assert_int_equal(in8(0xcf9), 0x02);
	assert_int_equal(fx.resets, 0);
	out8(0xcf9, 0x06); /* as the FADT says */
	assert_int_equal(fx.resets, 1);
	out8(0x64, 0xfe);
	assert_int_equal(fx.resets, 2);
	out8(0x64, 0xff); /* pulses nothing */
	assert_int_equal(fx.resets, 2);
	out8(0x92, 0x03);
	assert_int_equal(fx.resets, 3);
	out8(0x92, 0x03); /* no rise */
	assert_int_equal(fx.resets, 3);
	out8(0x64, 0xd1); /* output port: A20 on, no reset */
	out8(0x60, 0xdf);
	assert_int_equal(fx.resets, 3);
	out8(0x64, 0xd1);
	out8(0x60, 0xde);
	assert_int_equal(fx.resets, 4);
	out8(0x60, 0xde);
	assert_int_equal(fx.resets, 4);
	out32(0xcf8, 0x80000600); /* no byte access: not the reset register */
	assert_int_equal(fx.resets, 4);
	assert_int_equal(fx.power_offs, 0);
}

/* What polls the keyboard controller neither hangs nor sees keys. */
static void keyboard_controller(void **state)
{
	(void)state;
	assert_int_equal(in8(0x64) & 3, 0);
	assert_int_equal(in8(0x60), 0);
	out8(0x64, 0xd0);
	assert_int_equal(in8(0x64) & 1, 1);
	assert_int_equal(in8(0x60) & 3, 3); /* running, A20 open */
	assert_int_equal(in8(0x64) & 1, 0);
	assert_int_equal(in8(0x92) & 2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(timer_counts), TEST(timer_overflow), TEST(power_button),
	    TEST(soft_off),     TEST(resets),         TEST(keyboard_controller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
