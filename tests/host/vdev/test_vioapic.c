/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual I/O APIC. */
#include "tests/host/vdev/fixture.h"

#include "vmm/vdev/vioapic.h"
#include "vmm/vm/layout.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
#define IRR 0x4000ull
#define LEVEL 0x8000ull
#define MASKED 0x10000ull
#define TO(n) ((u64)(n) << 56)

static void eoi(unsigned cpu)
{
	vlapic_mmio_write(fx.p.lapic[cpu], 0xb0, 0);
}

static void set(unsigned pin, bool level)
{
	platform_irq(&fx.p, pin, level);
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(ioapic_read(0), 4u << 24); /* behind the local APICs' IDs */
	assert_int_equal(ioapic_read(1), 0x170020);
	ioapic_write(0, 0xffffffff);
	assert_int_equal(ioapic_read(0), 0x0f000000);
	assert_int_equal(ioapic_read(2), 0x0f000000);
	for (unsigned pin = 0; pin < 24; pin++)
		assert_int_equal(ioapic_get(pin), MASKED);
	assert_int_equal(ioapic_read(0x40), 0); /* behind the last entry */
	ioapic_write(0xff, 1);
	ioapic_entry(23, ~0ull);
	assert_int_equal(ioapic_get(23), 0xff0000000001afff);
	assert_int_equal(bus_read(&fx.p.mmio, LAYOUT_IOAPIC, 1), 0x3f);
	assert_int_equal(bus_read(&fx.p.mmio, LAYOUT_IOAPIC + 0x13, 1), 0xff);
	assert_int_equal(bus_read(&fx.p.mmio, LAYOUT_IOAPIC + 0x20, 4), 0);
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC, 1, 0x10);
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC + 0x10, 1, 0); /* the window wants 32 bits */
	assert_int_equal(bus_read(&fx.p.mmio, LAYOUT_IOAPIC + 0x10, 4), MASKED);
}

static void edges(void **state)
{
	(void)state;
	ioapic_entry(5, TO(0) | 0x55);
	set(5, true);
	assert_int_equal(take(0), 0x55);
	eoi(0);
	set(5, true); /* still high: no edge */
	assert_int_equal(take(0), -1);
	set(5, false);
	set(5, true);
	assert_int_equal(take(0), 0x55);
	eoi(0);
	set(5, false);
	ioapic_entry(5, MASKED | 0x55);
	set(5, true); /* lost */
	ioapic_entry(5, 0x55);
	assert_int_equal(take(0), -1);
	set(99, true); /* no such input */
}

static void levels(void **state)
{
	(void)state;
	ioapic_entry(16, LEVEL | 0x66);
	set(16, true);
	assert_int_equal(take(0), 0x66);
	assert_int_equal(ioapic_get(16), LEVEL | IRR | 0x66);
	set(16, true);
	assert_int_equal(take(0), -1);
	eoi(0); /* still asserted: again */
	assert_int_equal(take(0), 0x66);
	set(16, false);
	eoi(0);
	assert_int_equal(take(0), -1);
	assert_int_equal(ioapic_get(16), LEVEL | 0x66);
	/* Asserted while masked: delivered when unmasked. */
	ioapic_entry(16, LEVEL | MASKED | 0x66);
	set(16, true);
	assert_int_equal(take(0), -1);
	ioapic_entry(16, LEVEL | 0x66);
	assert_int_equal(take(0), 0x66);
	/* To edge and back clears a stuck remote IRR. */
	set(16, false);
	ioapic_entry(16, MASKED | 0x66);
	ioapic_entry(16, LEVEL | 0x66);
	assert_int_equal(ioapic_get(16), LEVEL | 0x66);
	eoi(0);
}

static void eoi_register(void **state)
{
	(void)state;
	ioapic_entry(17, LEVEL | 0x67);
	ioapic_entry(18, LEVEL | 0x67); /* two inputs share a vector */
	set(17, true);
	set(18, true);
	set(17, false);
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC + 0x40, 4, 0x68);
	assert_int_equal(ioapic_get(17), LEVEL | IRR | 0x67);
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC + 0x40, 4, 0x67);
	assert_int_equal(ioapic_get(17), LEVEL | 0x67);
	assert_int_equal(ioapic_get(18), LEVEL | IRR | 0x67);
	assert_int_equal(take(0), 0x67);
}

static void an_edge_vector_does_not_end_a_level(void **state)
{
	(void)state;
	ioapic_entry(17, LEVEL | 0x67);
	set(17, true);
	assert_int_equal(take(0), 0x67);
	vlapic_post(fx.p.lapic[0], 0x80, false);
	assert_int_equal(take(0), 0x80);
	eoi(0);
	assert_int_equal(ioapic_get(17), LEVEL | IRR | 0x67);
	set(17, false);
	vlapic_after_eoi(fx.p.lapic[0], 0x67); /* as hardware tells it */
	assert_int_equal(ioapic_get(17), LEVEL | 0x67);
}

static void destinations(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		lapic_enable(i);
		vlapic_mmio_write(fx.p.lapic[i], 0xd0, 1u << (24 + i));
	}
	ioapic_entry(3, TO(2) | 0x43);
	set(3, true);
	assert_int_equal(take(2), 0x43);
	ioapic_entry(6, TO(0x0c) | 0x800 | 0x46); /* logical */
	set(6, true);
	assert_int_equal(take(2), -1); /* 0x43 is in service, the same class */
	assert_int_equal(take(3), 0x46);
	ioapic_entry(7, TO(0xff) | 0x57);
	set(7, true);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(take(i), 0x57);
	ioapic_entry(10, TO(1) | 0x400); /* NMI */
	set(10, true);
	assert_int_equal(fx.nmis[1], 1);
	/* A level that no EOI ends does not block. */
	ioapic_entry(11, TO(1) | LEVEL | 0x400);
	set(11, true);
	assert_int_equal(ioapic_get(11) & IRR, 0);
	assert_int_equal(fx.nmis[1], 2);
}

static void legacy_lines_reach_both(void **state)
{
	(void)state;
	out8(0x21, 0xfe);
	ioapic_entry(2, 0x42);
	set(2, true); /* the PIT: input 2 here, IRQ 0 there */
	assert_int_equal(take(0), 0x42);
	assert_true(platform_extint_pending(&fx.p));
	assert_int_equal(platform_extint_ack(&fx.p), 8);
	assert_false(platform_extint_pending(&fx.p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(registers),
	    TEST(edges),
	    TEST(levels),
	    TEST(eoi_register),
	    TEST(an_edge_vector_does_not_end_a_level),
	    TEST(destinations),
	    TEST(legacy_lines_reach_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
