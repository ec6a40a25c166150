/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's ACPI tables (ACPI Specification 6.5). Firmware's bytes are
 * checked as strictly as a guest's: a table with a wrong length or checksum is
 * reported and left out, an entry that does not fit ends its table.
 *
 * The usual course: acpi_init(), then the reader of each table that is wanted
 * (madt.h, mcfg.h, dmar.h, spcr.h, fadt.h). All of them may find nothing: a machine
 * without tables is a machine with defaults.
 */
#ifndef DRIVERS_ACPI_ACPI_H
#define DRIVERS_ACPI_ACPI_H

#include "kernel/lib/types.h"

/* ACPI 6.5, 5.2.6: what every system description table starts with. */
struct acpi_header {
	char signature[4];
	u32 length; /* in bytes, with this header */
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} __packed;

/*
 * Make physical [phys, phys + len) readable and return where, or NULL. The result
 * stays valid for good. Called twice for each table: for its header, then for all.
 */
typedef const void *acpi_map_fn(hpa_t phys, u64 len);

struct acpi_table {
	hpa_t phys;
	const struct acpi_header *header; /* header->length bytes are readable and sum to zero */
	u32 length;                       /* the length that was checked: use this one */
};

struct acpi {
	acpi_map_fn *map;
	struct acpi_table *tables; /* in the order of the XSDT */
	u32 count;
	u8 revision; /* of the RSDP: 0 is ACPI 1.0 */
};

/*
 * Find all tables. rsdp is the root pointer's address as the firmware gave it, or
 * 0 to search for it below 1 MiB (ACPI 6.5, 5.2.5.1).
 * Returns 0; ERR_NOENT without a valid root pointer; ERR_INVAL, ERR_NOMEM. On error a is
 * empty and still usable: all look-ups find nothing.
 */
int acpi_init(struct acpi *a, hpa_t rsdp, acpi_map_fn *map) __must_check;
void acpi_free(struct acpi *a);

/* The index'th table (from 0) with that signature of four letters, or NULL. */
const struct acpi_table *acpi_find(const struct acpi *a, const char *signature, u32 index);

/* Map and check one table that is not in the XSDT (the DSDT). Returns 0 or ERR_INVAL. */
int acpi_load(acpi_map_fn *map, hpa_t phys, struct acpi_table *out) __must_check;

/* Sum of len bytes modulo 256: 0 for a valid table. */
u8 acpi_checksum(const void *data, size_t len);

/* ACPI 6.5, 5.2.3.2: Generic Address Structure. */
struct acpi_gas {
	u8 space; /* enum acpi_space */
	u8 bit_width;
	u8 bit_offset;
	u8 access_size; /* 0 undefined, 1 byte, 2 word, 3 dword, 4 qword */
	u64 address;
} __packed;
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

#endif
