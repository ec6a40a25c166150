/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"
#include "tests/host/pci/config_fake.h"

#define PORT PCI_BDF(0, 1, 0)
#define NIC PCI_BDF(1, 0, 0)
#define WINDOW 0xc0000000u
#define PORT_ACS 0x5d

static struct config_fake *port, *nic;
static struct pci_device *port_dev, *nic_dev;

/* A root port with 2 MiB of memory, and a card of 7 virtual functions behind it. */
static void machine(u8 subordinate)
{
	config_fake_reset();
	port = config_fake_add(PORT, PCIE_TYPE_ROOT_PORT, NULL);
	config_fake_bridge(port, 1, subordinate, WINDOW, WINDOW + MIB(2));
	config_set(port, 0x40 + PCIE_DEVICE_CAP2, 4, (u32)PCIE_DEVICE_CAP2_ARI);
	config_fake_ext_cap(port, PCI_EXT_CAP_ACS, 0x148);
	config_set(port, 0x148 + PCI_ACS_CAP, 2, 0x7f);
	config_writable(port, 0x148 + PCI_ACS_CONTROL, 2, 0x7f);
	port_dev = config_fake_scan(port);
	nic = config_fake_add(NIC, PCIE_TYPE_ENDPOINT, port_dev);
	config_fake_ext_cap(nic, PCI_EXT_CAP_ARI, 0x150);
	config_fake_sriov(nic, 7, 128, 2);
	config_set(nic, 0x40 + PCIE_DEVICE_CAP, 4, (u32)PCIE_DEVICE_CAP_FLR);
	config_set(nic, PCI_BAR(0), 4, WINDOW);
	config_writable(nic, PCI_BAR(0), 4, 0xfffe0000);
}

static int setup(void **state)
{
	(void)state;
	machine(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_fake_reset();
	return 0;
}

static void start(void)
{
	nic_dev = config_fake_scan(nic);
}

static void virtual_functions_appear(void **state)
{
	struct pci_device *vf;

	(void)state;
	start();
	assert_int_equal(nic_dev->sriov.total, 7);
	assert_null(pci_sriov_vf(nic_dev, 0));
	assert_int_equal(pci_sriov_enable(nic_dev, 3), 0);
	assert_true(config_get(port, 0x40 + PCIE_DEVICE_CONTROL2, 2) & PCIE_DEVICE_CONTROL2_ARI);
	assert_int_equal(config_get(nic, 0x160 + PCI_SRIOV_CONTROL, 2), 0x19);
	assert_int_equal(config_get(nic, 0x160 + PCI_SRIOV_COUNT, 2), 3);
	assert_int_equal(config_get(nic, 0x160 + PCI_SRIOV_PAGE, 4), 1);
	vf = pci_sriov_vf(nic_dev, 2);
	assert_non_null(vf);
	assert_int_equal(vf->bdf, NIC + 128 + 4);
	assert_int_equal(vf->vendor, 0x8086);
	assert_int_equal(vf->device, 0x10ca);
	assert_int_equal(vf->vf_index, 2);
	assert_ptr_equal(vf->pf, nic_dev);
	assert_ptr_equal(vf->parent, port_dev);
	assert_null(pci_sriov_vf(nic_dev, 3));
	assert_int_equal(pci_sriov_enable(nic_dev, 3), ERR_BUSY);
}

/* The firmware placed nothing: the card's own 128 KiB are in the way, and both must not meet. */
static void their_memory_is_placed(void **state)
{
	const struct pci_bar *bar;

	(void)state;
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 7), 0);
	bar = nic_dev->sriov.bar;
	assert_int_equal(bar[0].base, WINDOW + KIB(128));
	assert_int_equal(bar[3].base, WINDOW + KIB(256));
	assert_int_equal(config_get(nic, 0x160 + PCI_SRIOV_BAR, 4), bar[0].base);
	assert_int_equal(config_get(nic, 0x160 + PCI_SRIOV_BAR + 12, 4), bar[3].base | 4);
	assert_int_equal(pci_sriov_vf(nic_dev, 6)->bar[3].base, bar[3].base + 6 * KIB(16));
	assert_int_equal(pci_sriov_vf(nic_dev, 6)->bar[0].size, KIB(16));
}

