/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual functions: PCI Express 5.0, chapter 9. */
#include "arch/x86/cpu/tsc.h"
#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/checked.h"
#include "kernel/mm/heap.h"

#define SETTLE_US 100000 /* 9.3.3.3.1 */
#define ANSWER_POLLS 90
#define ANSWER_US 10000
#define PAGE_4K BIT(0)

static u32 sriov_read(const struct pci_device *pf, u32 reg, unsigned size)
{
	return pci_read(pf, pf->sriov.cap + reg, size);
}

static void sriov_write(const struct pci_device *pf, u32 reg, unsigned size, u32 value)
{
	pci_write(pf, pf->sriov.cap + reg, size, value);
}

/* Function numbers above 7 reach the device only if its port does not take them for a device
 * number (6.13). */
static bool ari_enable(const struct pci_device *pf)
{
	const struct pci_device *port = pf->parent;

	if (!port || !port->pcie ||
	    !(pci_read(port, port->pcie + PCIE_DEVICE_CAP2, 4) & PCIE_DEVICE_CAP2_ARI) ||
	    !pci_ext_cap_find(pf, PCI_EXT_CAP_ARI))
		return false;
	pci_update16(port, port->pcie + PCIE_DEVICE_CONTROL2, 0, PCIE_DEVICE_CONTROL2_ARI);
	return true;
}

/* Offsets depend on the number of functions and on ARI, so both are written first. */
static void layout_choose(struct pci_device *pf, u16 count, bool ari)
{
	pci_update16(pf, pf->sriov.cap + PCI_SRIOV_CONTROL, PCI_SRIOV_CONTROL_ARI,
		     ari ? PCI_SRIOV_CONTROL_ARI : 0);
	sriov_write(pf, PCI_SRIOV_PAGE, 4, PAGE_4K);
	sriov_write(pf, PCI_SRIOV_COUNT, 2, count);
	pf->sriov.offset = (u16)sriov_read(pf, PCI_SRIOV_OFFSET, 2);
	pf->sriov.stride = (u16)sriov_read(pf, PCI_SRIOV_STRIDE, 2);
	pf->sriov.device = (u16)sriov_read(pf, PCI_SRIOV_DEVICE_ID, 2);
}

/* All numbers are pf's, and so are not to be trusted. */
static int layout_check(const struct pci_device *pf, u16 count, bool ari)
{
	const struct pci_sriov *s = &pf->sriov;
	u32 first = (u32)pf->bdf + s->offset, last = first + (u32)s->stride * (count - 1u);
	char name[PCI_NAME];
	u8 bus_end;

	if (!s->offset || (count > 1 && !s->stride) || last > 0xffff)
		return trace_err(ERR_IO,
				 "pci: %s: its virtual functions cannot be (offset %u, "
				 "stride %u): update the device's firmware",
				 pci_name(pf, name), s->offset, s->stride);
	bus_end = pf->parent ? pf->parent->subordinate : PCI_BUS(pf->bdf);
	if (PCI_BUS(last) > bus_end)
		return trace_err(
		    ERR_RANGE,
		    "pci: %s: %u virtual functions need buses up to %u, but the firmware "
		    "gave its port those up to %u: turn SR-IOV on in the setup",
		    pci_name(pf, name), count, PCI_BUS(last), bus_end);
	if (pf->parent && !ari && PCI_BUS(first) == PCI_BUS(pf->bdf) && PCI_DEV(last))
		return trace_err(ERR_UNSUPPORTED,
				 "pci: %s: its port cannot reach virtual functions (no ARI): use "
				 "another slot",
				 pci_name(pf, name));
	return 0;
}

static bool layout_is_free(const struct pci_device *pf, u16 count)
{
	for (u32 i = 0; i < count; i++)
		if (pci_find(pf->segment, (u16)(pf->bdf + pf->sriov.offset + pf->sriov.stride * i)))
			return false;
	return true;
}

/* Where the firmware did not place them, or not for all that there can be. */
static int bar_place(struct pci_device *pf, unsigned i, u16 count)
{
	struct pci_bar *bar = &pf->sriov.bar[i];
	u64 copies = 1, bytes;
	char name[PCI_NAME];
	int err;

	if (!bar->size || bar->base)
		return 0;
	while (copies < count)
		copies *= 2;
	if (bar->io || !IS_ALIGNED(bar->size, PAGE_SIZE) || !checked_mul(bar->size, copies, &bytes))
		return trace_err(ERR_IO, "pci: %s: BAR %u of its virtual functions is malformed",
				 pci_name(pf, name), i);
	err = pci_space_find(pf, bar, bytes, &bar->base);
	if (err)
		return trace_err(
		    ERR_RANGE,
		    "pci: %s: no room for BAR %u of %u virtual functions: turn SR-IOV on "
		    "in the setup, or use fewer",
		    pci_name(pf, name), i, count);
	pci_bar_write(pf, pf->sriov.cap + PCI_SRIOV_BAR + 4 * i, bar, bar->base);
	return 0;
}

