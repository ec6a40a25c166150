/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/lib/dtb.h"

#include <libfdt.h>

#include "kernel/lib/checked.h"

#define DTB_VERSION 17

/* Of a property at `at` its end, before alignment; 0 if it does not fit. */
static u64 property_end(const char *block, u64 at, u64 size)
{
	if (!range_within(at, sizeof(struct fdt_property), 0, size))
		return 0;
	at += sizeof(struct fdt_property);
	/* The length is the first field after the tag. */
	u64 length = fdt32_ld((const fdt32_t *)(block + at - 2 * sizeof(fdt32_t)));

	return range_within(at, length, 0, size) ? at + length : 0;
}

/*
 * Does every property end within the structure block? libfdt adds up the lengths in an int
 * and, before version 1.7, goes round for ever on one that leads back to its own property.
 * What else can be wrong in the block is left to fdt_check_full().
 */
static bool lengths_fit(const void *blob)
{
	const char *block = (const char *)blob + fdt_off_dt_struct(blob);
	u64 size = fdt_size_dt_struct(blob), at = 0, end;

	while (range_within(at, sizeof(fdt32_t), 0, size)) {
		switch (fdt32_ld((const fdt32_t *)(block + at))) {
		case FDT_BEGIN_NODE:
			for (end = at + sizeof(fdt32_t); end < size && block[end];)
				end++;
			end++;
			break;
		case FDT_PROP:
			end = property_end(block, at, size);
			if (!end)
				return false;
			break;
		case FDT_END_NODE:
		case FDT_NOP:
			end = at + sizeof(fdt32_t);
			break;
		default: /* FDT_END, or refused later */
			return true;
		}
		at = ALIGN_UP(end, sizeof(fdt32_t));
	}
	return true;
}

/* libfdt also knows older versions, but its checks do not hold for them. Nor do
 * they look at the header's length and the blocks' alignment. */
int dtb_check(const void *blob, size_t len)
{
	if (len < sizeof(struct fdt_header))
		return -FDT_ERR_TRUNCATED;
	if (!IS_ALIGNED((uintptr_t)blob, 8))
		return -FDT_ERR_ALIGNMENT;
	if (fdt_magic(blob) != FDT_MAGIC)
		return -FDT_ERR_BADMAGIC;
	if (fdt_version(blob) < DTB_VERSION || fdt_last_comp_version(blob) > DTB_VERSION)
		return -FDT_ERR_BADVERSION;
	if (fdt_totalsize(blob) > len)
		return -FDT_ERR_TRUNCATED;
	if (fdt_off_dt_struct(blob) % sizeof(fdt32_t) || fdt_off_mem_rsvmap(blob) % 8)
		return -FDT_ERR_BADLAYOUT;
	if (!range_within(fdt_off_dt_struct(blob), fdt_size_dt_struct(blob), 0,
			  fdt_totalsize(blob)))
		return -FDT_ERR_TRUNCATED;
	return lengths_fit(blob) ? fdt_check_full(blob, len) : -FDT_ERR_BADSTRUCTURE;
}
