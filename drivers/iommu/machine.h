/* SPDX-License-Identifier: BSD-2-Clause */
/* All units of the machine, and what they have in common. Internal to drivers/iommu. */
#ifndef DRIVERS_IOMMU_MACHINE_H
#define DRIVERS_IOMMU_MACHINE_H

#include "drivers/iommu/iommu.h"
#include "drivers/iommu/vtd.h"
#include "kernel/lib/list.h"

struct iommu_domain {
	struct list link; /* of all domains */
	const char *name;
	u16 id;
	u32 devices;
	u64 faults;
	struct klog_limit fault_limit; /* so that no domain's faults hide those of another */
	struct radix table;
};

/* Entries of the interrupt remapping table: 64 KiB. */
#define IOMMU_IRQS_SHIFT 12
#define IOMMU_IRQS (1u << IOMMU_IRQS_SHIFT)

/* A device that is attached. */
struct iommu_device {
	struct list link;
	u16 segment, bdf;
	struct vtd_unit *unit;
	struct iommu_domain *domain;
	bool reserved; /* only for its RMRR */
};

struct iommu_machine {
	bool active;
	const struct dmar *dmar;
	struct vtd_unit *units;
	u32 count;
	const struct radix_format *format; /* that all units can walk */
	unsigned max_leaf;                 /* that all units know */
	bool coherent;                     /* all units' walks snoop caches */
	bool caching;                      /* one of them caches what is not present */
	u32 domains;                       /* numbers that all units can tell apart */
	u64 *domain_ids;                   /* bitmap of those in use */
	struct list domain_list, device_list;
	struct iommu_domain *core; /* of devices that the core drives */
	struct ticketlock lock;    /* of everything above and of all tables */

	/* remap.c; under irq_lock. */
	bool irqs_confined;
	bool x2apic;    /* destinations are 32-bit APIC IDs */
	hpa_t irqs;     /* one table for all units, IOMMU_IRQS entries */
	u64 *irqs_used; /* bitmap */
	u32 irq_count;
	struct ticketlock irq_lock;
};

extern struct iommu_machine iommu;

/* The unit that is responsible for the device, or NULL. */
struct vtd_unit *iommu_unit_of(const struct pci_device *dev);

/* Does more than one unit name the device? */
bool iommu_is_claimed_twice(const struct pci_device *dev);

/* domain.c, with the lock held. */
struct iommu_device *iommu_device_find(u16 segment, u16 bdf);
int __must_check iommu_attach_locked(struct iommu_domain *domain, const struct pci_device *dev,
				     bool reserved);
int __must_check iommu_detach_locked(struct iommu_device *device);

/* remap.c: confine interrupts, where all units can. 0 as well when they cannot; ERR_TIMEOUT: a
 * unit does not answer. */
int __must_check iommu_irqs_start(const struct dmar *dmar);

/* reserved.c: keep what firmware says that devices need (8.4). */
void iommu_reserved_map(const struct dmar *dmar, bool (*is_ram)(hpa_t pa, u64 size));
/* Does firmware reserve memory for the device, kept or not? */
bool iommu_has_reserved(const struct pci_device *dev);

#endif
