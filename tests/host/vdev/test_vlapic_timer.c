/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC's timer in its three modes. */
#include "tests/host/vdev/fixture.h"

#include "arch/x86/cpu/msr.h"
#include "kernel/time/timer.h"

#define V (fx.p.lapic[0])
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
#define VECTOR 0xec

static void eoi(void)
{
	vlapic_mmio_write(V, 0xb0, 0);
}

static void set_lvt(u32 mode)
{
	vlapic_mmio_write(V, 0x320, mode | VECTOR);
}

static void set_deadline(u64 tsc)
{
	assert_int_equal(vlapic_msr_write(V, MSR_IA32_TSC_DEADLINE, tsc), 0);
}

static u64 get_deadline(void)
{
	u64 tsc;

	assert_int_equal(vlapic_msr_read(V, MSR_IA32_TSC_DEADLINE, &tsc), 0);
	return tsc;
}

static void one_shot(void **state)
{
	(void)state;
	set_lvt(0);
	vlapic_mmio_write(V, 0x3e0, 0xb); /* by 1 */
	vlapic_mmio_write(V, 0x380, 10000);
	assert_int_equal(vlapic_mmio_read(V, 0x390), 10000);
	fixture_advance(4000);
	assert_int_equal(vlapic_mmio_read(V, 0x390), 6000);
	assert_int_equal(take(0), -1);
	fixture_advance(6000);
	assert_int_equal(vlapic_mmio_read(V, 0x390), 0);
	assert_int_equal(take(0), VECTOR);
	eoi();
	fixture_advance(1000000);
	assert_int_equal(take(0), -1);
	vlapic_mmio_write(V, 0x380, 10000);
	vlapic_mmio_write(V, 0x380, 0); /* stopped */
	fixture_advance(1000000);
	assert_int_equal(take(0), -1);
}

static void divisors(void **state)
{
	static const u8 code[8] = {0xb, 0, 1, 2, 3, 8, 9, 0xa};

	(void)state;
	set_lvt(0);
	for (unsigned i = 0; i < 8; i++) {
		vlapic_mmio_write(V, 0x3e0, code[i]);
		vlapic_mmio_write(V, 0x380, 1000);
		fixture_advance((1000u << i) - 1);
		assert_int_equal(vlapic_mmio_read(V, 0x390), 1);
		assert_int_equal(take(0), -1);
		fixture_advance(1);
		assert_int_equal(take(0), VECTOR);
		eoi();
	}
}

static void periodic(void **state)
{
	unsigned fired = 0;

	(void)state;
	set_lvt(0x20000);
	vlapic_mmio_write(V, 0x3e0, 0xb);
	vlapic_mmio_write(V, 0x380, 1000000);
	for (unsigned i = 0; i < 1000; i++) {
		fixture_advance(100000);
		if (take(0) >= 0) {
			fired++;
			eoi();
		}
	}
	assert_int_equal(fired, 100);
	/* What nobody took meanwhile is one interrupt, and the phase is kept. */
	fake_tsc += 5500000;
	timer_run_expired();
	assert_int_equal(take(0), VECTOR);
	assert_int_equal(take(0), -1);
	eoi();
	assert_int_equal(vlapic_mmio_read(V, 0x390), 500000);
	/* To one-shot while running: once more. */
	set_lvt(0);
	fixture_advance(500000);
	assert_int_equal(take(0), VECTOR);
	eoi();
	fixture_advance(5000000);
	assert_int_equal(take(0), -1);
}

static void periods_have_a_minimum(void **state)
{
	(void)state;
	set_lvt(0x20000);
	vlapic_mmio_write(V, 0x3e0, 0xb);
	vlapic_mmio_write(V, 0x380, 1);
	assert_true(vlapic_mmio_read(V, 0x390) <= 1);
	assert_true(fixture_advance(FIXTURE_HZ / 1000) <= 1000 / VLAPIC_MIN_PERIOD_US);
}

static void deadline(void **state)
{
	(void)state;
	set_deadline(guest_now() + 100); /* not in this mode */
	assert_int_equal(get_deadline(), 0);
	set_lvt(0x40000);
	vlapic_mmio_write(V, 0x380, 100); /* the count is of no use now */
	assert_int_equal(vlapic_mmio_read(V, 0x380), 0);
	set_deadline(guest_now() + 5000);
	assert_int_equal(get_deadline(), guest_now() + 5000);
	assert_int_equal(vlapic_mmio_read(V, 0x390), 0);
	fixture_advance(4999);
	assert_int_equal(take(0), -1);
	fixture_advance(1);
	assert_int_equal(take(0), VECTOR);
	assert_int_equal(get_deadline(), 0);
	eoi();
	set_deadline(guest_now() + 5000);
	set_deadline(0);
	fixture_advance(10000);
	assert_int_equal(take(0), -1);
	set_deadline(guest_now() + 5000);
	set_lvt(0); /* leaving the mode disarms */
	fixture_advance(10000);
	assert_int_equal(take(0), -1);
}

