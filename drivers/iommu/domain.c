/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/iommu/machine.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/bitmap.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"

static int table_alloc(void *ctx, hpa_t *page)
{
	(void)ctx;
	return page_alloc_zeroed(0, 0, page);
}

static void table_free(void *ctx, hpa_t page)
{
	(void)ctx;
	page_free(page, 0);
}

static void *table_virt(void *ctx, hpa_t page)
{
	(void)ctx;
	return page_virt(page);
}

/* Any unit that does not snoop will do: they all may walk the table. */
static void table_writeback(void *ctx, const void *start, size_t bytes)
{
	(void)ctx;
	for (u32 i = 0; i < iommu.count; i++) {
		if (iommu.units[i].ecap & VTD_ECAP_COHERENT)
			continue;
		vtd_writeback(&iommu.units[i], start, bytes);
		return;
	}
}

static const struct radix_mem_ops mem_ops = {
    .alloc = table_alloc, .free = table_free, .virt = table_virt, .writeback = table_writeback};
static const struct radix_mem_ops coherent_mem_ops = {
    .alloc = table_alloc, .free = table_free, .virt = table_virt};

/* 0 is not used: units with caching mode reserve it. */
static u16 id_take(void)
{
	size_t id = bitmap_next_clear(iommu.domain_ids, iommu.domains, 1);

	if (id >= iommu.domains)
		return 0;
	bitmap_set(iommu.domain_ids, id);
	return (u16)id;
}

static struct iommu_domain *domain_create(const char *name, unsigned max_leaf)
{
	struct iommu_domain *d = heap_alloc(sizeof(*d));

	if (!d)
		return NULL;
	d->name = name;
	d->id = id_take();
	if (!d->id || radix_init(&d->table, iommu.format,
				 iommu.coherent ? &coherent_mem_ops : &mem_ops, NULL)) {
		if (d->id)
			bitmap_clear(iommu.domain_ids, d->id);
		heap_free(d);
		return NULL;
	}
	radix_limit_leaf(&d->table, MIN(max_leaf, iommu.max_leaf));
	list_add_tail(&iommu.domain_list, &d->link);
	return d;
}

struct iommu_domain *iommu_domain_create(const char *name, unsigned max_leaf)
{
	struct iommu_domain *d;

	ticket_lock(&iommu.lock);
	d = domain_create(name, max_leaf);
	ticket_unlock(&iommu.lock);
	if (!d)
		log_err("iommu: %s: no memory or no domain number for another domain", name);
	return d;
}

void iommu_domain_destroy(struct iommu_domain *domain)
{
	ticket_lock(&iommu.lock);
	list_del(&domain->link);
	bitmap_clear(iommu.domain_ids, domain->id);
	radix_destroy(&domain->table);
	ticket_unlock(&iommu.lock);
	heap_free(domain);
}

/* On all units with a device of the domain. */
static int domain_flush(struct iommu_domain *domain)
{
	int err = 0;

	for (u32 i = 0; i < iommu.count; i++) {
		struct list *it;

		list_for_each (it, &iommu.device_list) {
			struct iommu_device *d = list_entry(it, struct iommu_device, link);

			if (d->domain != domain || d->unit != &iommu.units[i])
				continue;
			if (vtd_flush_domain(d->unit, domain->id))
				err = ERR_TIMEOUT;
			break;
		}
	}
	if (!err)
		radix_flushed(&domain->table);
	return err;
}

int iommu_map(struct iommu_domain *domain, u64 iova, hpa_t pa, u64 size, unsigned perm)
{
	int err;

	ticket_lock(&iommu.lock);
	err = radix_map(&domain->table, iova, pa, size, perm, MEM_WB);
	if (!err && (iommu.caching || radix_needs_flush(&domain->table)))
		err = domain_flush(domain);
	ticket_unlock(&iommu.lock);
	return err;
}

int iommu_unmap(struct iommu_domain *domain, u64 iova, u64 size)
{
	int err;

	ticket_lock(&iommu.lock);
	err = radix_unmap(&domain->table, iova, size);
	if (!err && radix_needs_flush(&domain->table))
		err = domain_flush(domain);
	ticket_unlock(&iommu.lock);
	return err;
}

int iommu_lookup(struct iommu_domain *domain, u64 iova, struct radix_leaf *out)
{
	int err;

	ticket_lock(&iommu.lock);
	err = radix_lookup(&domain->table, iova, out);
	ticket_unlock(&iommu.lock);
	return err;
}

struct iommu_device *iommu_device_find(u16 segment, u16 bdf)
{
	struct list *it;

