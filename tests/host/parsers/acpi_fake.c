/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/parsers/acpi_fake.h"

#include <stdlib.h>
#include <string.h>

#define MAPS_MAX 4096
#define TABLES_MAX 16

u8 acpi_fake_memory[ACPI_FAKE_SIZE];

static void *maps[MAPS_MAX];
static unsigned map_count;
static u64 tables[TABLES_MAX];
static unsigned table_count;
static u64 next = ACPI_FAKE_BASE + 64;

u8 *acpi_fake_at(u64 phys)
{
	return acpi_fake_memory + (phys - ACPI_FAKE_BASE);
}

const void *acpi_fake_map(hpa_t phys, u64 len)
{
	void *copy;

	if (phys.v < ACPI_FAKE_BASE || phys.v - ACPI_FAKE_BASE >= ACPI_FAKE_SIZE ||
	    len > ACPI_FAKE_SIZE - (phys.v - ACPI_FAKE_BASE) || map_count == MAPS_MAX)
		return NULL;
	copy = malloc(len ? len : 1);
	memcpy(copy, acpi_fake_at(phys.v), len);
	maps[map_count++] = copy;
	return copy;
}

void acpi_fake_reset(void)
{
	while (map_count)
		free(maps[--map_count]);
	memset(acpi_fake_memory, 0, sizeof(acpi_fake_memory));
	table_count = 0;
	next = ACPI_FAKE_BASE + 64;
}

void acpi_fake_fix(u64 phys)
{
	struct acpi_header *h = (void *)acpi_fake_at(phys);

	h->checksum = 0;
	h->checksum = (u8)-acpi_checksum(h, h->length);
}

u64 acpi_fake_table(const char *signature, u8 revision, const void *body, u32 len)
{
	struct acpi_header *h = (void *)acpi_fake_at(next);
	u64 phys = next;

	memcpy(h->signature, signature, 4);
	h->length = (u32)sizeof(*h) + len;
	h->revision = revision;
	if (len)
		memcpy(h + 1, body, len);
	acpi_fake_fix(phys);
	next += ALIGN_UP(h->length, 16);
	tables[table_count++] = phys;
	return phys;
}

hpa_t acpi_fake_finish(u8 revision)
{
	u8 *rsdp = acpi_fake_memory;
	u8 entries[8 * TABLES_MAX];
	unsigned width = revision ? 8 : 4, count = table_count;
	u64 root;

	for (unsigned i = 0; i < count; i++)
		memcpy(entries + i * width, &tables[i], width);
	root = acpi_fake_table(revision ? "XSDT" : "RSDT", 1, entries, count * width);
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = revision;
	memcpy(rsdp + (revision ? 24 : 16), &root, width);
	rsdp[20] = 36;
	rsdp[8] = (u8)-acpi_checksum(rsdp, 20);
	rsdp[32] = (u8)-acpi_checksum(rsdp, 36);
	return HPA(ACPI_FAKE_BASE);
}
