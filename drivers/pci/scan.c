/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "drivers/pci/pci.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/bitmap.h"
#include "kernel/mm/heap.h"

#define BUSES 256
#define DEVICES 32
#define FUNCTIONS 8
#define ABSENT 0xffff

static struct list devices = LIST_INIT(devices);

struct scan {
	u16 segment;
	u64 seen[BUSES / 64]; /* buses */
	int err;
};

static void bus_scan(struct scan *s, u8 bus, struct pci_device *parent);

void pci_device_add(struct pci_device *dev)
{
	list_add_tail(&devices, &dev->link);
}

struct pci_device *pci_next(const struct pci_device *dev)
{
	const struct list *next = dev ? dev->link.next : devices.next;

	return next == &devices ? NULL : list_entry(next, struct pci_device, link);
}

struct pci_device *pci_find(u16 segment, u16 bdf)
{
	for (struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev))
		if (dev->segment == segment && dev->bdf == bdf)
			return dev;
	return NULL;
}

const char *pci_name(const struct pci_device *dev, char buf[PCI_NAME])
{
	(void)snprintf(buf, PCI_NAME, "%04x:%02x:%02x.%x", dev->segment, PCI_BUS(dev->bdf),
		       PCI_DEV(dev->bdf), PCI_FN(dev->bdf));
	return buf;
}

/* What firmware placed for virtual functions counts as taken, so their BARs are known at once. */
static void sriov_read(struct pci_device *dev)
{
	u16 cap = dev->pf ? 0 : pci_ext_cap_find(dev, PCI_EXT_CAP_SRIOV);

	if (!cap || cap > PCI_CONFIG_EXT_BYTES - PCI_SRIOV_BYTES)
		return;
	dev->sriov.cap = cap;
	dev->sriov.total = (u16)pci_read(dev, cap + PCI_SRIOV_TOTAL, 2);
	if (!(pci_read(dev, cap + PCI_SRIOV_CONTROL, 2) & PCI_SRIOV_CONTROL_ENABLE))
		pci_bars_size(dev, cap + PCI_SRIOV_BAR, dev->sriov.bar, PCI_BARS);
}

void pci_device_read(struct pci_device *dev)
{
	u32 class = pci_read(dev, PCI_CLASS_REVISION, 4);

	list_init(&dev->link);
	dev->vendor = (u16)pci_read(dev, PCI_VENDOR_ID, 2);
	dev->device = (u16)pci_read(dev, PCI_DEVICE_ID, 2);
	dev->class = class >> 8;
	dev->revision = (u8) class;
	dev->bridge =
	    (pci_read(dev, PCI_HEADER_TYPE, 1) & ~PCI_HEADER_MULTIFUNCTION) == PCI_HEADER_BRIDGE;
	dev->pcie = pci_cap_find(dev, PCI_CAP_PCIE);
	if (dev->pcie)
		dev->pcie_type = PCIE_TYPE(pci_read(dev, dev->pcie + PCIE_FLAGS, 2));
	dev->aer = pci_ext_cap_find(dev, PCI_EXT_CAP_AER);
	sriov_read(dev);
	if (dev->bridge) {
		dev->secondary = (u8)pci_read(dev, PCI_SECONDARY_BUS, 1);
		dev->subordinate = (u8)pci_read(dev, PCI_SUBORDINATE_BUS, 1);
		return;
	}
	dev->subsystem_vendor = (u16)pci_read(dev, PCI_SUBSYSTEM_VENDOR_ID, 2);
	dev->subsystem = (u16)pci_read(dev, PCI_SUBSYSTEM_ID, 2);
}

/* Not those of host bridges: on some machines they are the chipset's own registers. */
static void bars_scan(struct pci_device *dev)
{
	if (dev->class >> 8 != PCI_CLASS_BRIDGE_HOST)
		pci_bars_read(dev, PCI_BAR(0), dev->bar, dev->bridge ? 2 : PCI_BARS);
}

/* Go behind a bridge whose numbers lead downward, and to a bus that is new. */
static void bridge_scan(struct scan *s, struct pci_device *dev)
{
	u8 bus = PCI_BUS(dev->bdf);
	char name[PCI_NAME];

	if (!dev->secondary) {
		log_warn("pci: %s: firmware gave the bridge no bus, what is behind it is not seen",
			 pci_name(dev, name));
		return;
	}
	if (dev->secondary <= bus || dev->subordinate < dev->secondary ||
	    bitmap_test(s->seen, dev->secondary)) {
		log_warn("pci: %s: bridge to buses %u to %u, which cannot be: left out",
			 pci_name(dev, name), dev->secondary, dev->subordinate);
		return;
	}
	bus_scan(s, dev->secondary, dev);
}

