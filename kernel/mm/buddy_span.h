/* SPDX-License-Identifier: BSD-2-Clause */
/* The buddy allocator's metadata: one state byte per page; for its own files only. */
#ifndef KERNEL_MM_BUDDY_SPAN_H
#define KERNEL_MM_BUDDY_SPAN_H

#include "kernel/lib/bitmap.h"
#include "kernel/mm/buddy.h"

/* A state byte is kind << 5 | order for the first page of a block, and 0 for its other
 * pages and for what was never given to the allocator. */
enum buddy_kind {
	BUDDY_INNER,
	BUDDY_FREE,
	BUDDY_USED,  /* a block by order */
	BUDDY_RANGE, /* the first block of a range */
	BUDDY_NEXT,  /* a further block of a range */
};

static inline u8 buddy_state(enum buddy_kind kind, unsigned order)
{
	return (u8)(kind << 5 | order);
}

static inline enum buddy_kind buddy_kind(u8 state)
{
	return (enum buddy_kind)(state >> 5);
}

static inline unsigned buddy_order(u8 state)
{
	return state & 31;
}

static inline u64 buddy_pages(u8 state)
{
	return 1ull << buddy_order(state);
}

static inline u64 span_end(const struct buddy_span *span)
{
	return span->first + span->pages;
}

static inline u8 *span_state(const struct buddy_span *span, u64 pfn)
{
	return &span->state[pfn - span->first];
}

/* The largest order of a naturally aligned block at pfn within pages. */
static inline unsigned buddy_fit(u64 pfn, u64 pages)
{
	unsigned order = MIN(log2_floor(pages), (unsigned)BUDDY_MAX_ORDER);

	return pfn ? MIN(order, (unsigned)__builtin_ctzll(pfn)) : order;
}

/* The span that holds pages pfn to pfn + pages - 1, or NULL. */
struct buddy_span *buddy_find_span(const struct buddy *b, u64 pfn, u64 pages);

/* The first page of the block that pfn lies in, or pfn itself when it is in none. */
u64 buddy_block_of(const struct buddy_span *span, u64 pfn);

/* Free [pfn, pfn + pages), whose state bytes are 0, in the largest blocks there are. */
void buddy_release(struct buddy *b, struct buddy_span *span, u64 pfn, u64 pages);

/* Take a free block off its list; its state becomes 0. */
void buddy_take(struct buddy *b, struct buddy_span *span, u64 pfn);

/* Mark [pfn, pfn + pages) as an allocated range. */
void buddy_mark_range(struct buddy *b, struct buddy_span *span, u64 pfn, u64 pages);

/* Pages of the range that starts at pfn, 0 when none does. */
u64 buddy_range_pages(const struct buddy_span *span, u64 pfn);

#endif
