/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/madt.h"

#include <string.h>

#include "drivers/acpi/array.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

#define MADT_LAPIC_AT 36
#define MADT_FLAGS_AT 40
#define MADT_ENTRIES_AT 44
#define MADT_PCAT_COMPAT BIT(0)
#define MADT_CPU_ENABLED BIT(0)
#define MADT_CPU_ONLINE_CAPABLE BIT(1)
#define LAPIC_DEFAULT 0xfee00000u
#define UID8_ALL 0xff

/* MPS INTI flags: polarity in bits 0 and 1, trigger mode in bits 2 and 3. */
#define INTI_POLARITY(flags) ((enum madt_polarity)((flags)&3))
#define INTI_TRIGGER(flags) ((enum madt_trigger)((flags) >> 2 & 3))

struct madt_entry {
	u8 type, length;
} __packed;

struct entry_lapic {
	struct madt_entry e;
	u8 uid, apic_id;
	u32 flags;
} __packed;

struct entry_ioapic {
	struct madt_entry e;
	u8 id, reserved;
	u32 address, gsi_base;
} __packed;

struct entry_override {
	struct madt_entry e;
	u8 bus, irq;
	u32 gsi;
	u16 flags;
} __packed;

struct entry_nmi {
	struct madt_entry e;
	u8 uid;
	u16 flags;
	u8 lint;
} __packed;

struct entry_address {
	struct madt_entry e;
	u16 reserved;
	u64 address;
} __packed;

struct entry_x2apic {
	struct madt_entry e;
	u16 reserved;
	u32 apic_id, flags, uid;
} __packed;

struct entry_x2nmi {
	struct madt_entry e;
	u16 flags;
	u32 uid;
	u8 lint, reserved[3];
} __packed;

/* Entries that are neither usable now nor later are padding. */
static int cpu_add(struct madt *m, u32 apic_id, u32 uid, u32 flags)
{
	const struct madt_cpu cpu = {apic_id, uid, flags & MADT_CPU_ENABLED};
	void *array = m->cpus;
	int err;

	if (!(flags & (MADT_CPU_ENABLED | MADT_CPU_ONLINE_CAPABLE)))
		return 0;
	for (u32 i = 0; i < m->cpu_count; i++) {
		if (m->cpus[i].apic_id == apic_id) {
			m->cpus[i].enabled |= cpu.enabled;
			return 0;
		}
	}
	err = acpi_array_add(&array, &m->cpu_count, &cpu, sizeof(cpu));
	m->cpus = array;
	return err;
}

static int nmi_add(struct madt *m, u32 uid, u8 lint, u16 flags)
{
	const struct madt_nmi nmi = {uid, lint, INTI_POLARITY(flags), INTI_TRIGGER(flags)};
	void *array = m->nmis;
	int err = acpi_array_add(&array, &m->nmi_count, &nmi, sizeof(nmi));

	m->nmis = array;
	return err;
}

static int read_lapic(struct madt *m, const void *at)
{
	const struct entry_lapic *e = at;

	return cpu_add(m, e->apic_id, e->uid, e->flags);
}

static int read_x2apic(struct madt *m, const void *at)
{
	const struct entry_x2apic *e = at;

	return cpu_add(m, e->apic_id, e->uid, e->flags);
}

static int read_ioapic(struct madt *m, const void *at)
{
	const struct entry_ioapic *e = at;
	const struct madt_ioapic ioapic = {e->id, e->gsi_base, HPA(e->address)};
	void *array = m->ioapics;
	int err = acpi_array_add(&array, &m->ioapic_count, &ioapic, sizeof(ioapic));

	m->ioapics = array;
	return err;
}

static int read_override(struct madt *m, const void *at)
{
	const struct entry_override *e = at;
	const struct madt_override override = {e->irq, e->gsi, INTI_POLARITY(e->flags),
					       INTI_TRIGGER(e->flags)};
	void *array = m->overrides;
	int err;

	if (e->bus) /* only ISA is defined */
		return 0;
	err = acpi_array_add(&array, &m->override_count, &override, sizeof(override));
	m->overrides = array;
	return err;
}

static int read_nmi(struct madt *m, const void *at)
{
	const struct entry_nmi *e = at;

	return nmi_add(m, e->uid == UID8_ALL ? MADT_UID_ALL : e->uid, e->lint, e->flags);
}

static int read_x2nmi(struct madt *m, const void *at)
{
	const struct entry_x2nmi *e = at;

	return nmi_add(m, e->uid, e->lint, e->flags);
}

static int read_address(struct madt *m, const void *at)
{
	const struct entry_address *e = at;

	if (e->address && IS_ALIGNED(e->address, PAGE_SIZE))
		m->lapic = HPA(e->address);
	return 0;
}

static const struct {
	u8 type, length; /* the least length */
	int (*read)(struct madt *m, const void *at);
} entries[] = {
    {0, sizeof(struct entry_lapic), read_lapic},
    {1, sizeof(struct entry_ioapic), read_ioapic},
    {2, sizeof(struct entry_override), read_override},
    {4, sizeof(struct entry_nmi), read_nmi},
    {5, sizeof(struct entry_address), read_address},
    {9, sizeof(struct entry_x2apic), read_x2apic},
    {10, sizeof(struct entry_x2nmi), read_x2nmi},
};

static int entry_read(struct madt *m, const struct madt_entry *e)
{
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
		if (e->type != entries[i].type)
			continue;
		if (e->length >= entries[i].length)
			return entries[i].read(m, e);
		log_warn("acpi: MADT entry of type %u has %u bytes: left out", e->type, e->length);
	}
	return 0;
}

int madt_read(const struct acpi *a, struct madt *out)
{
	const struct acpi_table *t = acpi_find(a, "APIC", 0);
	const u8 *bytes;
	u32 flags, lapic, at;
	int err = 0;

	*out = (struct madt){.lapic = HPA(LAPIC_DEFAULT)};
	if (!t)
		return ERR_NOENT;
	if (t->length < MADT_ENTRIES_AT)
		return trace_err(ERR_INVAL, "acpi: MADT is cut short: left out");
	bytes = (const u8 *)t->header;
	memcpy(&lapic, bytes + MADT_LAPIC_AT, 4);
	memcpy(&flags, bytes + MADT_FLAGS_AT, 4);
	if (lapic && IS_ALIGNED(lapic, PAGE_SIZE))
		out->lapic = HPA(lapic);
	out->has_8259 = flags & MADT_PCAT_COMPAT;
	for (at = MADT_ENTRIES_AT; !err && t->length - at >= sizeof(struct madt_entry);) {
		const struct madt_entry *e = (const void *)(bytes + at);

		if (e->length < sizeof(*e) || e->length > t->length - at) {
			log_warn("acpi: MADT entry at %u has a bad length: the rest is left out",
				 at);
			break;
		}
		err = entry_read(out, e);
		at += e->length;
	}
	if (err)
		madt_free(out);
	return err;
}

void madt_free(struct madt *m)
{
	heap_free(m->cpus);
	heap_free(m->ioapics);
	heap_free(m->overrides);
	heap_free(m->nmis);
	*m = (struct madt){.lapic = HPA(LAPIC_DEFAULT)};
}
