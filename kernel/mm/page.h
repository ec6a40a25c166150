/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's page allocator: the buddy engine behind a lock. Any CPU. */
#ifndef KERNEL_MM_PAGE_H
#define KERNEL_MM_PAGE_H

#include "kernel/mm/buddy.h"

/* Once, on the boot CPU: see buddy_init(). */
int __must_check page_init(struct bootmem *bm, u64 virt_offset);

/* Memory that is free from now on, such as the loader's: see buddy_add(). */
int __must_check page_add(hpa_t base, u64 bytes);

/* 2^order pages, naturally aligned, not zeroed; order at most BUDDY_MAX_ORDER.
 * flags: PAGE_BELOW_4G. ERR_NOMEM, ERR_INVAL. */
int __must_check page_alloc(unsigned order, hpa_t *out);
int __must_check page_alloc_flags(unsigned order, unsigned flags, hpa_t *out);
/* The same, zeroed. */
int __must_check page_alloc_zeroed(unsigned order, unsigned flags, hpa_t *out);
/* Wrong and double frees are logged and change nothing: ERR_INVAL. */
int page_free(hpa_t page, unsigned order);

/* Contiguous memory of any size in whole pages: see buddy_alloc_range(). Not zeroed. */
int __must_check page_alloc_range(u64 bytes, u64 align, hpa_t *out);
int __must_check page_alloc_range_flags(u64 bytes, u64 align, unsigned flags, hpa_t *out);
int page_free_range(hpa_t base, u64 bytes);

/* Bytes of the allocation that starts at base, 0 when none does. */
u64 page_size_of(hpa_t base);

/* Where a page is mapped, and back; valid after page_init(). */
void *page_virt(hpa_t page);
hpa_t page_hpa(const void *virt);

void page_stats(struct buddy_stats *out);

#endif
