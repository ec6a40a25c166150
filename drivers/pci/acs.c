/* SPDX-License-Identifier: BSD-2-Clause */
/* Access control services: PCI Express 5.0, 6.12. */
#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"

#define PORT_NEEDS                                                                            \
	(PCI_ACS_SOURCE_VALIDATION | PCI_ACS_REQUEST_REDIRECT | PCI_ACS_COMPLETION_REDIRECT | \
	 PCI_ACS_UPSTREAM_FORWARDING)
#define FUNCTION_NEEDS (PCI_ACS_REQUEST_REDIRECT | PCI_ACS_COMPLETION_REDIRECT)

static bool is_port(const struct pci_device *dev)
{
	return dev->pcie &&
	       (dev->pcie_type == PCIE_TYPE_ROOT_PORT || dev->pcie_type == PCIE_TYPE_DOWNSTREAM);
}

static u16 controls(const struct pci_device *dev)
{
	u16 cap = pci_ext_cap_find(dev, PCI_EXT_CAP_ACS);

	return cap ? (u16)pci_read(dev, cap + PCI_ACS_CONTROL, 2) : 0;
}

void pci_isolation_enable(void)
{
	for (const struct pci_device *d = pci_next(NULL); d; d = pci_next(d)) {
		u16 cap = pci_ext_cap_find(d, PCI_EXT_CAP_ACS);
		u16 wanted = is_port(d) ? PORT_NEEDS : FUNCTION_NEEDS;

		if (cap && !d->pf)
			pci_update16(d, cap + PCI_ACS_CONTROL, 0,
				     wanted & (u16)pci_read(d, cap + PCI_ACS_CAP, 2));
	}
}

/* Other functions of the same device, virtual ones not counted. */
static bool has_siblings(const struct pci_device *dev)
{
	for (const struct pci_device *d = pci_next(NULL); d; d = pci_next(d))
		if (d != dev && d->segment == dev->segment && !d->pf &&
		    PCI_BUS(d->bdf) == PCI_BUS(dev->bdf) && PCI_DEV(d->bdf) == PCI_DEV(dev->bdf))
			return true;
	return false;
}

/* A device with virtual functions that lacks these services does not connect its functions: those
 * that do must have them (6.12.1.2). Older devices of several functions promise nothing. */
static bool connects_functions(const struct pci_device *dev)
{
	const struct pci_device *pf = dev->pf ? dev->pf : dev;
	bool has = pci_ext_cap_find(pf, PCI_EXT_CAP_ACS);

	if (has)
		return (controls(pf) & FUNCTION_NEEDS) != FUNCTION_NEEDS;
	return !dev->pf && has_siblings(dev);
}

const char *pci_isolation_missing(const struct pci_device *dev, const struct pci_device **where)
{
	*where = dev;
	if (connects_functions(dev))
		return "may connect its functions with each other";
	for (const struct pci_device *up = dev->parent; up; up = up->parent) {
		*where = up;
		if (!up->pcie || up->pcie_type == PCIE_TYPE_TO_PCI)
			return "is a bridge to conventional PCI, where devices share a bus";
		if (is_port(up) && (controls(up) & PORT_NEEDS) != PORT_NEEDS)
			return "is a port without access control (ACS), which may connect devices";
	}
	return NULL;
}