	list_for_each (it, &iommu.device_list) {
		struct iommu_device *d = list_entry(it, struct iommu_device, link);

		if (d->segment == segment && d->bdf == bdf)
			return d;
	}
	return NULL;
}

/* Requests from behind a bridge to conventional PCI carry the bridge's name: there is no way to
 * tell its devices apart. */
static bool has_own_name(const struct pci_device *dev)
{
	for (const struct pci_device *up = dev->parent; up; up = up->parent)
		if (!up->pcie || up->pcie_type == PCIE_TYPE_TO_PCI)
			return false;
	return true;
}

int iommu_attach_locked(struct iommu_domain *domain, const struct pci_device *dev, bool reserved)
{
	struct vtd_unit *unit = iommu_unit_of(dev);
	struct iommu_device *device;
	char name[PCI_NAME];
	int err;

	if (!unit || unit->failed)
		return trace_err(ERR_NOENT, "iommu: %s: no unit is responsible for it",
				 pci_name(dev, name));
	if (!has_own_name(dev))
		return trace_err(ERR_UNSUPPORTED,
				 "iommu: %s is behind a bridge to conventional PCI, where devices "
				 "cannot be told apart: use another slot",
				 pci_name(dev, name));
	device = heap_alloc(sizeof(*device));
	if (!device)
		return trace_err(ERR_NOMEM, "iommu: no memory for another device");
	err = vtd_context_set(unit, dev->bdf, domain->id, domain->table.root,
			      domain->table.format->levels);
	if (!err && iommu.active && unit->cap & VTD_CAP_CM)
		err = vtd_flush_device(unit, 0, dev->bdf);
	if (err) {
		heap_free(device);
		return err;
	}
	*device = (struct iommu_device){.segment = dev->segment,
					.bdf = dev->bdf,
					.unit = unit,
					.domain = domain,
					.reserved = reserved};
	list_add_tail(&iommu.device_list, &device->link);
	domain->devices++;
	return 0;
}

int iommu_detach_locked(struct iommu_device *device)
{
	int err;

	vtd_context_clear(device->unit, device->bdf);
	err = vtd_flush_device(device->unit, device->domain->id, device->bdf);
	device->domain->devices--;
	list_del(&device->link);
	heap_free(device);
	return err;
}

const char *iommu_unfit(const struct pci_device *dev)
{
	const struct vtd_unit *unit = iommu_unit_of(dev);

	if (!unit)
		return "no remapping unit is responsible for it: update the firmware";
	if (iommu_is_claimed_twice(dev))
		return "two remapping units claim it: update the firmware";
	if (!has_own_name(dev))
		return "it is behind a bridge to conventional PCI: use another slot";
	if (iommu_has_reserved(dev))
		return "firmware reserves memory for it (RMRR), and may go on to use it";
	return unit->failed ? "its remapping unit does not answer: restart the machine" : NULL;
}

int iommu_attach(struct iommu_domain *domain, const struct pci_device *dev)
{
	int err;

	ticket_lock(&iommu.lock);
	err = iommu_attach_locked(domain, dev, false);
	ticket_unlock(&iommu.lock);
	return err;
}

int iommu_detach(const struct pci_device *dev)
{
	struct iommu_device *device;
	int err = ERR_NOENT;

	ticket_lock(&iommu.lock);
	device = iommu_device_find(dev->segment, dev->bdf);
	if (device)
		err = iommu_detach_locked(device);
	ticket_unlock(&iommu.lock);
	return err;
}

bool iommu_domain_info(u32 i, struct iommu_domain_info *out)
{
	struct list *it;
	bool found = false;

	ticket_lock(&iommu.lock);
	if (iommu.active) {
		list_for_each (it, &iommu.domain_list) {
			const struct iommu_domain *d = list_entry(it, struct iommu_domain, link);

			if (i--)
				continue;
			*out = (struct iommu_domain_info){.name = d->name,
							  .id = d->id,
							  .devices = d->devices,
							  .levels = d->table.format->levels,
							  .faults = d->faults,
							  .tables = d->table.stats};
			found = true;
			break;
		}
	}
	ticket_unlock(&iommu.lock);
	return found;
}

bool iommu_device_info(u32 i, u16 *segment, u16 *bdf, const char **domain)
{
	struct list *it;
	bool found = false;

	ticket_lock(&iommu.lock);
	if (iommu.active) {
		list_for_each (it, &iommu.device_list) {
			const struct iommu_device *d = list_entry(it, struct iommu_device, link);

			if (i--)
				continue;
			*segment = d->segment;
			*bdf = d->bdf;
			*domain = d->domain->name;
			found = true;
			break;
		}
	}
	ticket_unlock(&iommu.lock);
	return found;
}
