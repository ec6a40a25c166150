/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory regions that firmware's own users of DMA need, such as a USB controller that plays a
 * PS/2 keyboard: VT-d 4.1, 8.4. */
#include "drivers/iommu/machine.h"

/* One domain per region, the identity; it is for whoever the table names. */
static void region_map(const struct dmar_unit *region, struct iommu_domain **domain)
{
	u64 start = ALIGN_DOWN(region->base.v, PAGE_SIZE);
	u64 size = ALIGN_UP(region->base.v + region->size, PAGE_SIZE) - start;

	*domain = iommu_domain_create("reserved", RADIX_2M);
	if (*domain && iommu_map(*domain, start, HPA(start), size, RADIX_RW)) {
		iommu_domain_destroy(*domain);
		*domain = NULL;
	}
}

static void region_attach(struct iommu_domain *domain, const struct pci_device *dev)
{
	char name[PCI_NAME];
	int err;

	ticket_lock(&iommu.lock);
	err = iommu_attach_locked(domain, dev, true);
	ticket_unlock(&iommu.lock);
	if (err)
		log_warn("iommu: %s: its reserved region is left out (%s)", pci_name(dev, name),
			 err_name(err));
}

static void region_keep(const struct dmar_unit *region, bool (*is_ram)(hpa_t pa, u64 size))
{
	struct iommu_domain *domain = NULL;
	char name[PCI_NAME];

	for (struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev)) {
		if (!vtd_scope_names(region, dev))
			continue;
		if (is_ram(region->base, region->size)) {
			log_warn("iommu: %s: firmware reserves memory for it at 0x%llx that is not "
				 "reserved in the memory map: the device gets no DMA, update the "
				 "firmware",
				 pci_name(dev, name), (unsigned long long)region->base.v);
			continue;
		}
		if (!domain)
			region_map(region, &domain);
		if (domain)
			region_attach(domain, dev);
	}
}

/* Virtual functions are the system's alone. */
bool iommu_has_reserved(const struct pci_device *dev)
{
	for (u32 i = 0; i < iommu.dmar->count && !dev->pf; i++)
		if (iommu.dmar->units[i].type == DMAR_RMRR &&
		    vtd_scope_names(&iommu.dmar->units[i], dev))
			return true;
	return false;
}

void iommu_reserved_map(const struct dmar *dmar, bool (*is_ram)(hpa_t pa, u64 size))
{
	for (u32 i = 0; i < dmar->count; i++)
		if (dmar->units[i].type == DMAR_RMRR)
			region_keep(&dmar->units[i], is_ram);
}
