/* SPDX-License-Identifier: BSD-2-Clause */
/* Turning DMA remapping on, and memory for the core's own devices. */
#include "drivers/iommu/machine.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"

struct iommu_machine iommu;

bool iommu_active(void)
{
	return iommu.active;
}

struct vtd_unit *iommu_unit_of(const struct pci_device *dev)
{
	struct vtd_unit *rest = NULL;

	for (u32 i = 0; i < iommu.count; i++) {
		const struct dmar_unit *scope = iommu.units[i].scope;

		if (vtd_scope_names(scope, dev))
			return &iommu.units[i];
		if (scope->all && scope->segment == dev->segment)
			rest = &iommu.units[i];
	}
	return rest;
}

/* The first unit that names the device counts for the core's own drivers: if it is another one, the
 * device reaches nothing. */
bool iommu_is_claimed_twice(const struct pci_device *dev)
{
	u32 claims = 0, rests = 0;

	for (u32 i = 0; i < iommu.count; i++) {
		const struct dmar_unit *scope = iommu.units[i].scope;

		claims += vtd_scope_names(scope, dev);
		rests += scope->all && scope->segment == dev->segment;
	}
	return claims > 1 || (!claims && rests > 1);
}

static void scopes_check(void)
{
	char name[PCI_NAME];

	for (struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev))
		if (iommu_is_claimed_twice(dev))
			log_warn("iommu: %s: two units claim it in the firmware's table, so it is "
				 "given to no guest: update the firmware",
				 pci_name(dev, name));
}

/* What all units have in common: a domain may hold devices of any. */
static int capabilities_meet(void)
{
	u64 widths = VTD_SAGAW_39 | VTD_SAGAW_48;

	iommu.max_leaf = RADIX_1G;
	iommu.domains = ~0u;
	iommu.coherent = true;
	for (u32 i = 0; i < iommu.count; i++) {
		const struct vtd_unit *u = &iommu.units[i];

		widths &= VTD_CAP_SAGAW(u->cap);
		iommu.max_leaf = MIN(iommu.max_leaf, vtd_unit_max_leaf(u));
		iommu.domains = MIN(iommu.domains, VTD_CAP_DOMAINS(u->cap));
		iommu.coherent = iommu.coherent && u->ecap & VTD_ECAP_COHERENT;
		iommu.caching = iommu.caching || u->cap & VTD_CAP_CM;
	}
	if (!widths)
		return trace_err(ERR_UNSUPPORTED,
				 "iommu: the units have no width of addresses in common");
	iommu.format = widths & VTD_SAGAW_48 ? &radix_format_vtd48 : &radix_format_vtd39;
	iommu.domain_ids = heap_alloc_array(BITMAP_WORDS(iommu.domains), sizeof(u64));
	return iommu.domain_ids ? 0 : trace_err(ERR_NOMEM, "iommu: no memory for domain numbers");
}

static int units_open(const struct dmar *dmar)
{
	int err = 0;

	iommu.units = heap_alloc_array(dmar->count, sizeof(*iommu.units));
	if (!iommu.units)
		return trace_err(ERR_NOMEM, "iommu: no memory for the list of units");
	for (u32 i = 0; i < dmar->count && !err; i++)
		if (dmar->units[i].type == DMAR_DRHD)
			err = vtd_unit_open(&iommu.units[iommu.count++], &dmar->units[i]);
	if (!err && !iommu.count)
		err = trace_err(ERR_UNSUPPORTED, "iommu: the DMAR table describes no unit");
	return err;
}

static int units_enable(void)
{
	int err = 0;

	for (u32 i = 0; i < iommu.count && !err; i++)
		err = vtd_unit_enable(&iommu.units[i]);
	return err;
}

/* Half a protection is none: all units work, or none is used. */
static void give_up(void)
{
	for (u32 i = 0; i < iommu.count; i++)
		vtd_unit_close(&iommu.units[i]);
	iommu.count = 0;
	log_err("iommu: DMA is not confined: no device can be passed to a guest");
}

int iommu_start(const struct dmar *dmar, bool (*is_ram)(hpa_t pa, u64 size))
{
	int err = units_open(dmar);

	iommu.dmar = dmar;
	list_init(&iommu.domain_list);
	list_init(&iommu.device_list);
	if (!err)
		err = capabilities_meet();
	if (!err) {
		iommu.core = iommu_domain_create("core", RADIX_1G);
		err = iommu.core ? 0 : ERR_NOMEM;
	}
	if (!err) {
		iommu_reserved_map(dmar, is_ram);
		err = units_enable();
	}
	if (!err)
		err = iommu_irqs_start(dmar);
	if (err) {
		give_up();
		return err;
	}
	iommu.active = true;
	scopes_check();
	for (u32 i = 0; i < iommu.count; i++)
		vtd_faults_start(&iommu.units[i]);
	return 0;
}

int iommu_dma_alloc(u64 bytes, hpa_t *out)
{
	int err = page_alloc_range_flags(bytes, 0, PAGE_BELOW_4G, out);

	if (err)
		return err;
	memset(page_virt(*out), 0, bytes);
	if (iommu.active)
		err = iommu_map(iommu.core, out->v, *out, bytes, RADIX_RW);
	if (err)
		page_free_range(*out, bytes);
	return err;
}

/* What a unit may still reach is lost rather than given to somebody else. */
void iommu_dma_free(hpa_t base, u64 bytes)
{
	if (iommu.active && iommu_unmap(iommu.core, base.v, bytes)) {
		log_err("iommu: %llu KiB cannot be used again", (unsigned long long)bytes >> 10);
		return;
	}
	page_free_range(base, bytes);
}

/* The core's driver has reset the device, so it needs its reserved region no more. */
int iommu_dma_attach(const struct pci_device *dev)
{
	struct iommu_device *device;
	int err = 0;

	if (!iommu.active)
		return 0;
	ticket_lock(&iommu.lock);
	device = iommu_device_find(dev->segment, dev->bdf);
	if (device && device->reserved)
		err = iommu_detach_locked(device);
	else if (device)
		err = device->domain == iommu.core ? ERR_EXIST : ERR_BUSY;
	if (!err)
		err = iommu_attach_locked(iommu.core, dev, false);
	ticket_unlock(&iommu.lock);
	return err == ERR_EXIST ? 0 : err;
}

bool iommu_unit_info(u32 i, struct iommu_unit_info *out)
{
	const struct vtd_unit *u = &iommu.units[i];

	if (!iommu.active || i >= iommu.count)
		return false;
	vtd_faults_read(&iommu.units[i]);
	*out = (struct iommu_unit_info){
	    .base = u->scope->base,
	    .segment = u->scope->segment,
	    .all = u->scope->all,
	    .coherent = u->ecap & VTD_ECAP_COHERENT,
	    .domains = VTD_CAP_DOMAINS(u->cap),
	    .width = VTD_CAP_MGAW(u->cap),
	    .max_leaf = vtd_unit_max_leaf(u),
	    .faults = u->faults,
	    .invalidations = u->invalidations,
	    .failed = u->failed,
	};
	return true;
}
