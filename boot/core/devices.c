/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's PCI functions, and its network cards. */
#include "arch/x86/mm/host.h"
#include "boot/core/boot.h"
#include "drivers/acpi/dmar.h"
#include "drivers/acpi/mcfg.h"
#include "drivers/iommu/iommu.h"
#include "drivers/nic/nic.h"
#include "drivers/pci/function.h"
#include "drivers/pci/pci.h"

#define LAST_BUS 255

extern const struct nic_driver *const nic_drivers_start[], *const nic_drivers_end[];

/* Whether any of it is memory. */
static bool has_ram(hpa_t pa, u64 size)
{
	u64 end = pa.v + size;

	for (u64 at = ALIGN_DOWN(pa.v, PAGE_SIZE); at < end; at += PAGE_SIZE)
		if (host_is_ram(HPA(at), PAGE_SIZE))
			return true;
	return false;
}

/* A window over memory would make configuration accesses of us corrupt it. */
static void window_add(const struct mcfg_window *m)
{
	const struct pci_window w = {
	    .segment = m->segment,
	    .bus_start = m->bus_start,
	    .bus_end = m->bus_end,
	    .base = m->base,
	};
	u64 start = m->base.v + MIB(m->bus_start);

	if (has_ram(HPA(start), MIB(m->bus_end - m->bus_start + 1))) {
		log_err("pci: firmware puts configuration space over memory at 0x%llx: segment %u "
			"is left out, update the firmware",
			(unsigned long long)start, m->segment);
		return;
	}
	if (pci_access_add(&w))
		log_err("pci: devices of segment %u cannot be used", m->segment);
}

static u32 count_functions(void)
{
	u32 count = 0;

	for (const struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev))
		count++;
	return count;
}

/* The units refer to the table's structures for good. */
static void confine_dma(void)
{
	static struct dmar dmar;
	struct iommu_unit_info unit;
	u32 count = 0;

	if (dmar_read(&boot.acpi, &dmar)) {
		log_info("iommu: the firmware describes no VT-d: devices cannot be passed to "
			 "guests");
		return;
	}
	if (iommu_start(&dmar, has_ram))
		return;
	while (iommu_unit_info(count, &unit))
		count++;
	log_info("iommu: VT-d confines DMA, %u unit%s", count, count == 1 ? "" : "s");
}

void boot_pci_init(void)
{
	static const struct pci_window by_ports = {.bus_end = LAST_BUS};
	struct mcfg mcfg;

	if (!mcfg_read(&boot.acpi, &mcfg)) {
		for (u32 i = 0; i < mcfg.count; i++)
			window_add(&mcfg.windows[i]);
		mcfg_free(&mcfg);
	}
	if (!pci_window_count() && pci_access_add(&by_ports))
		log_err("pci: no memory, devices cannot be used");
	if (pci_scan())
		log_err("pci: no memory for all devices, some cannot be used");
	pci_isolation_enable();
	pci_errors_start();
	log_info("pci: %u functions, configuration by %s", count_functions(),
		 pci_window_count() && pci_window_at(0)->ecam ? "memory" : "ports");
	confine_dma();
	nic_probe_all(nic_drivers_start, nic_drivers_end);
}