static int bars_place(struct pci_device *pf, u16 count)
{
	int err = 0;

	pci_bars_size(pf, pf->sriov.cap + PCI_SRIOV_BAR, pf->sriov.bar, PCI_BARS);
	for (unsigned i = 0; i < PCI_BARS && !err; i++)
		err = bar_place(pf, i, count);
	return err;
}

static int vf_add(struct pci_device *pf, u16 index)
{
	struct pci_device *vf = heap_alloc(sizeof(*vf));

	if (!vf)
		return trace_err(ERR_NOMEM, "pci: no memory for another function");
	vf->segment = pf->segment;
	vf->bdf = (u16)(pf->bdf + pf->sriov.offset + pf->sriov.stride * index);
	vf->parent = pf->parent;
	vf->pf = pf;
	vf->vf_index = index;
	pci_device_read(vf);
	vf->vendor = pf->vendor;
	vf->device = pf->sriov.device;
	vf->bridge = false;
	for (unsigned i = 0; i < PCI_BARS; i++) {
		vf->bar[i] = pf->sriov.bar[i];
		if (vf->bar[i].size)
			vf->bar[i].base += index * vf->bar[i].size;
	}
	pci_device_add(vf);
	return 0;
}

static bool answer(const struct pci_device *pf, u16 count)
{
	for (u32 i = 0; i < count; i++) {
		u16 bdf = (u16)(pf->bdf + pf->sriov.offset + pf->sriov.stride * i);

		if (pci_config_read(pf->segment, bdf, PCI_CLASS_REVISION, 4) == 0xffffffff)
			return false;
	}
	return true;
}

static int turn_on(struct pci_device *pf, u16 count)
{
	char name[PCI_NAME];
	u32 polls = 0;

	pci_update16(pf, pf->sriov.cap + PCI_SRIOV_CONTROL, 0,
		     PCI_SRIOV_CONTROL_ENABLE | PCI_SRIOV_CONTROL_MEMORY);
	tsc_delay_us(SETTLE_US);
	while (!answer(pf, count) && polls++ < ANSWER_POLLS)
		tsc_delay_us(ANSWER_US);
	if (polls <= ANSWER_POLLS)
		return 0;
	pci_update16(pf, pf->sriov.cap + PCI_SRIOV_CONTROL,
		     PCI_SRIOV_CONTROL_ENABLE | PCI_SRIOV_CONTROL_MEMORY, 0);
	return trace_err(ERR_TIMEOUT,
			 "pci: %s: its virtual functions do not answer: power the machine "
			 "off and on",
			 pci_name(pf, name));
}

static int check(const struct pci_device *pf, u16 count)
{
	char name[PCI_NAME];

	if (!pf->sriov.cap)
		return trace_err(ERR_UNSUPPORTED,
				 "pci: %s can have no virtual functions (no SR-IOV)",
				 pci_name(pf, name));
	if (pf->sriov.count || sriov_read(pf, PCI_SRIOV_CONTROL, 2) & PCI_SRIOV_CONTROL_ENABLE)
		return trace_err(ERR_BUSY, "pci: %s has virtual functions already",
				 pci_name(pf, name));
	if (!count || count > pf->sriov.total)
		return trace_err(ERR_RANGE, "pci: %s can have %u virtual functions, not %u",
				 pci_name(pf, name), pf->sriov.total, count);
	if (!(sriov_read(pf, PCI_SRIOV_PAGES, 4) & PAGE_4K))
		return trace_err(ERR_IO,
				 "pci: %s: its virtual functions do not know pages of 4 KiB",
				 pci_name(pf, name));
	return 0;
}

int pci_sriov_enable(struct pci_device *pf, u16 count)
{
	int err = check(pf, count);
	char name[PCI_NAME];
	bool ari;

	if (err)
		return err;
	pci_power_on(pf);
	ari = ari_enable(pf);
	layout_choose(pf, count, ari);
	err = layout_check(pf, count, ari);
	if (!err && !layout_is_free(pf, count))
		err = trace_err(ERR_IO, "pci: %s: its virtual functions would be where others are",
				pci_name(pf, name));
	if (!err)
		err = bars_place(pf, count);
	if (!err)
		err = turn_on(pf, count);
	for (u16 i = 0; i < count && !err; i++) {
		err = vf_add(pf, i);
		pf->sriov.count += !err;
	}
	return err;
}

struct pci_device *pci_sriov_vf(const struct pci_device *pf, u32 index)
{
	if (index >= pf->sriov.count)
		return NULL;
	return pci_find(pf->segment, (u16)(pf->bdf + pf->sriov.offset + pf->sriov.stride * index));
}
