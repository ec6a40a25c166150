/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/msi.h"
#include "drivers/pci/pci.h"
#include "drivers/pci/regs.h"
#include "tests/host/pci/pci_fake.h"

#define ETHERNET 0x020000
#define HOST_BRIDGE 0x060000
#define PCI_BRIDGE 0x060400

/* The scan only ever adds: each test looks at what was added since. */
static struct pci_device *last;

static int scan(void **state)
{
	static const struct pci_window ports = {.bus_end = 255};

	(void)state;
	if (!pci_window_count())
		assert_int_equal(pci_access_add(&ports), 0);
	fake_reset();
	for (struct pci_device *d = pci_next(last); d; d = pci_next(d))
		last = d;
	return 0;
}

static struct pci_device *found(u16 bdf)
{
	for (struct pci_device *d = pci_next(last); d; d = pci_next(d))
		if (d->bdf == bdf)
			return d;
	return NULL;
}

static u32 found_count(void)
{
	u32 n = 0;

	for (struct pci_device *d = pci_next(last); d; d = pci_next(d))
		n++;
	return n;
}

static void functions_and_buses_are_found(void **state)
{
	struct fake_function *f;

	(void)state;
	fake_add(PCI_BDF(0, 0, 0), 0x8086, 0x29c0, HOST_BRIDGE);
	fake_add(PCI_BDF(0, 2, 0), 0x8086, 0x100e, ETHERNET);
	fake_add(PCI_BDF(0, 2, 1), 0x8086, 0x100e, ETHERNET); /* the first has no such */
	f = fake_add(PCI_BDF(0, 3, 0), 0x8086, 1, 0x088000);
	fake_set(f, PCI_HEADER_TYPE, 1, PCI_HEADER_MULTIFUNCTION);
	fake_add(PCI_BDF(0, 3, 5), 0x8086, 2, 0x088000);
	f = fake_add(PCI_BDF(0, 4, 0), 0x8086, 3, PCI_BRIDGE);
	fake_bridge(f, 1, 2);
	f = fake_add(PCI_BDF(1, 0, 0), 0x8086, 4, PCI_BRIDGE);
	fake_bridge(f, 2, 2);
	fake_add(PCI_BDF(2, 7, 0), 0x10de, 5, 0x030000);
	fake_add(PCI_BDF(0x80, 0, 0), 0x8086, 6, HOST_BRIDGE); /* ports: only bus 0 is a root */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(found_count(), 7);
	assert_null(found(PCI_BDF(0, 2, 1)));
	assert_non_null(found(PCI_BDF(0, 3, 5)));
	assert_ptr_equal(found(PCI_BDF(2, 7, 0))->parent, found(PCI_BDF(1, 0, 0)));
	assert_ptr_equal(found(PCI_BDF(1, 0, 0))->parent, found(PCI_BDF(0, 4, 0)));
	assert_int_equal(found(PCI_BDF(2, 7, 0))->class, 0x030000);
	assert_int_equal(found(PCI_BDF(2, 7, 0))->revision, 3);
	assert_ptr_equal(pci_find(0, PCI_BDF(2, 7, 0)), found(PCI_BDF(2, 7, 0)));
	assert_null(pci_find(1, PCI_BDF(2, 7, 0)));
}

static void wrong_bridges_are_not_followed(void **state)
{
	(void)state;
	fake_bridge(fake_add(PCI_BDF(0, 1, 0), 1, 1, PCI_BRIDGE), 0, 0); /* no bus */
	fake_bridge(fake_add(PCI_BDF(0, 2, 0), 1, 2, PCI_BRIDGE), 5, 4); /* ends before it begins */
	fake_bridge(fake_add(PCI_BDF(0, 3, 0), 1, 3, PCI_BRIDGE), 3, 3); /* right */
	fake_bridge(fake_add(PCI_BDF(0, 4, 0), 1, 4, PCI_BRIDGE), 3, 3); /* the same bus */
	fake_bridge(fake_add(PCI_BDF(3, 0, 0), 1, 5, PCI_BRIDGE), 3, 3); /* its own bus */
	fake_bridge(fake_add(PCI_BDF(3, 1, 0), 1, 6, PCI_BRIDGE), 1, 255); /* back up */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(found_count(), 6);
	assert_ptr_equal(found(PCI_BDF(3, 0, 0))->parent, found(PCI_BDF(0, 3, 0)));
}

