/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory before the buddy allocator: carves page-aligned pieces off the usable regions
 * of the memory map, never to be freed, for the first page tables and the buddy's own
 * metadata. It touches none of the memory. Boot CPU only.
 */
#ifndef KERNEL_MM_BOOTMEM_H
#define KERNEL_MM_BOOTMEM_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct mem_region {
	u64 base; /* host-physical, bytes */
	u64 size; /* bytes */
};

struct bootmem {
	struct mem_region *regions; /* the caller's array: sorted, disjoint, whole pages */
	size_t count, capacity;     /* elements used, and that there is room for */
	u64 allocated;              /* bytes carved so far */
};

#define BOOTMEM_ANYWHERE (~0ull)

/* Take over an array of usable RAM in any order, with overlaps and odd ends; it is cleaned
 * up in place (page 0 is dropped) and must live as long as the bootmem does. It should have
 * room for a few more elements than count, since carving may split a region. */
void bootmem_init(struct bootmem *bm, struct mem_region *regions, size_t count, size_t capacity);

/* Take [base, base + size), rounded out to pages, out of the usable memory. ERR_NOMEM when
 * that would split a region and the array is full. */
int __must_check bootmem_reserve(struct bootmem *bm, u64 base, u64 size);

/*
 * Carve bytes (rounded up to pages) with alignment align (a power of two, at least 4 KiB)
 * wholly below limit: the lowest fitting place from 1 MiB on, or from 0 when the limit is at
 * most 1 MiB. ERR_NOMEM, ERR_INVAL. The memory is not zeroed.
 */
int __must_check bootmem_alloc(struct bootmem *bm, u64 bytes, u64 align, u64 limit, hpa_t *out);

#endif
