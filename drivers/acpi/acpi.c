/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/acpi.h"

#include <string.h>

#include "drivers/acpi/array.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

/* Root System Description Pointer (ACPI 6.5, 5.2.5.3). */
struct acpi_rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length; /* from here on: revision 2 and later */
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __packed;
#define RSDP_V1_BYTES 20
#define RSDP_SIGNATURE "RSD PTR "

#define EBDA_SEGMENT_AT 0x40e
#define EBDA_SEARCH 1024
#define BIOS_START 0xe0000
#define BIOS_END 0x100000

/* The largest tables that are believed: DSDTs of big servers have some MiB. */
#define TABLE_BYTES_MAX MIB(16)

u8 acpi_checksum(const void *data, size_t len)
{
	const u8 *bytes = data;
	u8 sum = 0;

	while (len--)
		sum += *bytes++;
	return sum;
}

/* Map a root pointer and take it over. */
static bool rsdp_get(acpi_map_fn *map, u64 phys, struct acpi_rsdp *out)
{
	const struct acpi_rsdp *rsdp = map(HPA(phys), RSDP_V1_BYTES);

	memset(out, 0, sizeof(*out));
	if (!rsdp || memcmp(rsdp->signature, RSDP_SIGNATURE, 8))
		return false;
	if (acpi_checksum(rsdp, RSDP_V1_BYTES))
		return false;
	memcpy(out, rsdp, RSDP_V1_BYTES);
	if (out->revision < 2)
		return true;
	rsdp = map(HPA(phys), sizeof(*rsdp));
	if (rsdp && rsdp->length >= sizeof(*rsdp) && rsdp->length <= PAGE_SIZE)
		rsdp = map(HPA(phys), rsdp->length);
	else
		rsdp = NULL;
	if (rsdp && !acpi_checksum(rsdp, rsdp->length))
		memcpy(out, rsdp, sizeof(*out));
	else
		log_warn("acpi: root pointer's second part is invalid: using its first part");
	return true;
}

/* The pointer lies at a multiple of 16 (ACPI 6.5, 5.2.5.1). */
static bool rsdp_search_range(acpi_map_fn *map, u64 start, u64 end, struct acpi_rsdp *out)
{
	const u8 *bytes = map(HPA(start), end - start);

	for (u64 at = 0; bytes && at + RSDP_V1_BYTES <= end - start; at += 16)
		if (!memcmp(bytes + at, RSDP_SIGNATURE, 8) && rsdp_get(map, start + at, out))
			return true;
	return false;
}

static bool rsdp_search(acpi_map_fn *map, struct acpi_rsdp *out)
{
	const u8 *bda = map(HPA(EBDA_SEGMENT_AT), 2);
	u64 ebda = bda ? (u64)(bda[0] | bda[1] << 8) << 4 : 0;

	if (ebda && ebda + EBDA_SEARCH <= BIOS_START &&
	    rsdp_search_range(map, ebda, ebda + EBDA_SEARCH, out))
		return true;
	return rsdp_search_range(map, BIOS_START, BIOS_END, out);
}

/* Four letters for a message, whatever the bytes are. */
static const char *signature_text(const char *signature, char text[5])
{
	for (unsigned i = 0; i < 4; i++)
		text[i] = signature[i] >= ' ' && signature[i] <= '~' ? signature[i] : '?';
	text[4] = 0;
	return text;
}

int acpi_load(acpi_map_fn *map, hpa_t phys, struct acpi_table *out)
{
	const struct acpi_header *h = phys.v ? map(phys, sizeof(*h)) : NULL;
	char text[5];
	u32 length;

	if (!h)
		return trace_err(ERR_INVAL, "acpi: no table can be read at 0x%llx: left out",
				 (unsigned long long)phys.v);
	length = h->length;
	signature_text(h->signature, text);
	if (length < sizeof(*h) || length > TABLE_BYTES_MAX)
		return trace_err(ERR_INVAL, "acpi: table %s has an impossible length %u: left out",
				 text, length);
	h = map(phys, length);
	if (!h || acpi_checksum(h, length))
		return trace_err(ERR_INVAL, "acpi: table %s at 0x%llx has a bad %s: left out", text,
				 (unsigned long long)phys.v, h ? "checksum" : "address");
	*out = (struct acpi_table){phys, h, length};
	return 0;
}

static bool known(const struct acpi *a, u64 phys)
{
	for (u32 i = 0; i < a->count; i++)
		if (a->tables[i].phys.v == phys)
			return true;
	return false;
}

/* Load the tables that a root table (entries of `width` bytes) names. A bad one
 * is left out; only a lack of memory ends it. */
static int root_read(struct acpi *a, const struct acpi_table *root, unsigned width)
{
	const u8 *entries = (const u8 *)(root->header + 1);
	u32 count = (root->length - sizeof(*root->header)) / width;
	void *array = a->tables;
	int err = 0;

	for (u32 i = 0; !err && i < count; i++) {
		struct acpi_table table;
		u64 phys = 0;

		memcpy(&phys, entries + (size_t)i * width, width);
		if (!phys || known(a, phys) || acpi_load(a->map, HPA(phys), &table))
			continue;
		err = acpi_array_add(&array, &a->count, &table, sizeof(table));
		a->tables = array;
	}
	return err;
}

static bool root_load(struct acpi *a, u64 phys, const char *signature, struct acpi_table *root)
{
	return phys && !acpi_load(a->map, HPA(phys), root) &&
	       !memcmp(root->header->signature, signature, 4);
}

int acpi_init(struct acpi *a, hpa_t phys, acpi_map_fn *map)
{
	struct acpi_rsdp rsdp;
	struct acpi_table root;
	int err;

	*a = (struct acpi){.map = map};
	if (!(phys.v ? rsdp_get(map, phys.v, &rsdp) : rsdp_search(map, &rsdp)))
		return ERR_NOENT;
	a->revision = rsdp.revision;
	if (root_load(a, rsdp.xsdt, "XSDT", &root))
		err = root_read(a, &root, 8);
	else if (root_load(a, rsdp.rsdt, "RSDT", &root))
		err = root_read(a, &root, 4);
	else
		err = trace_err(ERR_INVAL, "acpi: neither XSDT nor RSDT is valid: going on "
					   "without ACPI");
	if (err)
		acpi_free(a);
	return err;
}

void acpi_free(struct acpi *a)
{
	heap_free(a->tables);
	*a = (struct acpi){.map = a->map};
}

const struct acpi_table *acpi_find(const struct acpi *a, const char *signature, u32 index)
{
	for (u32 i = 0; i < a->count; i++)
		if (!memcmp(a->tables[i].header->signature, signature, 4) && !index--)
			return &a->tables[i];
	return NULL;
}
