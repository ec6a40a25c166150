/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices a structure of the DMAR table is about: VT-d 4.1, 8.3.1. */
#include "drivers/iommu/vtd.h"

/* All hops but the last are bridges; firmware names what is not there. */
bool vtd_scope_bus(const struct dmar_scope *scope, u16 segment, u8 *bus)
{
	*bus = scope->start_bus;
	for (u32 i = 0; i + 1 < scope->path_count; i++) {
		const struct dmar_path *hop = &scope->path[i];
		const struct pci_device *dev =
		    pci_find(segment, PCI_BDF(*bus, hop->device, hop->function));

		if (!dev || !dev->bridge || !dev->secondary)
			return false;
		*bus = dev->secondary;
	}
	return true;
}

/* The function that the path ends at, or NULL. */
static const struct pci_device *path_end(const struct dmar_scope *scope, u16 segment)
{
	const struct dmar_path *last = &scope->path[scope->path_count - 1];
	u8 bus;

	if (!vtd_scope_bus(scope, segment, &bus))
		return NULL;
	return pci_find(segment, PCI_BDF(bus, last->device, last->function));
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
