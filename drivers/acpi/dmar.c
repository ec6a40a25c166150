/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/dmar.h"

#include <string.h>

#include "drivers/acpi/array.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

/* VT-d specification 4.1, 8.1. */
#define DMAR_WIDTH_AT 36
#define DMAR_FLAGS_AT 37
#define DMAR_ENTRIES_AT 48
#define DMAR_INTR_REMAP BIT(0)
#define DMAR_X2APIC_OPT_OUT BIT(1)
#define DMAR_DMA_OPT_IN BIT(2)
#define ENTRY_ALL BIT(0)

struct dmar_entry {
	u16 type, length;
} __packed;

struct entry_drhd {
	struct dmar_entry e;
	u8 flags, size; /* pages: 2 to the power of bits 0 to 3 */
	u16 segment;
	u64 base;
} __packed;

struct entry_rmrr {
	struct dmar_entry e;
	u16 reserved, segment;
	u64 base, limit; /* limit: the last byte */
} __packed;

struct entry_atsr {
	struct dmar_entry e;
	u8 flags, reserved;
	u16 segment;
} __packed;

struct entry_rhsa {
	struct dmar_entry e;
	u32 reserved;
	u64 base;
	u32 proximity;
} __packed;

struct entry_scope {
	u8 type, length;
	u16 reserved;
	u8 enumeration_id, start_bus;
} __packed;

static bool read_drhd(const void *at, struct dmar_unit *u)
{
	const struct entry_drhd *e = at;

	u->segment = e->segment;
	u->all = e->flags & ENTRY_ALL;
	u->base = HPA(e->base);
	u->size = PAGE_SIZE << (e->size & 0xf);
	return e->base && IS_ALIGNED(e->base, PAGE_SIZE) && e->base < BIT(52);
}

static bool read_rmrr(const void *at, struct dmar_unit *u)
{
	const struct entry_rmrr *e = at;

	u->segment = e->segment;
	u->base = HPA(e->base);
	u->size = e->limit - e->base + 1;
	return IS_ALIGNED(e->base, PAGE_SIZE) && e->limit > e->base && e->limit < BIT(52);
}

static bool read_atsr(const void *at, struct dmar_unit *u)
{
	const struct entry_atsr *e = at;

	u->segment = e->segment;
	u->all = e->flags & ENTRY_ALL;
	return true;
}

static bool read_rhsa(const void *at, struct dmar_unit *u)
{
	const struct entry_rhsa *e = at;

	u->base = HPA(e->base);
	u->proximity = e->proximity;
	return true;
}

/* By type of the structure; ANDD (4) and SIDP (6) are not needed. */
static const struct {
	u16 type;
	enum dmar_unit_type as;
	u16 length; /* without scopes */
	bool scopes;
	bool (*read)(const void *at, struct dmar_unit *u);
} entries[] = {
    {0, DMAR_DRHD, sizeof(struct entry_drhd), true, read_drhd},
    {1, DMAR_RMRR, sizeof(struct entry_rmrr), true, read_rmrr},
    {2, DMAR_ATSR, sizeof(struct entry_atsr), true, read_atsr},
    {3, DMAR_RHSA, sizeof(struct entry_rhsa), false, read_rhsa},
    {5, DMAR_SATC, sizeof(struct entry_atsr), true, read_atsr},
};

static void unit_free(struct dmar_unit *u)
{
	for (u32 i = 0; i < u->scope_count; i++)
		heap_free(u->scopes[i].path);
	heap_free(u->scopes);
}

/* One scope of length bytes, checked to hold its header and one hop. */
static int scope_add(struct dmar_unit *u, const struct entry_scope *e)
{
	u32 count = (e->length - sizeof(*e)) / sizeof(struct dmar_path);
	struct dmar_scope s = {
	    .type = e->type,
	    .enumeration_id = e->enumeration_id,
	    .start_bus = e->start_bus,
	    .path_count = count,
	    .path = heap_alloc_array(count, sizeof(struct dmar_path)),
	};
	void *array = u->scopes;
	int err;

	if (!s.path)
		return trace_err(ERR_NOMEM, "acpi: no memory for the DMAR table");
	memcpy(s.path, e + 1, count * sizeof(*s.path));
	err = acpi_array_add(&array, &u->scope_count, &s, sizeof(s));
	u->scopes = array;
	if (err)
		heap_free(s.path);
	return err;
}

static int scopes_read(struct dmar_unit *u, const u8 *at, u32 left)
{
	int err = 0;

	while (!err && left >= sizeof(struct entry_scope)) {
		const struct entry_scope *e = (const void *)at;

		if (e->length < sizeof(*e) + sizeof(struct dmar_path) || e->length > left ||
		    e->length % 2) {
			log_warn("acpi: DMAR device scope has a bad length %u: the structure's "
				 "rest is left out",
				 e->length);
			break;
		}
		err = scope_add(u, e);
		at += e->length;
		left -= e->length;
	}
	return err;
}

static int unit_add(struct dmar *d, const struct dmar_entry *e, unsigned kind)
{
	struct dmar_unit u = {.type = entries[kind].as};
	u32 fixed = entries[kind].length;
	void *array = d->units;
	int err = 0;

	if (e->length < fixed || !entries[kind].read(e, &u)) {
		log_warn("acpi: DMAR structure of type %u is malformed: left out", e->type);
		return 0;
	}
	if (entries[kind].scopes)
		err = scopes_read(&u, (const u8 *)e + fixed, e->length - fixed);
	if (!err)
		err = acpi_array_add(&array, &d->count, &u, sizeof(u));
	d->units = array;
	if (err)
		unit_free(&u);
	return err;
}

static int entry_read(struct dmar *d, const struct dmar_entry *e)
{
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++)
		if (e->type == entries[i].type)
			return unit_add(d, e, i);
	return 0;
}

int dmar_read(const struct acpi *a, struct dmar *out)
{
	const struct acpi_table *t = acpi_find(a, "DMAR", 0);
	const u8 *bytes;
	int err = 0;

	*out = (struct dmar){.count = 0};
	if (!t)
		return ERR_NOENT;
	if (t->length < DMAR_ENTRIES_AT)
		return trace_err(ERR_INVAL, "acpi: DMAR is cut short: left out");
	bytes = (const u8 *)t->header;
	out->address_width = bytes[DMAR_WIDTH_AT] < 64 ? bytes[DMAR_WIDTH_AT] + 1 : 64;
	out->interrupt_remapping = bytes[DMAR_FLAGS_AT] & DMAR_INTR_REMAP;
	out->x2apic_opt_out = bytes[DMAR_FLAGS_AT] & DMAR_X2APIC_OPT_OUT;
	out->dma_opt_in = bytes[DMAR_FLAGS_AT] & DMAR_DMA_OPT_IN;
	for (u32 at = DMAR_ENTRIES_AT; !err && t->length - at >= sizeof(struct dmar_entry);) {
		const struct dmar_entry *e = (const void *)(bytes + at);

		if (e->length < sizeof(*e) || e->length > t->length - at) {
			log_warn("acpi: DMAR structure at %u has a bad length: the rest is left "
				 "out",
				 at);
			break;
		}
		err = entry_read(out, e);
		at += e->length;
	}
	if (err)
		dmar_free(out);
	return err;
}

void dmar_free(struct dmar *d)
{
	for (u32 i = 0; i < d->count; i++)
		unit_free(&d->units[i]);
	heap_free(d->units);
	*d = (struct dmar){.count = 0};
}
