/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC's paravirtual side: EOI by clearing a bit, IPIs to many. */
#include "tests/host/vdev/fixture.h"

#include "arch/x86/cpu/msr.h"

#define LAPIC(n) (fx.p.lapic[n])
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
#define ISR 0x100
#define PPR 0xa0

static u8 flag;

/* The guest's EOI; true: it needed no exit. */
static bool guest_eoi(unsigned cpu, u8 *bit)
{
	if (bit && *bit & 1) {
		*bit &= 0xfe;
		return true;
	}
	vlapic_mmio_write(LAPIC(cpu), 0xb0, 0);
	return false;
}

static void an_interrupt_alone_ends_without_exit(void **state)
{
	(void)state;
	lapic_enable(0);
	flag = 0x80; /* the other bits are the guest's */
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	for (unsigned i = 1; i <= 3; i++) {
		vlapic_post(LAPIC(0), 0x41, false);
		assert_int_equal(take(0), 0x41);
		assert_int_equal(flag, 0x81);
		assert_true(guest_eoi(0, &flag));
		/* It is over when somebody looks. */
		assert_int_equal(vlapic_mmio_read(LAPIC(0), ISR + 0x20), 0);
		assert_int_equal(vlapic_pv_eois(LAPIC(0)), i);
	}
}

static void a_second_one_withdraws_the_offer(void **state)
{
	(void)state;
	lapic_enable(0);
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	vlapic_post(LAPIC(0), 0x41, false);
	assert_int_equal(take(0), 0x41);
	vlapic_post(LAPIC(0), 0x31, false);
	assert_int_equal(take(0), -1); /* lower: it waits for the EOI, which must be an exit */
	assert_int_equal(flag & 1, 0);
	assert_false(guest_eoi(0, &flag));
	assert_int_equal(take(0), 0x31);
	assert_int_equal(flag & 1, 1);
	/* A higher one nests; its EOI and that below are exits. */
	vlapic_post(LAPIC(0), 0x51, false);
	assert_int_equal(take(0), 0x51);
	assert_int_equal(flag & 1, 0);
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), 0x50);
	assert_false(guest_eoi(0, &flag));
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), 0x30);
	assert_false(guest_eoi(0, &flag));
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), 0);
}

/* One that comes when the guest has just ended the first. */
static void the_next_one_after_an_eoi_without_exit(void **state)
{
	(void)state;
	lapic_enable(0);
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	vlapic_post(LAPIC(0), 0x41, false);
	assert_int_equal(take(0), 0x41);
	assert_true(guest_eoi(0, &flag));
	vlapic_post(LAPIC(0), 0x31, false);
	vlapic_sync(LAPIC(0));
	assert_true(vlapic_next(LAPIC(0)) >= 0);
	assert_int_equal(take(0), 0x31);
	assert_int_equal(flag & 1, 1);
}

static void a_real_eoi_is_always_right(void **state)
{
	(void)state;
	lapic_enable(0);
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	vlapic_post(LAPIC(0), 0x41, false);
	assert_int_equal(take(0), 0x41);
	assert_false(guest_eoi(0, NULL));
	assert_int_equal(flag & 1, 0);
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), 0);
	/* And with nothing in service it ends nothing. */
	vlapic_post(LAPIC(0), 0x51, false);
	assert_int_equal(take(0), 0x51);
	assert_true(guest_eoi(0, &flag));
	assert_false(guest_eoi(0, NULL));
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), 0);
}

static void level_is_not_offered(void **state)
{
	(void)state;
	lapic_enable(0);
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	vlapic_post(LAPIC(0), 0x41, true);
	assert_int_equal(take(0), 0x41);
	assert_int_equal(flag & 1, 0);
}

