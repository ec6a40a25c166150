/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/mcfg.h"

#include <string.h>

#include "drivers/acpi/array.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

#define MCFG_ENTRIES_AT 44
#define ECAM_BUS_BYTES MIB(1)

struct mcfg_entry {
	u64 base;
	u16 segment;
	u8 bus_start, bus_end;
	u32 reserved;
} __packed;

static bool entry_is_good(const struct mcfg_entry *e)
{
	return e->base && IS_ALIGNED(e->base, ECAM_BUS_BYTES) && e->bus_start <= e->bus_end &&
	       e->base < BIT(52);
}

int mcfg_read(const struct acpi *a, struct mcfg *out)
{
	const struct acpi_table *t = acpi_find(a, "MCFG", 0);
	void *array = NULL;
	int err = 0;

	*out = (struct mcfg){.count = 0};
	if (!t)
		return ERR_NOENT;
	for (u32 at = MCFG_ENTRIES_AT;
	     !err && at < t->length && t->length - at >= sizeof(struct mcfg_entry);
	     at += sizeof(struct mcfg_entry)) {
		struct mcfg_window w;
		struct mcfg_entry e;

		memcpy(&e, (const u8 *)t->header + at, sizeof(e));
		if (!entry_is_good(&e)) {
			log_warn("acpi: MCFG entry at %u is malformed: left out", at);
			continue;
		}
		w = (struct mcfg_window){HPA(e.base), e.segment, e.bus_start, e.bus_end};
		err = acpi_array_add(&array, &out->count, &w, sizeof(w));
		out->windows = array;
	}
	if (!err && !out->count)
		err = trace_err(ERR_INVAL, "acpi: MCFG has no usable entry: left out");
	if (err)
		mcfg_free(out);
	return err;
}

void mcfg_free(struct mcfg *m)
{
	heap_free(m->windows);
	*m = (struct mcfg){.count = 0};
}
