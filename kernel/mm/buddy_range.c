/* SPDX-License-Identifier: BSD-2-Clause */
/* Contiguous ranges of any size, out of adjacent free blocks. */
#include "kernel/mm/buddy_span.h"

/* Ranges below this are cut from one block, where single pages come from. */
#define SMALL_PAGES (MIB(2) / PAGE_SIZE)

u64 buddy_range_pages(const struct buddy_span *span, u64 pfn)
{
	u64 at = pfn;

	if (buddy_kind(*span_state(span, pfn)) != BUDDY_RANGE)
		return 0;
	do
		at += buddy_pages(*span_state(span, at));
	while (at < span_end(span) && buddy_kind(*span_state(span, at)) == BUDDY_NEXT);
	return at - pfn;
}

void buddy_mark_range(struct buddy *b, struct buddy_span *span, u64 pfn, u64 pages)
{
	enum buddy_kind kind = BUDDY_RANGE;

	b->stats.range_pages += pages;
	while (pages) {
		unsigned order = buddy_fit(pfn, pages);

		*span_state(span, pfn) = buddy_state(kind, order);
		kind = BUDDY_NEXT;
		pfn += 1ull << order;
		pages -= 1ull << order;
	}
}

/* What is looked for, in pages. */
struct range_wish {
	u64 pages, align, limit;
};

/* The highest place in free pages [first, end) that fits, or 0. */
static u64 place_in_run(const struct range_wish *wish, u64 first, u64 end)
{
	u64 place;

	end = MIN(end, wish->limit);
	if (end < wish->pages)
		return 0;
	place = ALIGN_DOWN(end - wish->pages, wish->align);
	return place >= first ? place : 0;
}

/* The highest place in a span, or 0. Goes from block to block. */
static u64 place_in_span(const struct range_wish *wish, const struct buddy_span *span)
{
	u64 best = 0, place, run = span->first, pfn = span->first;

	while (pfn < span_end(span)) {
		u8 state = *span_state(span, pfn);

		if (buddy_kind(state) == BUDDY_FREE) {
			pfn += buddy_pages(state);
			place = place_in_run(wish, run, pfn);
			best = place ? place : best;
		} else {
			pfn += state ? buddy_pages(state) : 1;
			run = pfn;
		}
	}
	return best;
}

/* Make free pages [pfn, pfn + pages) a range; what their blocks have beyond is freed. */
static void carve(struct buddy *b, struct buddy_span *span, u64 pfn, u64 pages)
{
	u64 first = buddy_block_of(span, pfn), at = first;

	while (at < pfn + pages) {
		u64 next = at + buddy_pages(*span_state(span, at));

		buddy_take(b, span, at);
		at = next;
	}
	buddy_mark_range(b, span, pfn, pages);
	buddy_release(b, span, first, pfn - first);
	buddy_release(b, span, pfn + pages, at - (pfn + pages));
}

static bool alloc_aligned(struct buddy *b, const struct range_wish *wish, hpa_t *out)
{
	for (size_t i = b->span_count; i-- > 0;) {
		u64 pfn = place_in_span(wish, &b->spans[i]);

		if (!pfn)
			continue;
		carve(b, &b->spans[i], pfn, wish->pages);
		*out = HPA(pfn * PAGE_SIZE);
		return true;
	}
	return false;
}

/* A part of one block. */
static bool alloc_small(struct buddy *b, const struct range_wish *wish, unsigned flags, hpa_t *out)
{
	unsigned order = log2_ceil(MAX(wish->pages, wish->align));
	struct buddy_span *span;
	u64 pfn;

	if (buddy_alloc(b, order, flags, out))
		return false;
	pfn = out->v / PAGE_SIZE;
	span = buddy_find_span(b, pfn, 1);
	*span_state(span, pfn) = 0;
	buddy_mark_range(b, span, pfn, wish->pages);
	buddy_release(b, span, pfn + wish->pages, (1ull << order) - wish->pages);
	return true;
}

int buddy_alloc_range(struct buddy *b, u64 bytes, u64 align, unsigned flags, hpa_t *out)
{
	struct range_wish wish = {.pages = bytes / PAGE_SIZE,
				  .limit = flags & PAGE_BELOW_4G ? GIB(4) / PAGE_SIZE : ~0ull};
	/* From the most wanted alignment down. */
	u64 wanted[2] = {bytes >= GIB(1) ? GIB(1) : MIB(2), bytes >= MIB(2) ? MIB(2) : PAGE_SIZE};

	if (!bytes || !IS_ALIGNED(bytes, PAGE_SIZE) || (align && !is_power_of_2(align)))
		return trace_err(ERR_INVAL, "memory: bad range of %#llx bytes",
				 (unsigned long long)bytes);
	if (align || bytes < MIB(2))
		wanted[0] = wanted[1] = MAX(align, PAGE_SIZE);
	wish.align = wanted[1] / PAGE_SIZE;
	if (MAX(wish.pages, wish.align) < SMALL_PAGES && alloc_small(b, &wish, flags, out))
		return ERR_OK;
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		wish.align = wanted[i] / PAGE_SIZE;
		if (alloc_aligned(b, &wish, out))
			return ERR_OK;
	}
	b->stats.failures++;
	return trace_err(ERR_NOMEM, "memory: no %llu MiB in one piece",
			 (unsigned long long)(bytes >> 20));
}
