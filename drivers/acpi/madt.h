/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors and interrupt controllers: the MADT (ACPI 6.5, 5.2.12). */
#ifndef DRIVERS_ACPI_MADT_H
#define DRIVERS_ACPI_MADT_H

#include "drivers/acpi/acpi.h"

struct madt_cpu {
	u32 apic_id;
	u32 uid;
	bool enabled; /* usable now; otherwise it could be added while running */
};

struct madt_ioapic {
	u32 id;
	u32 gsi_base;
	hpa_t phys;
};

enum madt_polarity { MADT_POLARITY_BUS = 0, MADT_POLARITY_HIGH = 1, MADT_POLARITY_LOW = 3 };
enum madt_trigger { MADT_TRIGGER_BUS = 0, MADT_TRIGGER_EDGE = 1, MADT_TRIGGER_LEVEL = 3 };

/* An ISA interrupt that is not identity mapped, active high and edge triggered. */
struct madt_override {
	u8 irq;
	u32 gsi;
	enum madt_polarity polarity;
	enum madt_trigger trigger;
};

#define MADT_UID_ALL 0xffffffffu
/* A local APIC's LINT pin that is wired to NMI. */
struct madt_nmi {
	u32 uid; /* of the processor, or MADT_UID_ALL */
	u8 lint;
	enum madt_polarity polarity;
	enum madt_trigger trigger;
};

struct madt {
	hpa_t lapic; /* local APIC's registers, with the override applied */
	bool has_8259;
	struct madt_cpu *cpus; /* each APIC ID once; enabled ones and others */
	u32 cpu_count;
	struct madt_ioapic *ioapics;
	u32 ioapic_count;
	struct madt_override *overrides;
	u32 override_count;
	struct madt_nmi *nmis;
	u32 nmi_count;
};

/* Returns 0, ERR_NOENT without a MADT, ERR_INVAL, ERR_NOMEM; out is empty on error. */
int madt_read(const struct acpi *a, struct madt *out) __must_check;
void madt_free(struct madt *m);

#endif