static void what_firmware_placed_stays(void **state)
{
	(void)state;
	config_set(nic, 0x160 + PCI_SRIOV_BAR, 4, WINDOW + MIB(1));
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 2), 0);
	assert_int_equal(nic_dev->sriov.bar[0].base, WINDOW + MIB(1));
}

static void cards_that_do_not_fit(void **state)
{
	static const struct {
		u16 offset, stride, count;
		u8 subordinate;
		int err;
	} cases[] = {
	    {0, 2, 1, 1, ERR_IO},      {128, 0, 2, 1, ERR_IO},      {0xff00, 2, 1, 1, ERR_IO},
	    {256, 1, 1, 1, ERR_RANGE}, {256, 1, 1, 2, 0},           {128, 2, 8, 1, ERR_RANGE},
	    {128, 2, 0, 1, ERR_RANGE}, {128, 100, 3, 1, ERR_RANGE},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		machine(cases[i].subordinate);
		config_set(nic, 0x160 + PCI_SRIOV_OFFSET, 2, cases[i].offset);
		config_set(nic, 0x160 + PCI_SRIOV_STRIDE, 2, cases[i].stride);
		start();
		assert_int_equal(pci_sriov_enable(nic_dev, cases[i].count), cases[i].err);
		assert_int_equal(nic_dev->sriov.count, cases[i].err ? 0 : cases[i].count);
	}
	machine(1);
	nic->sriov = 0;
	config_set(nic, 0x160, 4, 0x00010001);
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 1), ERR_UNSUPPORTED);
}

static void ports_without_ari(void **state)
{
	(void)state;
	config_set(port, 0x40 + PCIE_DEVICE_CAP2, 4, 0);
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 1), ERR_UNSUPPORTED);
	/* With ARI the card is laid out differently. */
	machine(1);
	nic->offset_ari = 8;
	nic->stride_ari = 1;
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 2), 0);
	assert_int_equal(pci_sriov_vf(nic_dev, 1)->bdf, NIC + 9);
}

static void virtual_functions_that_are_dead(void **state)
{
	(void)state;
	nic->vfs_dead = true;
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 2), ERR_TIMEOUT);
	assert_false(config_get(nic, 0x160 + PCI_SRIOV_CONTROL, 2) & PCI_SRIOV_CONTROL_ENABLE);
	assert_null(pci_sriov_vf(nic_dev, 0));
}

static void a_window_that_is_full(void **state)
{
	(void)state;
	config_set(port, PCI_MEMORY_LIMIT, 2, WINDOW >> 16);
	config_writable(nic, PCI_BAR(0), 4, 0xfff00000); /* takes all of it */
	start();
	assert_int_equal(pci_sriov_enable(nic_dev, 1), ERR_RANGE);
}

static void bars_that_firmware_left(void **state)
{
	struct config_fake *other = config_fake_add(PCI_BDF(1, 0, 1), PCIE_TYPE_ENDPOINT, port_dev);
	struct config_fake *root = config_fake_add(PCI_BDF(0, 2, 0), PCIE_TYPE_INTEGRATED, NULL);
	struct pci_device *d, *on_root;

	(void)state;
	start();
	config_writable(other, PCI_BAR(0), 4, 0xfff80000);
	config_set(other, PCI_BAR(2), 4, 4);
	config_writable(other, PCI_BAR(2), 4, 0xfffff000);
	config_writable(other, PCI_BAR(3), 4, 0xffffffff);
	d = config_fake_scan(other);
	assert_int_equal(pci_bars_assign(d), 0);
	assert_int_equal(d->bar[0].base, WINDOW + KIB(512));
	assert_int_equal(d->bar[2].base, WINDOW + KIB(128));
	assert_int_equal(config_get(other, PCI_BAR(0), 4), d->bar[0].base);
	config_writable(root, PCI_BAR(0), 4, 0xfffff000);
	on_root = config_fake_scan(root);
	assert_int_equal(pci_bars_assign(on_root), ERR_UNSUPPORTED);
}

