/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting the buddy allocator up, and checking it. */
#include <string.h>

#include "kernel/mm/buddy_span.h"

/* Regions share a span as long as its holes make up at most two thirds of it: the holes'
 * state bytes are unused, and metadata stays below 3 bytes per page of RAM. */
#define SPAN_SPARSENESS 3

static size_t build_spans(const struct bootmem *bm, struct buddy_span *spans)
{
	size_t count = 0;
	u64 usable = 0;

	for (size_t i = 0; i < bm->count; i++) {
		u64 first = bm->regions[i].base / PAGE_SIZE;
		u64 pages = bm->regions[i].size / PAGE_SIZE;
		struct buddy_span *last = count ? &spans[count - 1] : NULL;

		usable += pages;
		if (last && first + pages - last->first <= SPAN_SPARSENESS * usable) {
			last->pages = first + pages - last->first;
			continue;
		}
		spans[count++] = (struct buddy_span){.first = first, .pages = pages};
		usable = pages;
	}
	return count;
}

static int alloc_metadata(struct buddy *b, struct bootmem *bm, u64 bytes, void **out)
{
	hpa_t base;
	int err = bootmem_alloc(bm, bytes, PAGE_SIZE, BOOTMEM_ANYWHERE, &base);

	if (err)
		return err;
	*out = (void *)(uintptr_t)(base.v + b->virt_offset);
	memset(*out, 0, bytes);
	b->stats.metadata_bytes += ALIGN_UP(bytes, PAGE_SIZE);
	return ERR_OK;
}

/* What bm has is disjoint, and the state bytes are new: nothing to compare page by page. */
static int add_region(struct buddy *b, const struct mem_region *region)
{
	u64 pfn = region->base / PAGE_SIZE, pages = region->size / PAGE_SIZE;
	struct buddy_span *span = buddy_find_span(b, pfn, pages);

	if (!span)
		return trace_err(ERR_RANGE, "memory: %#llx is in no span",
				 (unsigned long long)region->base);
	b->stats.total_pages += pages;
	buddy_release(b, span, pfn, pages);
	return ERR_OK;
}

int buddy_init(struct buddy *b, struct bootmem *bm, u64 virt_offset)
{
	void *spans, *state;
	u64 pages = 0;
	int err;

	*b = (struct buddy){.virt_offset = virt_offset};
	/* The array's own allocation may split a region. */
	err = alloc_metadata(b, bm, (bm->count + 1) * sizeof(*b->spans), &spans);
	if (err)
		return err;
	b->spans = spans;
	b->span_count = build_spans(bm, b->spans);
	for (size_t i = 0; i < b->span_count; i++)
		pages += b->spans[i].pages;
	/* What this takes stays inside of the spans as memory in use. */
	err = alloc_metadata(b, bm, pages, &state);
	for (size_t i = 0; !err && i < b->span_count; i++) {
		b->spans[i].state = state;
		state = b->spans[i].state + b->spans[i].pages;
	}
	for (size_t i = 0; !err && i < bm->count; i++)
		err = add_region(b, &bm->regions[i]);
	return err;
}

int buddy_add(struct buddy *b, u64 base, u64 size)
{
	u64 pfn = base / PAGE_SIZE, pages = size / PAGE_SIZE;
	struct buddy_span *span = buddy_find_span(b, pfn, pages);

	if (!IS_ALIGNED(base | size, PAGE_SIZE) || !size || !span)
		return trace_err(ERR_RANGE, "memory: cannot add %#llx, size %#llx",
				 (unsigned long long)base, (unsigned long long)size);
	for (u64 i = 0; i < pages; i++)
		if (*span_state(span, pfn + i) || (!i && buddy_block_of(span, pfn) != pfn))
			return trace_err(ERR_EXIST, "memory: %#llx was added before",
					 (unsigned long long)(base + i * PAGE_SIZE));
	b->stats.total_pages += pages;
	buddy_release(b, span, pfn, pages);
	return ERR_OK;
}

/* Violations within one free block's neighbourhood. */
static u64 check_free(const struct buddy_span *span, u64 pfn, u8 state)
{
	u64 pages = buddy_pages(state), other = pfn ^ pages;

	return buddy_order(state) < BUDDY_MAX_ORDER && other >= span->first &&
	       other + pages <= span_end(span) && *span_state(span, other) == state;
}

static u64 check_span(const struct buddy_span *span, u64 *blocks)
{
	u64 bad = 0;

	for (u64 pfn = span->first; pfn < span_end(span);) {
		u8 state = *span_state(span, pfn);
		u64 pages = state ? buddy_pages(state) : 1;

		bad += !IS_ALIGNED(pfn, pages) || pages > span_end(span) - pfn;
		for (u64 i = 1; i < pages && pfn + i < span_end(span); i++)
			bad += *span_state(span, pfn + i) != 0;
		if (buddy_kind(state) == BUDDY_FREE) {
			blocks[buddy_order(state)]++;
			bad += check_free(span, pfn, state);
		}
		pfn += pages;
	}
	return bad;
}

/* Length of a free list, whose blocks all must be marked so. */
static u64 check_list(const struct buddy *b, u64 head, unsigned order, u64 *bad)
{
	u64 length = 0, prev = 0;

	for (u64 at = head; at; length++) {
		const u64 *links = (const u64 *)(uintptr_t)(at + b->virt_offset);
		const struct buddy_span *span = buddy_find_span(b, at / PAGE_SIZE, 1);

		*bad += !span || links[1] != prev ||
			*span_state(span, at / PAGE_SIZE) != buddy_state(BUDDY_FREE, order);
		prev = at;
		at = links[0];
	}
	return length;
}

u64 buddy_check(const struct buddy *b)
{
	u64 blocks[BUDDY_ORDERS] = {0}, bad = 0, free = 0;

	for (size_t i = 0; i < b->span_count; i++)
		bad += check_span(&b->spans[i], blocks);
	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		u64 listed = 0;

		for (unsigned zone = 0; zone < BUDDY_ZONES; zone++)
			listed += check_list(b, b->heads[zone][order], order, &bad);
		bad += blocks[order] != listed || b->stats.free_blocks[order] != listed;
		free += listed << order;
	}
	return bad + (free != b->stats.free_pages);
}
