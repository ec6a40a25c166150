/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>

#include "vmm/vm/config_node.h"

#define FDT_VERSION 17

/* libfdt also knows older versions, but its checks do not hold for them. Nor do
 * they look at the header's length and the blocks' alignment. */
int config_blob_check(const void *blob, size_t len)
{
	if (len < sizeof(struct fdt_header))
		return -FDT_ERR_TRUNCATED;
	if (!IS_ALIGNED((uintptr_t)blob, 8))
		return -FDT_ERR_ALIGNMENT;
	if (fdt_magic(blob) != FDT_MAGIC)
		return -FDT_ERR_BADMAGIC;
	if (fdt_version(blob) < FDT_VERSION || fdt_last_comp_version(blob) > FDT_VERSION)
		return -FDT_ERR_BADVERSION;
	if (fdt_totalsize(blob) > len)
		return -FDT_ERR_TRUNCATED;
	if (fdt_off_dt_struct(blob) % sizeof(fdt32_t) || fdt_off_mem_rsvmap(blob) % 8)
		return -FDT_ERR_BADLAYOUT;
	return fdt_check_full(blob, len);
}