static void off_and_init_touch_nothing(void **state)
{
	(void)state;
	lapic_enable(0);
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	vlapic_post(LAPIC(0), 0x41, false);
	assert_int_equal(take(0), 0x41);
	vlapic_set_pv_eoi(LAPIC(0), NULL);
	assert_int_equal(flag & 1, 0);
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), 0x40);
	assert_false(guest_eoi(0, NULL));
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	vlapic_post(LAPIC(0), 0x41, false);
	assert_int_equal(take(0), 0x41);
	vlapic_reset(LAPIC(0), true);
	assert_int_equal(flag & 1, 0);
}

static u32 seed;

static u32 some(u32 n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static void compare(void)
{
	assert_int_equal(vlapic_mmio_read(LAPIC(0), PPR), vlapic_mmio_read(LAPIC(1), PPR));
	for (u32 word = 0; word < 8; word++)
		assert_int_equal(vlapic_mmio_read(LAPIC(0), ISR + word * 16),
				 vlapic_mmio_read(LAPIC(1), ISR + word * 16));
}

/* Whatever comes in whatever order: the same interrupts as without it, at the same moments. */
static void as_without_it(void **state)
{
	unsigned depth = 0;
	u64 without_exit = 0;

	(void)state;
	lapic_enable(0);
	lapic_enable(1);
	vlapic_set_pv_eoi(LAPIC(0), &flag);
	for (unsigned i = 0; i < 200000; i++) {
		u8 vector = (u8)(0x30 + some(8) * 0x11);
		bool level = !some(8);
		u8 tpr = (u8)(some(4) * 0x30);
		int taken;

		switch (some(8)) {
		case 0:
			vlapic_post(LAPIC(0), vector, level);
			vlapic_post(LAPIC(1), vector, level);
			break;
		case 1:
			vlapic_mmio_write(LAPIC(0), 0x80, tpr);
			vlapic_mmio_write(LAPIC(1), 0x80, tpr);
			break;
		case 2:
			if (!some(20))
				compare();
			break;
		case 3:
		case 4:
			if (!depth)
				break;
			depth--;
			without_exit += guest_eoi(0, some(16) ? &flag : NULL);
			guest_eoi(1, NULL);
			break;
		default:
			taken = take(0);
			assert_int_equal(taken, take(1));
			depth += taken >= 0;
			break;
		}
	}
	compare();
	assert_true(without_exit > 1000);
}

static void ipis_to_many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		lapic_enable(i);
	assert_int_equal(vlapic_send_many(LAPIC(1), 0xb, 0x4041), 3);
	assert_int_equal(take(0), 0x41);
	assert_int_equal(take(1), 0x41);
	assert_int_equal(take(2), -1);
	assert_int_equal(take(3), 0x41);
	/* IDs that nobody has are not counted; an NMI. */
	assert_int_equal(vlapic_send_many(LAPIC(1), ~0xfull, 0x41), 0);
	assert_int_equal(vlapic_send_many(LAPIC(1), ~0ull, 0x400), 4);
	assert_int_equal(fx.nmis[0] + fx.nmis[1] + fx.nmis[2] + fx.nmis[3], 4);
	/* Neither shorthands nor logical destinations, no INIT, no vector below 16. */
	assert_int_equal(vlapic_send_many(LAPIC(1), 1, 0x841), ERR_INVAL);
	assert_int_equal(vlapic_send_many(LAPIC(1), 1, 0x40041), ERR_INVAL);
	assert_int_equal(vlapic_send_many(LAPIC(1), 1, 0x500), ERR_INVAL);
	assert_int_equal(vlapic_send_many(LAPIC(1), 1, 0x600), ERR_INVAL);
	assert_int_equal(vlapic_send_many(LAPIC(1), 1, 0x0f), ERR_INVAL);
	assert_int_equal(take(0), -1);
	assert_int_equal(fx.inits[0] + fx.sipis[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_interrupt_alone_ends_without_exit),
	    TEST(a_second_one_withdraws_the_offer),
	    TEST(the_next_one_after_an_eoi_without_exit),
	    TEST(a_real_eoi_is_always_right),
	    TEST(level_is_not_offered),
	    TEST(off_and_init_touch_nothing),
	    TEST(as_without_it),
	    TEST(ipis_to_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
