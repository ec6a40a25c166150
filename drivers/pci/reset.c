/* SPDX-License-Identifier: BSD-2-Clause */
/* Power states and resets of a function: PCI Express 5.0, 5.3.1.4, 6.6.2. */
#include "arch/x86/cpu/tsc.h"
#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"
#include "kernel/time/time.h"

#define MS 1000000ull
#define POWER_NS (10 * MS)
/* How long requests may be under way (6.6.2: at most 100 ms after they were stopped). */
#define DRAIN_NS (100 * MS)
#define SETTLE_NS (100 * MS)
#define ANSWER_NS (1000 * MS)
#define POWER_D3 3u

enum step { DRAIN, LOW, SETTLE, ANSWER };

static const char *const names[] = {
    [PCI_RESET_NONE] = "none",
    [PCI_RESET_FLR] = "FLR",
    [PCI_RESET_AF] = "FLR (advanced features)",
    [PCI_RESET_POWER] = "power state",
};

const char *pci_reset_name(enum pci_reset_kind kind)
{
	return names[kind];
}

static void power_set(const struct pci_device *dev, u16 cap, u32 state)
{
	pci_update16(dev, cap + PCI_PM_CONTROL, PCI_PM_STATE, (u16)state);
}

void pci_power_on(const struct pci_device *dev)
{
	u16 cap = pci_cap_find(dev, PCI_CAP_PM);

	if (!cap || !(pci_read(dev, cap + PCI_PM_CONTROL, 2) & PCI_PM_STATE))
		return;
	power_set(dev, cap, 0);
	tsc_delay_us(POWER_NS / 1000);
}

enum pci_reset_kind pci_reset_choose(struct pci_reset *r, const struct pci_device *dev)
{
	u16 af = pci_cap_find(dev, PCI_CAP_AF), pm = pci_cap_find(dev, PCI_CAP_PM);

	*r = (struct pci_reset){.dev = dev, .kind = PCI_RESET_NONE};
	if (dev->pcie && pci_read(dev, dev->pcie + PCIE_DEVICE_CAP, 4) & PCIE_DEVICE_CAP_FLR) {
		r->kind = PCI_RESET_FLR;
		r->cap = dev->pcie;
	} else if (af && pci_read(dev, af + PCI_AF_CAP, 1) & PCI_AF_CAP_FLR) {
		r->kind = PCI_RESET_AF;
		r->cap = af;
	} else if (pm && !(pci_read(dev, pm + PCI_PM_CONTROL, 2) & PCI_PM_NO_SOFT_RESET)) {
		r->kind = PCI_RESET_POWER;
		r->cap = pm;
	}
	return r->kind;
}

static void wait(struct pci_reset *r, enum step step, u64 ns)
{
	r->step = step;
	r->deadline = time_tsc() + time_ns_to_ticks(ns);
}

int pci_reset_start(struct pci_reset *r, const struct pci_device *dev)
{
	char name[PCI_NAME];

	if (pci_reset_choose(r, dev) == PCI_RESET_NONE)
		return trace_err(
		    ERR_UNSUPPORTED,
		    "pci: %s cannot be reset on its own: it cannot be given to a guest",
		    pci_name(dev, name));
	if (dev->pcie) {
		r->control = (u16)pci_read(dev, dev->pcie + PCIE_DEVICE_CONTROL, 2);
		r->control2 = (u16)pci_read(dev, dev->pcie + PCIE_DEVICE_CONTROL2, 2);
	}
	pci_write(dev, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
	wait(r, DRAIN, DRAIN_NS);
	return 0;
}

static bool is_pending(const struct pci_reset *r)
{
	if (r->kind == PCI_RESET_AF)
		return pci_read(r->dev, r->cap + PCI_AF_STATUS, 1) & PCI_AF_STATUS_PENDING;
	return r->dev->pcie &&
	       pci_read(r->dev, r->dev->pcie + PCIE_DEVICE_STATUS, 2) & PCIE_DEVICE_STATUS_PENDING;
}

static int fire(struct pci_reset *r)
{
	switch (r->kind) {
	case PCI_RESET_FLR:
		pci_update16(r->dev, r->cap + PCIE_DEVICE_CONTROL, 0, PCIE_DEVICE_CONTROL_FLR);
		break;
	case PCI_RESET_AF:
		pci_write(r->dev, r->cap + PCI_AF_CONTROL, 1, PCI_AF_CONTROL_FLR);
		break;
	default:
		power_set(r->dev, r->cap, POWER_D3);
		wait(r, LOW, POWER_NS);
		return ERR_BUSY;
	}
	wait(r, SETTLE, SETTLE_NS);
	return ERR_BUSY;
}

/* Requests that do not end are lost by the reset; what they reach is known to the unit alone. */
static int drain_poll(struct pci_reset *r, bool late)
{
	char name[PCI_NAME];

	if (!is_pending(r))
		return fire(r);
	if (!late)
		return ERR_BUSY;
	log_warn("pci: %s still has requests under way: it is reset all the same",
		 pci_name(r->dev, name));
	return fire(r);
}

static int low_poll(struct pci_reset *r, bool late)
{
	if (late) {
		power_set(r->dev, r->cap, 0);
		wait(r, SETTLE, POWER_NS);
	}
	return ERR_BUSY;
}

static int settle_poll(struct pci_reset *r, bool late)
{
	if (late)
		wait(r, ANSWER, ANSWER_NS);
	return ERR_BUSY;
}

/* As after power-on, but as firmware and boot had configured it. Of a virtual function the BARs
 * and the link's parameters are its physical one's. */
static void restore(const struct pci_reset *r)
{
	const struct pci_device *dev = r->dev;

	if (dev->pf)
		return;
	for (unsigned i = 0; i < PCI_BARS && !dev->bridge; i++)
		if (dev->bar[i].size && dev->bar[i].base)
			pci_bar_write(dev, PCI_BAR(i), &dev->bar[i], dev->bar[i].base);
	if (dev->pcie) {
		pci_write(dev, dev->pcie + PCIE_DEVICE_CONTROL, 2,
			  r->control & ~(u32)PCIE_DEVICE_CONTROL_FLR);
		pci_write(dev, dev->pcie + PCIE_DEVICE_CONTROL2, 2, r->control2);
	}
}

/* Virtual functions have no IDs, so it is the class that tells. While it is not ready, its port
 * answers for it, with the vendor 1 (2.3.2) or all ones. */
static bool answers(const struct pci_device *dev)
{
	u32 ids = pci_read(dev, PCI_VENDOR_ID, 4);

	return (ids & 0xffff) != 1 && pci_read(dev, PCI_CLASS_REVISION, 4) >> 8 == dev->class;
}

static int answer_poll(struct pci_reset *r, bool late)
{
	char name[PCI_NAME];

	if (answers(r->dev)) {
		restore(r);
		return 0;
	}
	if (!late)
		return ERR_BUSY;
	return trace_err(ERR_TIMEOUT,
			 "pci: %s does not answer after its reset: it is not used any more, power "
			 "the machine off and on",
			 pci_name(r->dev, name));
}

int pci_reset_poll(struct pci_reset *r)
{
	static int (*const poll[])(struct pci_reset * r, bool late) = {
	    [DRAIN] = drain_poll, [LOW] = low_poll, [SETTLE] = settle_poll, [ANSWER] = answer_poll};

	return poll[r->step](r, time_tsc() >= r->deadline);
}
