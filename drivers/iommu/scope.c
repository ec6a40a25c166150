/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices a structure of the DMAR table is about: VT-d 4.1, 8.3.1. */
#include "drivers/iommu/vtd.h"

/* The function that the path ends at, or NULL: firmware names what is not there. */
static const struct pci_device *path_end(const struct dmar_scope *scope, u16 segment)
{
	const struct pci_device *dev = NULL;
	u8 bus = scope->start_bus;

	for (u32 i = 0; i < scope->path_count; i++) {
		if (i && (!dev->bridge || !dev->secondary))
			return NULL;
		if (i)
			bus = dev->secondary;
		dev =
		    pci_find(segment, PCI_BDF(bus, scope->path[i].device, scope->path[i].function));
		if (!dev)
			return NULL;
	}
	return dev;
}

static bool is_below(const struct pci_device *dev, const struct pci_device *bridge)
{
	for (; dev; dev = dev->parent)
		if (dev == bridge)
			return true;
	return false;
}

/* A virtual function belongs where its physical one does (8.3.1). */
bool vtd_scope_names(const struct dmar_unit *scope, const struct pci_device *dev)
{
	if (dev->pf)
		dev = dev->pf;
	if (scope->segment != dev->segment)
		return false;
	for (u32 i = 0; i < scope->scope_count; i++) {
		const struct dmar_scope *s = &scope->scopes[i];
		const struct pci_device *end = path_end(s, scope->segment);

		if (!end)
			continue;
		if (s->type == DMAR_SCOPE_ENDPOINT && end == dev)
			return true;
		if (s->type == DMAR_SCOPE_BRIDGE && is_below(dev, end))
			return true;
	}
	return false;
}
