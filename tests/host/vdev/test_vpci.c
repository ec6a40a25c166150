/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space by ports and by ECAM, interrupt lines. */
#include "tests/host/vdev/fixture.h"

#include "vmm/vm/layout.h"
#include "vmm/vpci/config.h"
#include "vmm/vpci/vpci.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static struct vpci_config device;
static unsigned last_size;

static u32 device_read(void *fn, u32 offset, unsigned size)
{
	last_size = size;
	assert_true((offset & 3) + size <= 4 && (size == 1 || size == 2 || size == 4));
	return vpci_config_read(fn, offset, size);
}

static void device_write(void *fn, u32 offset, unsigned size, u32 value)
{
	last_size = size;
	assert_true((offset & 3) + size <= 4 && (size == 1 || size == 2 || size == 4));
	vpci_config_write(fn, offset, size, value);
}

static const struct vpci_function_ops device_ops = {device_read, device_write, NULL};

static void add(u16 bdf)
{
	memset(&device, 0, sizeof(device));
	vpci_config_set(&device, PCI_VENDOR_ID, 4, 0x10411af4);
	memset(&device.writable[PCI_COMMAND], 0xff, 2);
	memset(&device.writable[0x40], 0xff, 16);
	assert_int_equal(vpci_add(fx.p.pci, bdf, &device_ops, &device), 0);
}

static u32 cf8_read(u16 bdf, u8 reg)
{
	out32(0xcf8, 0x80000000u | (u32)bdf << 8 | (reg & 0xfc));
	return in32(0xcfc);
}

static u64 ecam(u16 bdf, u32 reg)
{
	return LAYOUT_ECAM + ((u64)bdf << 12) + reg;
}

static void host_bridge(void **state)
{
	(void)state;
	assert_int_equal(cf8_read(0, 0), 0x00081b36);
	assert_int_equal(cf8_read(0, 8), 0x06000000);
	assert_int_equal(cf8_read(0, 0x0c), 0);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(0, 0), 4), 0x00081b36);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(0, 0x100), 4), 0xffffffff);
	out32(0xcfc, 0xffffffff);
	assert_int_equal(cf8_read(0, 0), 0x00081b36);
}

/* arch/x86/pci/direct.c, pci_check_type1(). */
static void linux_probe(void **state)
{
	(void)state;
	out8(0xcfb, 0x01);
	out32(0xcf8, 0x80000000);
	assert_int_equal(in32(0xcf8), 0x80000000);
	out32(0xcf8, 0);
	assert_int_equal(in32(0xcfc), 0xffffffff); /* not enabled */
	assert_int_equal(in16(0xcf8), 0xffff);     /* dwords only */
}

static void absent(void **state)
{
	(void)state;
	assert_int_equal(cf8_read(VPCI_BDF(0, 3, 0), 0), 0xffffffff);
	assert_int_equal(cf8_read(VPCI_BDF(0xff, 31, 7), 0), 0xffffffff);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(VPCI_BDF(15, 31, 7), 0xffc), 4), 0xffffffff);
	bus_write(&fx.p.mmio, ecam(VPCI_BDF(15, 31, 7), 0xffc), 4, 0);
	assert_int_equal(
	    vpci_add(fx.p.pci, VPCI_BDF(LAYOUT_ECAM_BUSES, 0, 0), &device_ops, &device), ERR_RANGE);
}

static void functions(void **state)
{
	(void)state;
	add(VPCI_BDF(0, 3, 1));
	assert_int_equal(vpci_add(fx.p.pci, VPCI_BDF(0, 3, 1), &device_ops, &device), ERR_EXIST);
	assert_int_equal(cf8_read(VPCI_BDF(0, 3, 1), 0), 0x10411af4);
	assert_int_equal(in8(0xcfe), 0x41);
	assert_int_equal(in16(0xcfe), 0x1041);
	out32(0xcf8, 0x80001904 | 0x40); /* 0x44 */
	out16(0xcfe, 0xbeef);
	assert_int_equal(in32(0xcfc), 0xbeef0000);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x44), 4), 0xbeef0000);
	/* Accesses that configuration space does not know are cut. */
	bus_write(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x40), 8, 0x1122334455667788);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x40), 8),
			 0x1122334455667788);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x43), 2), 0x4455);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x41), 4), 0x44556677);
	bus_write(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x43), 4, 0xa1a2a3a4);
	assert_int_equal(bus_read(&fx.p.mmio, ecam(VPCI_BDF(0, 3, 1), 0x40), 8),
			 0x11a1a2a3a4667788);
	assert_int_equal(in32(0xcfd), 0xff11a1a2); /* byte by byte over the border */
	vpci_remove(fx.p.pci, VPCI_BDF(0, 3, 1));
	assert_int_equal(cf8_read(VPCI_BDF(0, 3, 1), 0), 0xffffffff);
	vpci_remove(fx.p.pci, VPCI_BDF(0, 3, 1));
}

static void lines_are_shared(void **state)
{
	struct vpci_config other = {0};
	u16 a = VPCI_BDF(0, 2, 0), b = VPCI_BDF(1, 6, 0);

	(void)state;
	add(a);
	assert_int_equal(vpci_add(fx.p.pci, b, &device_ops, &other), 0);
	ioapic_entry(LAYOUT_GSI_PCI + 2, 0x8066);
	vpci_intx(fx.p.pci, a, 0, true);
	vpci_intx(fx.p.pci, a, 0, true);
	vpci_intx(fx.p.pci, b, 0, true); /* 6 % 4 = 2 */
	assert_int_equal(take(0), 0x66);
	vpci_intx(fx.p.pci, a, 0, false);
	vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	assert_int_equal(take(0), 0x66); /* the other one still holds it */
	vpci_remove(fx.p.pci, b);
	vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	assert_int_equal(take(0), -1);
	vpci_intx(fx.p.pci, a, 9, true);
	vpci_intx(fx.p.pci, VPCI_BDF(9, 9, 0), 0, true);
	/* And at the PICs: line 2 is IRQ 10, a level. */
	out8(0x21, 0xfb);
	out8(0xa1, 0xfb);
	vpci_intx(fx.p.pci, a, 0, true);
	assert_int_equal(platform_extint_ack(&fx.p), 0x72);
	vpci_intx(fx.p.pci, a, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(host_bridge), TEST(linux_probe),      TEST(absent),
	    TEST(functions),   TEST(lines_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
