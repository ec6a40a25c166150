/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory from the firmware. What outlives it is given out in pages. */
#ifndef BOOT_EFI_MEMORY_H
#define BOOT_EFI_MEMORY_H

#include "boot/efi/efi.h"

/*
 * Whole pages for `size` bytes (not 0), as high as possible below `limit`, at a multiple of
 * `align` (a power of two, at least PAGE_SIZE). The contents are undefined. Returns the
 * physical address, 0 when there is none.
 */
u64 memory_pages(u64 size, u64 align, u64 limit);
void memory_pages_free(u64 phys, u64 size);
#define MEMORY_ANYWHERE (~0ull)

/* Small zeroed objects that live only as long as boot services; NULL when there is none. */
void *memory_pool(u64 size);
void memory_pool_free(void *p);

#endif
