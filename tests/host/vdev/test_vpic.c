/* SPDX-License-Identifier: BSD-2-Clause */
/* The pair of 8259A. */
#include "tests/host/vdev/fixture.h"

#include "vmm/vdev/vpic.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static void irq(unsigned line, bool level)
{
	vpic_set(fx.p.pic, line, level);
}

static void pulse(unsigned line)
{
	irq(line, false);
	irq(line, true);
}

static bool pending(void)
{
	return platform_extint_pending(&fx.p);
}

static u8 ack(void)
{
	return platform_extint_ack(&fx.p);
}

/* As a PC's firmware or Linux does it: vectors 0x30 and 0x38, all unmasked. */
static void program(u8 icw4)
{
	out8(0x20, 0x11);
	out8(0x21, 0x30);
	out8(0x21, 0x04);
	out8(0x21, icw4);
	out8(0xa0, 0x11);
	out8(0xa1, 0x38);
	out8(0xa1, 0x02);
	out8(0xa1, icw4);
}

static void masked_at_reset(void **state)
{
	(void)state;
	assert_int_equal(in8(0x21), 0xff);
	pulse(3);
	assert_false(pending());
	out8(0x21, 0xf7);
	assert_true(pending());
	assert_int_equal(ack(), 0x0b);
}

static void priorities_nest(void **state)
{
	(void)state;
	program(0x01);
	pulse(5);
	assert_int_equal(ack(), 0x35);
	pulse(6);
	assert_false(pending()); /* lower than what is in service */
	pulse(1);
	assert_int_equal(ack(), 0x31);
	out8(0x20, 0x0b);
	assert_int_equal(in8(0x20), 0x22); /* ISR */
	out8(0x20, 0x0a);
	assert_int_equal(in8(0x20), 0x40); /* IRR */
	out8(0x20, 0x20);                  /* ends 1 */
	assert_false(pending());
	out8(0x20, 0x65); /* specific: 5 */
	assert_int_equal(ack(), 0x36);
}

static void cascade(void **state)
{
	(void)state;
	program(0x01);
	pulse(12);
	assert_int_equal(ack(), 0x3c);
	pulse(8);
	/* Without special fully nested mode the master holds its cascade input back. */
	assert_false(pending());
	out8(0xa0, 0x20);
	out8(0x20, 0x20);
	assert_int_equal(ack(), 0x38);
	out8(0xa0, 0x20);
	out8(0x20, 0x20);
	program(0x11);
	pulse(12);
	assert_int_equal(ack(), 0x3c);
	pulse(8);
	assert_int_equal(ack(), 0x38);
}

static void spurious(void **state)
{
	(void)state;
	program(0x01);
	irq(7, true);
	out8(0x21, 0x80); /* goes away before the processor asks */
	assert_false(pending());
	assert_int_equal(ack(), 0x37);
	out8(0x20, 0x0b);
	assert_int_equal(in8(0x20), 0); /* not in service */
}

static void edges_and_levels(void **state)
{
	(void)state;
	program(0x01);
	out8(0x4d0, 0xff);
	out8(0x4d1, 0xff);
	assert_int_equal(in8(0x4d0), 0xf8); /* 0 to 2, 8 and 13 are always edges */
	assert_int_equal(in8(0x4d1), 0xde);
	assert_int_equal(in16(0x4d0), 0xdef8);
	irq(5, true);
	assert_int_equal(ack(), 0x35);
	out8(0x20, 0x20);
	assert_int_equal(ack(), 0x35); /* still asserted */
	irq(5, false);
	out8(0x20, 0x20);
	assert_false(pending());
	irq(1, true);
	assert_int_equal(ack(), 0x31);
	out8(0x20, 0x20);
	irq(1, true);
	assert_false(pending());
}

static void automatic_eoi_and_rotation(void **state)
{
	(void)state;
	program(0x03);
	pulse(3);
	assert_int_equal(ack(), 0x33);
	pulse(3);
	assert_int_equal(ack(), 0x33);
	out8(0x20, 0x80); /* rotate */
	pulse(3);
	assert_int_equal(ack(), 0x33);
	pulse(3);
	pulse(4);
	assert_int_equal(ack(), 0x34); /* 3 is the lowest now */
	assert_int_equal(ack(), 0x33);
	program(0x01);
	out8(0x20, 0xc4); /* 4 the lowest: 5 the highest */
	pulse(0);
	pulse(5);
	assert_int_equal(ack(), 0x35);
	out8(0x20, 0xa0); /* rotating EOI: 5 the lowest */
	pulse(5);
	pulse(6);
	assert_int_equal(ack(), 0x36);
}

static void special_mask_mode(void **state)
{
	(void)state;
	program(0x01);
	pulse(2 + 1);
	assert_int_equal(ack(), 0x33);
	out8(0x20, 0x68);
	out8(0x21, 0x08); /* mask what is in service: lower ones get through */
	pulse(6);
	assert_int_equal(ack(), 0x36);
}

static void polling(void **state)
{
	(void)state;
	program(0x01);
	out8(0x20, 0x0c);
	assert_int_equal(in8(0x20), 0x00);
	pulse(4);
	out8(0x20, 0x0c);
	assert_int_equal(in8(0x20), 0x84);
	assert_false(pending());
	out8(0x20, 0x0b);
	assert_int_equal(in8(0x20), 0x10);
}

/* Linux tells a PIC from nothing by its mask register. */
static void linux_probe(void **state)
{
	(void)state;
	out8(0xa1, 0xff);
	out8(0x21, (u8) ~(1 << 2));
	assert_int_equal(in8(0x21), 0xfb);
}

static void half_initialized(void **state)
{
	(void)state;
	pulse(3);
	out8(0x20, 0x11);
	pulse(4);
	assert_false(pending());
	out8(0x20, 0x13); /* once more, single, with ICW4 */
	out8(0x21, 0x40);
	out8(0x21, 0x01);
	pulse(4);
	assert_int_equal(ack(), 0x44);
}

static void kicks_once_per_rise(void **state)
{
	unsigned before;

	(void)state;
	program(0x01);
	before = fx.kicks[0];
	pulse(4);
	pulse(6);
	assert_int_equal(fx.kicks[0], before + 1);
	irq(2, true); /* the cascade cannot be driven */
	irq(16, true);
	assert_int_equal(fx.kicks[0], before + 1);
}

static void line_of_the_local_apic(void **state)
{
	(void)state;
	program(0x01);
	pulse(4);
	assert_true(pending());
	vlapic_mmio_write(fx.p.lapic[0], 0x350, 0x10700);
	assert_false(pending());
	vlapic_mmio_write(fx.p.lapic[0], 0x350, 0x00700);
	assert_true(pending());
	vlapic_mmio_write(fx.p.lapic[0], 0x350, 0x00031);
	assert_false(pending());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(masked_at_reset),
	    TEST(priorities_nest),
	    TEST(cascade),
	    TEST(spurious),
	    TEST(edges_and_levels),
	    TEST(automatic_eoi_and_rotation),
	    TEST(special_mask_mode),
	    TEST(polling),
	    TEST(linux_probe),
	    TEST(half_initialized),
	    TEST(kicks_once_per_rise),
	    TEST(line_of_the_local_apic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