static void isolation_is_a_matter_of_all_ports(void **state)
{
	struct config_fake *up = config_fake_add(PCI_BDF(1, 1, 0), PCIE_TYPE_UPSTREAM, port_dev);
	struct config_fake *down, *end;
	struct pci_device *end_dev;
	const struct pci_device *where;

	(void)state;
	start();
	config_fake_bridge(up, 2, 3, 0xfff00000, 0);
	down = config_fake_add(PCI_BDF(2, 0, 0), PCIE_TYPE_DOWNSTREAM, config_fake_scan(up));
	config_fake_bridge(down, 3, 3, 0xfff00000, 0);
	end = config_fake_add(PCI_BDF(3, 0, 0), PCIE_TYPE_ENDPOINT, config_fake_scan(down));
	end_dev = config_fake_scan(end);
	assert_non_null(pci_isolation_missing(nic_dev, &where));
	assert_ptr_equal(where, port_dev);
	pci_isolation_enable();
	assert_int_equal(config_get(port, 0x148 + PCI_ACS_CONTROL, 2), 0x1d);
	assert_null(pci_isolation_missing(nic_dev, &where));
	assert_non_null(pci_isolation_missing(end_dev, &where));
	assert_ptr_equal(where, &down->dev);
	config_fake_ext_cap(down, PCI_EXT_CAP_ACS, 0x148);
	config_writable(down, 0x148 + PCI_ACS_CONTROL, 2, 0x7f);
	config_set(down, 0x148 + PCI_ACS_CAP, 2, 0x0d); /* no upstream forwarding */
	pci_isolation_enable();
	assert_non_null(pci_isolation_missing(end_dev, &where));
	config_set(down, 0x148 + PCI_ACS_CAP, 2, 0x1d);
	pci_isolation_enable();
	assert_null(pci_isolation_missing(end_dev, &where));
}

static void functions_of_one_device(void **state)
{
	const struct pci_device *where;
	struct config_fake *other;

	(void)state;
	start();
	pci_isolation_enable();
	assert_int_equal(pci_sriov_enable(nic_dev, 2), 0);
	assert_null(pci_isolation_missing(pci_sriov_vf(nic_dev, 1), &where));
	other = config_fake_add(PCI_BDF(1, 0, 1), PCIE_TYPE_ENDPOINT, port_dev);
	config_fake_scan(other);
	assert_non_null(pci_isolation_missing(nic_dev, &where));
	assert_ptr_equal(where, nic_dev);
	assert_null(pci_isolation_missing(pci_sriov_vf(nic_dev, 1), &where));
	/* It says that it does connect them, and cannot be told not to. */
	config_fake_ext_cap(nic, PCI_EXT_CAP_ACS, 0x1d0);
	assert_non_null(pci_isolation_missing(pci_sriov_vf(nic_dev, 1), &where));
}

static int reset_result(struct pci_reset *r, const struct pci_device *dev)
{
	int err = pci_reset_start(r, dev);

	for (u32 polls = 0; polls < 10000 && !err; polls++) {
		err = pci_reset_poll(r);
		if (err != ERR_BUSY)
			return err;
		err = 0;
	}
	return err ? err : ERR_BUSY;
}

