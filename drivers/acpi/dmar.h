/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA remapping hardware: the DMAR table (Intel VT-d specification 4.1, chapter 8). */
#ifndef DRIVERS_ACPI_DMAR_H
#define DRIVERS_ACPI_DMAR_H

#include "drivers/acpi/acpi.h"

enum dmar_scope_type {
	DMAR_SCOPE_ENDPOINT = 1,
	DMAR_SCOPE_BRIDGE = 2, /* and all that is below it */
	DMAR_SCOPE_IOAPIC = 3,
	DMAR_SCOPE_HPET = 4,
	DMAR_SCOPE_NAMESPACE = 5,
};

struct dmar_path {
	u8 device;
	u8 function;
};

/* A device by its path from start_bus: all but the last hop are bridges. */
struct dmar_scope {
	u8 type;
	u8 enumeration_id; /* of an I/O APIC or HPET */
	u8 start_bus;
	u32 path_count; /* at least 1 */
	struct dmar_path *path;
};

enum dmar_unit_type { DMAR_DRHD, DMAR_RMRR, DMAR_ATSR, DMAR_RHSA, DMAR_SATC };

/* One remapping structure; which fields mean something depends on its type. */
struct dmar_unit {
	enum dmar_unit_type type;
	u16 segment;
	bool all;      /* DRHD: INCLUDE_PCI_ALL; ATSR: ALL_PORTS; SATC: ATC_REQUIRED */
	hpa_t base;    /* DRHD, RHSA: registers; RMRR: first byte */
	u64 size;      /* DRHD: bytes of registers; RMRR: bytes of the region */
	u32 proximity; /* RHSA */
	struct dmar_scope *scopes;
	u32 scope_count;
};

struct dmar {
	u8 address_width; /* host address width in bits */
	bool interrupt_remapping;
	bool x2apic_opt_out;
	bool dma_opt_in;         /* firmware protects until the OS takes over */
	struct dmar_unit *units; /* in the order of the table */
	u32 count;
};

/* Returns 0, ERR_NOENT without a DMAR, ERR_INVAL, ERR_NOMEM; out is empty on error. */
int dmar_read(const struct acpi *a, struct dmar *out) __must_check;
void dmar_free(struct dmar *d);

#endif
