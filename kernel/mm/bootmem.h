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
	size_t count;
	u64 allocated; /* bytes carved so far */
};

#define BOOTMEM_ANYWHERE (~0ull)

/* Take over an array of usable RAM in any order, with overlaps and odd ends; it is cleaned
 * up in place and must live as long as the bootmem does. */
void bootmem_init(struct bootmem *bm, struct mem_region *regions, size_t count);

/* Take [base, base + size) out of the usable memory. Splitting a region needs room for one
 * more in the array: capacity is its size in elements. ERR_NOMEM when it is full. */
int __must_check bootmem_reserve(struct bootmem *bm, size_t capacity, u64 base, u64 size);

/*
 * Carve bytes (rounded up to pages) with alignment align (a power of two, at least 4 KiB)
 * wholly below limit. Takes the lowest fitting place from 1 MiB on, and only when the limit
 * is at most 1 MiB one below it. ERR_NOMEM. The memory is not zeroed.
 */
int __must_check bootmem_alloc(struct bootmem *bm, u64 bytes, u64 align, u64 limit, hpa_t *out);

#endif