static void a_function_is_reset(void **state)
{
	struct pci_reset r;
	u64 before;

	(void)state;
	start();
	config_set(nic, PCI_COMMAND, 2, 7);
	config_set(nic, 0x40 + PCIE_DEVICE_CONTROL, 2, 0x205f);
	before = config_fake_now;
	assert_int_equal(reset_result(&r, nic_dev), 0);
	assert_int_equal(r.kind, PCI_RESET_FLR);
	assert_int_equal(nic->resets, 1);
	assert_true(config_fake_now - before >= 100000000);
	assert_int_equal(config_get(nic, PCI_BAR(0), 4), WINDOW);
	assert_int_equal(config_get(nic, 0x40 + PCIE_DEVICE_CONTROL, 2), 0x205f);
	assert_false(config_get(nic, PCI_COMMAND, 2) & (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY));
}

static void a_reset_waits_for_requests(void **state)
{
	struct pci_reset r;

	(void)state;
	start();
	config_set(nic, 0x40 + PCIE_DEVICE_STATUS, 2, PCIE_DEVICE_STATUS_PENDING);
	assert_int_equal(pci_reset_start(&r, nic_dev), 0);
	for (u32 i = 0; i < 50; i++)
		assert_int_equal(pci_reset_poll(&r), ERR_BUSY);
	assert_int_equal(nic->resets, 0);
	config_set(nic, 0x40 + PCIE_DEVICE_STATUS, 2, 0);
	assert_int_equal(pci_reset_poll(&r), ERR_BUSY);
	assert_int_equal(nic->resets, 1);
	/* Those that never end do not keep it from being reset. */
	config_set(nic, 0x40 + PCIE_DEVICE_STATUS, 2, PCIE_DEVICE_STATUS_PENDING);
	assert_int_equal(reset_result(&r, nic_dev), 0);
	assert_int_equal(nic->resets, 2);
}

static void a_function_that_is_slow_or_dead(void **state)
{
	struct pci_reset r;

	(void)state;
	start();
	nic->reset_takes = 600000000; /* 0.6 s */
	assert_int_equal(reset_result(&r, nic_dev), 0);
	nic->reset_takes = ~0ull;
	assert_int_equal(reset_result(&r, nic_dev), ERR_TIMEOUT);
}

static void other_kinds_of_reset(void **state)
{
	struct pci_reset r;

	(void)state;
	start();
	config_set(nic, 0x40 + PCIE_DEVICE_CAP, 4, 0);
	assert_int_equal(pci_reset_start(&r, nic_dev), ERR_UNSUPPORTED);
	config_set(nic, 0x41, 1, 0x80);
	config_set(nic, 0x80, 4, 0x00030001); /* power management */
	config_writable(nic, 0x84, 2, 3);
	assert_int_equal(reset_result(&r, nic_dev), 0);
	assert_int_equal(r.kind, PCI_RESET_POWER);
	assert_int_equal(config_get(nic, 0x84, 2) & 3, 0);
	config_set(nic, 0x84, 2, PCI_PM_NO_SOFT_RESET);
	assert_int_equal(pci_reset_start(&r, nic_dev), ERR_UNSUPPORTED);
	config_set(nic, 0x81, 1, 0x90);
	config_set(nic, 0x90, 4, 0x03060013); /* advanced features */
	config_writable(nic, 0x94, 1, 1);
	assert_int_equal(reset_result(&r, nic_dev), 0);
	assert_int_equal(r.kind, PCI_RESET_AF);
	assert_int_equal(config_get(nic, 0x94, 1), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(virtual_functions_appear),
	    TEST(their_memory_is_placed),
	    TEST(what_firmware_placed_stays),
	    TEST(cards_that_do_not_fit),
	    TEST(ports_without_ari),
	    TEST(virtual_functions_that_are_dead),
	    TEST(a_window_that_is_full),
	    TEST(bars_that_firmware_left),
	    TEST(isolation_is_a_matter_of_all_ports),
	    TEST(functions_of_one_device),
	    TEST(a_function_is_reset),
	    TEST(a_reset_waits_for_requests),
	    TEST(a_function_that_is_slow_or_dead),
	    TEST(other_kinds_of_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