/* Returns the function found, or NULL. */
static struct pci_device *function_scan(struct scan *s, u16 bdf, struct pci_device *parent)
{
	struct pci_device *dev;

	if ((u16)pci_config_read(s->segment, bdf, PCI_VENDOR_ID, 2) == ABSENT)
		return NULL;
	dev = heap_alloc(sizeof(*dev));
	if (!dev) {
		s->err = trace_err(ERR_NOMEM, "pci: no memory for another function");
		return NULL;
	}
	dev->segment = s->segment;
	dev->bdf = bdf;
	dev->parent = parent;
	pci_device_read(dev);
	bars_scan(dev);
	pci_device_add(dev);
	if (dev->bridge)
		bridge_scan(s, dev);
	return dev;
}

/* Does the port above send all function numbers to device 0 (PCI Express 5.0, 6.13)? */
static bool ari_is_on(const struct pci_device *parent)
{
	return parent && parent->pcie &&
	       pci_read(parent, parent->pcie + PCIE_DEVICE_CONTROL2, 2) & PCIE_DEVICE_CONTROL2_ARI;
}

/* The functions after the first one are a list, whose numbers only grow. */
static void ari_scan(struct scan *s, struct pci_device *dev, struct pci_device *parent)
{
	while (dev) {
		u16 ari = pci_ext_cap_find(dev, PCI_EXT_CAP_ARI);
		u16 next = ari ? PCI_ARI_NEXT(pci_read(dev, ari + PCI_ARI_CAP, 2)) : 0;

		if (next <= (dev->bdf & 0xff))
			return;
		dev = function_scan(s, (u16)(PCI_BUS(dev->bdf) << 8 | next), parent);
	}
}

static void device_scan(struct scan *s, u8 bus, u8 number, struct pci_device *parent)
{
	struct pci_device *first = function_scan(s, PCI_BDF(bus, number, 0), parent);

	if (!first)
		return;
	if (!number && ari_is_on(parent) && pci_ext_cap_find(first, PCI_EXT_CAP_ARI)) {
		ari_scan(s, first, parent);
		return;
	}
	if (pci_read(first, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTIFUNCTION)
		for (u8 fn = 1; fn < FUNCTIONS; fn++)
			function_scan(s, PCI_BDF(bus, number, fn), parent);
}

/* Behind a PCI Express port there is only device 0. */
static bool is_link(const struct pci_device *parent)
{
	return parent && parent->pcie &&
	       (parent->pcie_type == PCIE_TYPE_ROOT_PORT ||
		parent->pcie_type == PCIE_TYPE_DOWNSTREAM);
}

static void bus_scan(struct scan *s, u8 bus, struct pci_device *parent)
{
	bitmap_set(s->seen, bus);
	for (u8 number = 0; number < (is_link(parent) ? 1 : DEVICES); number++)
		device_scan(s, bus, number, parent);
}

/* Buses that no bridge led to are roots of their own: servers have several. A machine without
 * ECAM is too old for that. */
static void window_scan(struct scan *s, const struct pci_window *w)
{
	u32 last_root = w->ecam ? w->bus_end : w->bus_start;

	for (u32 bus = w->bus_start; bus <= last_root; bus++)
		if (!bitmap_test(s->seen, bus))
			bus_scan(s, (u8)bus, NULL);
}

static bool segment_is_new(u32 i)
{
	for (u32 before = 0; before < i; before++)
		if (pci_window_at(before)->segment == pci_window_at(i)->segment)
			return false;
	return true;
}

int pci_scan(void)
{
	int err = 0;

	for (u32 first = 0; first < pci_window_count(); first++) {
		struct scan s = {.segment = pci_window_at(first)->segment, .err = err};

		if (!segment_is_new(first))
			continue;
		for (u32 i = first; i < pci_window_count(); i++)
			if (pci_window_at(i)->segment == s.segment)
				window_scan(&s, pci_window_at(i));
		err = s.err;
	}
	return err;
}
