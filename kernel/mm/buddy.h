/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buddy allocator of physical pages, orders 0 (4 KiB) to BUDDY_MAX_ORDER (1 GiB), and of
 * contiguous ranges of any size. One byte of metadata per page; free blocks hold their own
 * list links. This is the engine without lock and without a global: kernel/mm/page.h is
 * what the rest of the core uses.
 *
 * Small blocks come from the lowest 2 MiB block that can be had, large ranges from the top
 * of memory, so that the core's own pages and the guests' do not mix.
 */
#ifndef KERNEL_MM_BUDDY_H
#define KERNEL_MM_BUDDY_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "kernel/mm/bootmem.h"

#define BUDDY_MAX_ORDER 18
#define BUDDY_ORDERS (BUDDY_MAX_ORDER + 1)

/* Allocation flags. */
#define PAGE_BELOW_4G 0x1u /* for devices and modes that reach no further */

enum buddy_zone { BUDDY_LOW, BUDDY_HIGH, BUDDY_ZONES }; /* below and above 4 GiB */

/* A stretch of physical memory with its metadata; holes inside count as allocated. */
struct buddy_span {
	u64 first; /* page frame number */
	u64 pages;
	u8 *state; /* [pages] */
};

struct buddy_stats {
	u64 total_pages; /* ever given to the allocator */
	u64 free_pages;
	u64 range_pages; /* of the allocated ones: in ranges */
	u64 metadata_bytes;
	u64 free_blocks[BUDDY_ORDERS];
	u64 failures;  /* allocations that found nothing */
	u64 bad_frees; /* refused: double or malformed frees */
};

struct buddy {
	u64 virt_offset; /* virtual minus physical address of any page */
	struct buddy_span *spans;
	size_t span_count;
	u64 heads[BUDDY_ZONES]
		 [BUDDY_ORDERS]; /* physical address of the first free block, or NONE */
	struct buddy_stats stats;
};

/*
 * Build the allocator from what bm still has. All of that memory must be mapped at its
 * physical address plus virt_offset. The metadata (at most 0.1 % of RAM) is carved off bm,
 * which must not be used afterwards. ERR_NOMEM.
 */
int __must_check buddy_init(struct buddy *b, struct bootmem *bm, u64 virt_offset);

/* Add memory that was in use at buddy_init(), such as the loader's, in whole pages.
 * ERR_RANGE: not covered by the metadata. ERR_EXIST: a part belongs to the allocator already. */
int __must_check buddy_add(struct buddy *b, u64 base, u64 size);

/* 2^order pages, naturally aligned. ERR_NOMEM, ERR_INVAL (order). Not zeroed. */
int __must_check buddy_alloc(struct buddy *b, unsigned order, unsigned flags, hpa_t *out);

/* Give them back. ERR_INVAL, logged and nothing done, when no such block is allocated. */
int buddy_free(struct buddy *b, hpa_t page, unsigned order);

/*
 * Contiguous memory of bytes (a multiple of 4 KiB). align is a power of two, or 0: then
 * 1 GiB is preferred for 1 GiB and more, 2 MiB for 2 MiB and more. What is smaller than
 * 2 MiB comes from where single pages come from, the rest from the top of memory.
 */
int __must_check buddy_alloc_range(struct buddy *b, u64 bytes, u64 align, unsigned flags,
				   hpa_t *out);

/* Give a whole range back; bytes as when it was allocated. ERR_INVAL as buddy_free(). */
int buddy_free_range(struct buddy *b, hpa_t base, u64 bytes);

/* Bytes of the allocated range or block that starts at base, 0 when none does. */
u64 buddy_size_of(const struct buddy *b, hpa_t base);

/* Check every invariant; for tests and the shell. The number of violations. */
u64 buddy_check(const struct buddy *b);

#endif