static void bars_are_sized_and_restored(void **state)
{
	struct fake_function *f = fake_add(PCI_BDF(0, 9, 0), 0x8086, 0x10c9, ETHERNET);
	static const u32 value[6] = {0xfebc0000, 0xe0000004, 0x00000020, 0x0000c001, 0, 0x1234};
	static const u32 mask[6] = {0xfffe0000, 0xf0000000, 0xffffffff, 0xffffffe0, 0, 0};
	struct pci_device *d;

	(void)state;
	for (u32 i = 0; i < 6; i++)
		fake_set(f, PCI_BAR(i), 4, value[i]);
	memcpy(f->bar_mask, mask, sizeof(mask));
	fake_set(f, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(pci_scan(), 0);
	d = found(f->bdf);
	assert_false(f->decoded);
	assert_int_equal(fake_get(f, PCI_COMMAND, 2), 7);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(fake_get(f, PCI_BAR(i), 4), value[i]);
	assert_int_equal(d->bar[0].base, 0xfebc0000);
	assert_int_equal(d->bar[0].size, 0x20000);
	assert_true(d->bar[1].wide);
	assert_int_equal(d->bar[1].base, 0x20e0000000);
	assert_int_equal(d->bar[1].size, 0x10000000);
	assert_int_equal(d->bar[2].size, 0);
	assert_true(d->bar[3].io);
	assert_int_equal(d->bar[3].base, 0xc000);
	assert_int_equal(d->bar[3].size, 0x20);
	assert_int_equal(d->bar[4].size, 0);
	assert_int_equal(d->bar[5].size, 0);
	assert_int_equal(d->bar[5].base, 0);
}

/* 64-bit in the last register: there is no upper half. */
static void a_last_wide_bar_is_narrow(void **state)
{
	struct fake_function *f = fake_add(PCI_BDF(0, 9, 0), 0x8086, 0x10c9, ETHERNET);

	(void)state;
	fake_set(f, PCI_BAR(5), 4, 0xe0000004);
	f->bar_mask[5] = 0xfff00000;
	fake_set(f, 0x28, 4, 0x55aa55aa);
	assert_int_equal(pci_scan(), 0);
	assert_false(found(f->bdf)->bar[5].wide);
	assert_int_equal(found(f->bdf)->bar[5].size, MIB(1));
	assert_int_equal(fake_get(f, 0x28, 4), 0x55aa55aa);
}

static void capability_lists_end(void **state)
{
	struct fake_function *f = fake_add(PCI_BDF(0, 9, 0), 0x8086, 0x10c9, ETHERNET);
	struct pci_device *d;

	(void)state;
	fake_set(f, PCI_CAPABILITIES, 1, 0x43); /* the low bits are reserved */
	fake_set(f, 0x40, 2, 0x5001);
	fake_set(f, 0x50, 2, 0x6005);
	fake_set(f, 0x60, 2, 0x4011); /* back to the first */
	assert_int_equal(pci_scan(), 0);
	d = found(f->bdf);
	assert_int_equal(pci_cap_find(d, PCI_CAP_MSI), 0); /* status says: no list */
	fake_set(f, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	assert_int_equal(pci_cap_find(d, PCI_CAP_PM), 0x40);
	assert_int_equal(pci_cap_find(d, PCI_CAP_MSIX), 0x60);
	assert_int_equal(pci_cap_find(d, PCI_CAP_PCIE), 0);
	fake_set(f, 0x50, 2, 0x2005); /* into the header */
	assert_int_equal(pci_cap_find(d, PCI_CAP_MSIX), 0);
	assert_int_equal(pci_ext_cap_find(d, PCI_EXT_CAP_SRIOV), 0);
}

static void msi_is_programmed_in_both_layouts(void **state)
{
	struct fake_function *f = fake_add(PCI_BDF(0, 9, 0), 0x8086, 0x10c9, ETHERNET);
	struct pci_msi_message message, far = {BIT(32), 0};
	struct pci_device *d;

	(void)state;
	assert_int_equal(pci_msi_message(255, 0x41, &message), ERR_RANGE);
	assert_int_equal(pci_msi_message(5, 0x41, &message), 0);
	assert_int_equal(message.address, 0xfee05000);
	assert_int_equal(pci_scan(), 0);
	d = found(f->bdf);
	assert_int_equal(pci_msi_set(d, &message), ERR_UNSUPPORTED);
	fake_set(f, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	fake_set(f, PCI_CAPABILITIES, 1, 0x50);
	fake_set(f, 0x50, 4, 0x00300005); /* three messages enabled */
	assert_int_equal(pci_msi_set(d, &message), 0);
	assert_int_equal(fake_get(f, 0x52, 2), 1);
	assert_int_equal(fake_get(f, 0x54, 4), 0xfee05000);
	assert_int_equal(fake_get(f, 0x58, 2), 0x41);
	assert_true(fake_get(f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF);
	assert_int_equal(pci_msi_set(d, &far), ERR_UNSUPPORTED);
	fake_set(f, 0x52, 2, PCI_MSI_64);
	far.data = 0x77;
	assert_int_equal(pci_msi_set(d, &far), 0);
	assert_int_equal(fake_get(f, 0x58, 4), 1);
	assert_int_equal(fake_get(f, 0x5c, 2), 0x77);
}

static void msix_tables_stay_in_their_bar(void **state)
{
	struct fake_function *f = fake_add(PCI_BDF(0, 9, 0), 0x8086, 0x10c9, ETHERNET);
	static const struct pci_msi_message message = {0xfee01000, 0x33};
	u32 *table = aligned_alloc(4096, 4096);
	struct pci_device *d;
	struct pci_msix m;

	(void)state;
	memset(table, 0, 4096);
	assert_int_equal(pci_scan(), 0);
	d = found(f->bdf);
	assert_int_equal(pci_msix_open(d, &m), ERR_UNSUPPORTED);
	fake_set(f, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	fake_set(f, PCI_CAPABILITIES, 1, 0x70);
	fake_set(f, 0x70, 4, 0x00020011); /* three entries */
	fake_set(f, 0x74, 4, 0x800 | 3);
	fake_set(f, 0x78, 4, 0xc00 | 3);
	assert_int_equal(pci_msix_open(d, &m), ERR_RANGE);
	d->bar[3] = (struct pci_bar){.base = (uintptr_t)table, .size = 0x82f};
	assert_int_equal(pci_msix_open(d, &m), ERR_RANGE);
	d->bar[3].size = 4096;
	assert_int_equal(pci_msix_open(d, &m), 0);
	assert_int_equal(m.count, 3);
	assert_int_equal(m.pba_offset, 0xc00);
	assert_int_equal(fake_get(f, 0x72, 2), PCI_MSIX_ENABLE | 2);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(table[0x200 + 4 * i + 3], PCI_MSIX_ENTRY_MASKED);
	pci_msix_set(&m, 2, &message, false);
	assert_int_equal(table[0x208], 0xfee01000);
	assert_int_equal(table[0x20a], 0x33);
	assert_int_equal(table[0x20b], 0);
	pci_msix_mask(&m, 2, true);
	assert_int_equal(table[0x20b], 1);
	pci_msix_close(&m);
	assert_int_equal(fake_get(f, 0x72, 2), 2);
	free(table);
}

static void addresses_are_read(void **state)
{
	static const char *const wrong[] = {
	    "",         "1",       "01:00",       "0:0:0:0.0",     "01:20.0", "01:00.8",
	    "100:00.0", "-1:00.0", "10000:0:0.0", "0000:01:00.0x", "01:00.",  " 1:00.0"};
	struct pci_device dev = {.segment = 2, .bdf = PCI_BDF(0x1f, 0x1e, 5)};
	char name[PCI_NAME];
	u16 segment, bdf;

	(void)state;
	assert_int_equal(pci_parse_address("ffff:1f:1e.5", &segment, &bdf), 0);
	assert_int_equal(segment, 0xffff);
	assert_int_equal(bdf, dev.bdf);
	assert_int_equal(pci_parse_address("01:00.0", &segment, &bdf), 0);
	assert_int_equal(segment, 0);
	assert_int_equal(bdf, PCI_BDF(1, 0, 0));
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(pci_parse_address(wrong[i], &segment, &bdf), ERR_INVAL);
	assert_string_equal(pci_name(&dev, name), "0002:1f:1e.5");
}

/* Behind memory: extended capabilities, and a window that does not begin at bus 0. */
static void windows_of_memory(void **state)
{
	static u32 *space; /* stays: windows are for ever */
	struct pci_window w = {.segment = 1, .bus_start = 4, .bus_end = 4};
	struct pci_device *d;
	u32 *fn;

	(void)state;
	space = aligned_alloc(MIB(1), MIB(1));
	memset(space, 0xff, MIB(1));
	w.base = HPA((uintptr_t)space - MIB(4));
	assert_int_equal(pci_access_add(&w), 0);
	assert_int_equal(pci_access_add(&w), ERR_EXIST);
	w.segment = 2;
	w.base = HPA(0);
	assert_int_equal(pci_access_add(&w), ERR_INVAL);
	fn = space + (2 << 15) / 4;
	memset(fn, 0, 4096);
	fn[0] = 0x10c98086;
	fn[1] = PCI_STATUS_CAPABILITIES << 16;
	fn[PCI_CAPABILITIES / 4] = 0x40;
	fn[0x40 / 4] = 0x00020010;
	fn[0x100 / 4] = 0x14010001; /* AER, then 0x140 */
	fn[0x140 / 4] = 0x16010010; /* SR-IOV, then 0x160 */
	fn[0x160 / 4] = 0x1001000e; /* ARI, then back */
	assert_int_equal(pci_scan(), 0);
	assert_int_equal(found_count(), 1);
	d = pci_find(1, PCI_BDF(4, 2, 0));
	assert_non_null(d);
	assert_int_equal(pci_ext_cap_find(d, PCI_EXT_CAP_SRIOV), 0x140);
	assert_int_equal(pci_ext_cap_find(d, PCI_EXT_CAP_ARI), 0x160);
	assert_int_equal(pci_ext_cap_find(d, PCI_EXT_CAP_ACS), 0);
	assert_int_equal(pci_config_read(1, PCI_BDF(5, 2, 0), 0, 4), 0xffffffff);
	assert_int_equal(pci_config_read(1, d->bdf, 2, 4), 0xffffffff);
	assert_int_equal(pci_config_read(1, d->bdf, 0, 2), 0x8086);
	assert_int_equal(pci_config_read(1, d->bdf, 3, 1), 0x10);
	pci_config_write(1, d->bdf, 0x3c, 1, 0xab);
	pci_config_write(1, d->bdf, 0x3e, 2, 0xcdef);
	assert_int_equal(fn[0x3c / 4], 0xcdef00ab);
	assert_int_equal(pci_config_read(0, PCI_BDF(0, 0, 0), 0x100, 4), 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(functions_and_buses_are_found, scan),
	    cmocka_unit_test_setup(wrong_bridges_are_not_followed, scan),
	    cmocka_unit_test_setup(bars_are_sized_and_restored, scan),
	    cmocka_unit_test_setup(a_last_wide_bar_is_narrow, scan),
	    cmocka_unit_test_setup(capability_lists_end, scan),
	    cmocka_unit_test_setup(msi_is_programmed_in_both_layouts, scan),
	    cmocka_unit_test_setup(msix_tables_stay_in_their_bar, scan),
	    cmocka_unit_test(addresses_are_read),
	    cmocka_unit_test_setup(windows_of_memory, scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
