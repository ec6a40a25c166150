/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA remapping by VT-d. Once iommu_start() returned, a device reaches no memory but that of
 * the domain it is attached to; one that is attached to none reaches nothing. A machine without
 * VT-d works as before: iommu_active() is false, and nothing may be passed through.
 *
 * A domain is an address space for devices: a second-level table whose leaves are as large as
 * alignment and the machine's units allow.
 */
#ifndef DRIVERS_IOMMU_IOMMU_H
#define DRIVERS_IOMMU_IOMMU_H

#include "arch/x86/mm/radix.h"
#include "drivers/acpi/dmar.h"
#include "drivers/pci/msi.h"
#include "drivers/pci/pci.h"

struct iommu_domain;

/*
 * Take over all units that the table tells of and block all DMA, but that of reserved regions
 * (RMRR) by the devices they are for. After pci_scan(), before other processors. is_ram tells
 * whether a range is memory that the core gives out. Returns 0; ERR_NOENT: no DMAR table;
 * ERR_UNSUPPORTED, ERR_IO, ERR_TIMEOUT, ERR_NOMEM: no unit is used, the reason is in the log.
 */
int __must_check iommu_start(const struct dmar *dmar, bool (*is_ram)(hpa_t pa, u64 size));

/* Is DMA confined? */
bool iommu_active(void);

/* A domain that maps nothing; name is for the operator and stays the caller's. max_leaf is an
 * enum radix_level, at most what all units can. NULL: no memory, or no domain number left. */
struct iommu_domain *iommu_domain_create(const char *name, unsigned max_leaf);
/* No device may be attached any more. */
void iommu_domain_destroy(struct iommu_domain *domain);

/* As radix_map() and radix_unmap(); perm is RADIX_R or RADIX_RW. When unmapping returns, no
 * DMA goes there any more. ERR_TIMEOUT: a unit does not answer; the memory must not be reused. */
int __must_check iommu_map(struct iommu_domain *domain, u64 iova, hpa_t pa, u64 size,
			   unsigned perm);
int __must_check iommu_unmap(struct iommu_domain *domain, u64 iova, u64 size);

/* What a DMA to iova reaches, as radix_lookup(). */
int __must_check iommu_lookup(struct iommu_domain *domain, u64 iova, struct radix_leaf *out);

/* ERR_NOENT: no unit is responsible for the device. ERR_BUSY: it is attached. ERR_NOMEM,
 * ERR_TIMEOUT. */
int __must_check iommu_attach(struct iommu_domain *domain, const struct pci_device *dev);
/* The device reaches nothing any more. ERR_NOENT: it was not attached. ERR_TIMEOUT: its unit
 * does not answer, what it reached must not be reused. */
int __must_check iommu_detach(const struct pci_device *dev);

/* Why the device must not be given to a guest, for the operator; NULL: it may. */
const char *iommu_unfit(const struct pci_device *dev);

/* Memory for DMA by devices that the core drives: the same address for both. bytes is a
 * multiple of 4 KiB; below 4 GiB. Freed memory is out of reach before it is reused. */
int __must_check iommu_dma_alloc(u64 bytes, hpa_t *out);
void iommu_dma_free(hpa_t base, u64 bytes);
/* Let a device that the core drives reach that memory. 0 as well without VT-d. */
int __must_check iommu_dma_attach(const struct pci_device *dev);

/*
 * Interrupts. Where all units remap them, a device can cause only those that were given to it,
 * whatever messages it writes, and none by naming a vector itself; so a device may be passed to
 * a guest only then. Elsewhere the same calls give messages as processors take them.
 */
bool iommu_irqs_confined(void);

struct iommu_irq {
	bool taken, level;
	u16 index;  /* in the remapping table */
	u16 source; /* requester ID */
};

/* An interrupt that nobody but dev can cause; it does nothing until it is routed. ERR_NOMEM: the
 * table is full. */
int __must_check iommu_irq_take(struct iommu_irq *irq, const struct pci_device *dev);
/* Where it goes, and the message that causes it, which never changes while remapping is on. Any
 * CPU, also while the device uses it. ERR_RANGE: no way to that processor; ERR_TIMEOUT: the unit
 * does not answer, the interrupt may still arrive where it did before. */
int __must_check iommu_irq_route(struct iommu_irq *irq, u32 apic_id, u8 vector,
				 struct pci_msi_message *out);
/* It can arrive no more, if the device was told first. Harmless if it was not taken. */
void iommu_irq_give(struct iommu_irq *irq);
/* How many are taken, and of how many; 0 of 0 where interrupts are not remapped. */
void iommu_irq_stats(u32 *taken, u32 *total);

/* For the operator: units, domains, devices, by index; false at the end. */
struct iommu_unit_info {
	hpa_t base;
	u16 segment;
	bool all;      /* responsible for what no other unit is */
	bool coherent; /* walks snoop caches */
	u32 domains;   /* how many it can tell apart */
	u32 width;     /* bits of a DMA address */
	unsigned max_leaf;
	u64 faults, invalidations;
	bool failed; /* it stopped answering */
};
bool iommu_unit_info(u32 i, struct iommu_unit_info *out);

struct iommu_domain_info {
	const char *name;
	u16 id;
	u32 devices;
	unsigned levels;
	u64 faults; /* of its devices */
	struct radix_stats tables;
};
bool iommu_domain_info(u32 i, struct iommu_domain_info *out);
/* The i-th device that is attached, and to which domain. */
bool iommu_device_info(u32 i, u16 *segment, u16 *bdf, const char **domain);

#endif