static void deadline_in_the_past_fires_at_once(void **state)
{
	unsigned kicks = fx.kicks[0];

	(void)state;
	set_lvt(0x40000);
	fixture_advance(1000);
	set_deadline(guest_now() + 1000000);
	set_deadline(guest_now());
	assert_int_equal(take(0), VECTOR);
	assert_int_equal(get_deadline(), 0);
	assert_int_equal(timer_next(), TIMER_NEVER);
	assert_int_equal(fx.kicks[0], kicks); /* its own vCPU needs none */
	eoi();
	set_deadline(1);
	assert_int_equal(take(0), VECTOR);
	eoi();
	fixture_advance(10000000);
	assert_int_equal(take(0), -1);
}

static void far_deadlines(void **state)
{
	(void)state;
	set_lvt(0x40000);
	set_deadline(~0ull);
	assert_int_equal(fixture_advance(FIXTURE_HZ * 1000), 0);
	set_deadline(~0ull - FIXTURE_OFFSET);
	assert_int_equal(fixture_advance(FIXTURE_HZ * 1000), 0);
	assert_int_equal(take(0), -1);
}

/* A clock that stands still, as while a VM is paused, makes no storm. */
static void stopped_clock(void **state)
{
	(void)state;
	set_lvt(0x40000);
	set_deadline(guest_now() + 1000);
	for (unsigned i = 0; i < 100; i++)
		timer_run_expired();
	assert_int_equal(take(0), -1);
}

static void masked_and_illegal_vectors(void **state)
{
	(void)state;
	set_lvt(0x50000);
	set_deadline(1);
	assert_int_equal(take(0), -1);
	vlapic_mmio_write(V, 0x320, 0x40005); /* an error, no interrupt */
	set_deadline(1);
	assert_int_equal(take(0), -1);
	vlapic_mmio_write(V, 0x280, 0);
	assert_int_equal(vlapic_mmio_read(V, 0x280), 0x40);
}

/* As with APIC-register virtualization: the register has the new value when we are told. */
static void hardware_write(u32 offset, u32 value)
{
	((u32 *)vlapic_page(V))[offset / 4] = value;
	vlapic_after_write(V, offset);
}

static void writes_by_hardware_reach_a_running_timer(void **state)
{
	(void)state;
	set_lvt(0);
	vlapic_mmio_write(V, 0x3e0, 0xb); /* by 1 */
	vlapic_mmio_write(V, 0x380, 100000);
	fixture_advance(40000);
	hardware_write(0x3e0, 0); /* by 2: what is left lasts twice as long */
	fixture_advance(60000);
	assert_int_equal(vlapic_mmio_read(V, 0x390), 30000);
	hardware_write(0x320, 0x20000 | VECTOR); /* periodic from now on */
	fixture_advance(60000);
	assert_int_equal(take(0), VECTOR);
	eoi();
	fixture_advance(200000);
	assert_int_equal(take(0), VECTOR);
	eoi();
	hardware_write(0x320, 0x40000 | VECTOR); /* TSC-deadline: stops */
	fixture_advance(1000000);
	assert_int_equal(take(0), -1);
	set_deadline(guest_now());
	assert_int_equal(take(0), VECTOR);
}

static void reset_stops(void **state)
{
	(void)state;
	set_lvt(0x20000);
	vlapic_mmio_write(V, 0x380, 1000000);
	assert_true(timer_next() != TIMER_NEVER);
	platform_reset(&fx.p);
	assert_int_equal(timer_next(), TIMER_NEVER);
	assert_int_equal(take(0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_shot),
	    TEST(divisors),
	    TEST(periodic),
	    TEST(periods_have_a_minimum),
	    TEST(deadline),
	    TEST(deadline_in_the_past_fires_at_once),
	    TEST(far_deadlines),
	    TEST(stopped_clock),
	    TEST(masked_and_illegal_vectors),
	    TEST(writes_by_hardware_reach_a_running_timer),
	    TEST(reset_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
