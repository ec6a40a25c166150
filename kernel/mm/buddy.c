/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/mm/buddy.h"

#include "kernel/lib/assert.h"
#include "kernel/mm/buddy_span.h"

/* From this order on, lists are sorted by address: these lists are short, and the lowest
 * block is what small allocations break up. */
#define SORTED_ORDER 9

#define LOW_PAGES (GIB(4) / PAGE_SIZE)

/* At the start of every free block. Physical addresses, 0 for none. */
struct free_block {
	u64 next, prev;
};

static struct free_block *free_block(const struct buddy *b, u64 address)
{
	return (struct free_block *)(uintptr_t)(address + b->virt_offset);
}

static u64 *free_list(struct buddy *b, u64 pfn, unsigned order)
{
	return &b->heads[pfn < LOW_PAGES ? BUDDY_LOW : BUDDY_HIGH][order];
}

struct buddy_span *buddy_find_span(const struct buddy *b, u64 pfn, u64 pages)
{
	size_t low = 0, high = b->span_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct buddy_span *span = &b->spans[middle];

		if (pfn < span->first)
			high = middle;
		else if (pfn >= span_end(span))
			low = middle + 1;
		else
			return pages <= span_end(span) - pfn ? span : NULL;
	}
	return NULL;
}

u64 buddy_block_of(const struct buddy_span *span, u64 pfn)
{
	for (unsigned order = 0; order <= BUDDY_MAX_ORDER; order++) {
		u64 first = ALIGN_DOWN(pfn, 1ull << order);
		u8 state;

		if (first < span->first)
			break;
		state = *span_state(span, first);
		if (state)
			return first + buddy_pages(state) > pfn ? first : pfn;
	}
	return pfn;
}

/* Put a free block on its list. */
static void free_insert(struct buddy *b, struct buddy_span *span, u64 pfn, unsigned order)
{
	u64 address = pfn * PAGE_SIZE, prev = 0, *head = free_list(b, pfn, order), next = *head;
	struct free_block *block = free_block(b, address);

	if (order >= SORTED_ORDER)
		for (; next && next < address; next = free_block(b, next)->next)
			prev = next;
	*block = (struct free_block){next, prev};
	if (next)
		free_block(b, next)->prev = address;
	if (prev)
		free_block(b, prev)->next = address;
	else
		*head = address;
	*span_state(span, pfn) = buddy_state(BUDDY_FREE, order);
	b->stats.free_blocks[order]++;
	b->stats.free_pages += 1ull << order;
}

void buddy_take(struct buddy *b, struct buddy_span *span, u64 pfn)
{
	unsigned order = buddy_order(*span_state(span, pfn));
	const struct free_block block = *free_block(b, pfn * PAGE_SIZE);

	assert(buddy_kind(*span_state(span, pfn)) == BUDDY_FREE);
	if (block.next)
		free_block(b, block.next)->prev = block.prev;
	if (block.prev)
		free_block(b, block.prev)->next = block.next;
	else
		*free_list(b, pfn, order) = block.next;
	*span_state(span, pfn) = 0;
	b->stats.free_blocks[order]--;
	b->stats.free_pages -= 1ull << order;
}

/* Free one block, merged with its buddies as far as they are free. */
static void free_merge(struct buddy *b, struct buddy_span *span, u64 pfn, unsigned order)
{
	for (; order < BUDDY_MAX_ORDER; order++) {
		u64 pages = 1ull << order, other = pfn ^ pages;

		if (other < span->first || other + pages > span_end(span) ||
		    *span_state(span, other) != buddy_state(BUDDY_FREE, order))
			break;
		buddy_take(b, span, other);
		pfn = MIN(pfn, other);
	}
	free_insert(b, span, pfn, order);
}

void buddy_release(struct buddy *b, struct buddy_span *span, u64 pfn, u64 pages)
{
	while (pages) {
		unsigned order = buddy_fit(pfn, pages);

		free_merge(b, span, pfn, order);
		pfn += 1ull << order;
		pages -= 1ull << order;
	}
}

/* The first page of a free block of at least the order, or 0. */
static u64 find_block(const struct buddy *b, unsigned order, unsigned flags)
{
	unsigned zones = flags & PAGE_BELOW_4G ? BUDDY_LOW + 1 : BUDDY_ZONES;

	for (unsigned zone = 0; zone < zones; zone++)
		for (unsigned k = order; k <= BUDDY_MAX_ORDER; k++)
			if (b->heads[zone][k])
				return b->heads[zone][k] / PAGE_SIZE;
	return 0;
}

int buddy_alloc(struct buddy *b, unsigned order, unsigned flags, hpa_t *out)
{
	struct buddy_span *span;
	u64 pfn, pages;

	if (order > BUDDY_MAX_ORDER)
		return trace_err(ERR_INVAL, "memory: no blocks of order %u", order);
	pfn = find_block(b, order, flags);
	if (!pfn) {
		b->stats.failures++;
		return trace_err(ERR_NOMEM, "memory: no free block of %llu KiB",
				 (unsigned long long)(4ull << order));
	}
	span = buddy_find_span(b, pfn, 1);
	assert(span);
	pages = buddy_pages(*span_state(span, pfn));
	buddy_take(b, span, pfn);
	/* Keep the lowest part; the rest is split into halves. */
	while (pages > 1ull << order) {
		pages /= 2;
		free_insert(b, span, pfn + pages, log2_floor(pages));
	}
	*span_state(span, pfn) = buddy_state(BUDDY_USED, order);
	*out = HPA(pfn * PAGE_SIZE);
	return ERR_OK;
}

static int bad_free(struct buddy *b, hpa_t page, const char *what)
{
	b->stats.bad_frees++;
	return trace_err(ERR_INVAL,
			 "memory: refused to free %s at %#llx, which is not allocated so", what,
			 (unsigned long long)page.v);
}

int buddy_free(struct buddy *b, hpa_t page, unsigned order)
{
	u64 pfn = page.v / PAGE_SIZE;
	struct buddy_span *span;

	if (!IS_ALIGNED(page.v, PAGE_SIZE) || order > BUDDY_MAX_ORDER)
		return bad_free(b, page, "a block");
	span = buddy_find_span(b, pfn, 1ull << order);
	if (!span || *span_state(span, pfn) != buddy_state(BUDDY_USED, order))
		return bad_free(b, page, "a block");
	*span_state(span, pfn) = 0;
	free_merge(b, span, pfn, order);
	return ERR_OK;
}

int buddy_free_range(struct buddy *b, hpa_t base, u64 bytes)
{
	u64 pfn = base.v / PAGE_SIZE, pages = bytes / PAGE_SIZE;
	struct buddy_span *span = buddy_find_span(b, pfn, pages);

	if (!IS_ALIGNED(base.v | bytes, PAGE_SIZE) || !bytes || !span ||
	    buddy_range_pages(span, pfn) != pages)
		return bad_free(b, base, "a range");
	for (u64 i = 0; i < pages;) {
		u8 *state = span_state(span, pfn + i);

		i += buddy_pages(*state);
		*state = 0;
	}
	b->stats.range_pages -= pages;
	buddy_release(b, span, pfn, pages);
	return ERR_OK;
}

u64 buddy_size_of(const struct buddy *b, hpa_t base)
{
	u64 pfn = base.v / PAGE_SIZE;
	const struct buddy_span *span = buddy_find_span(b, pfn, 1);
	u8 state = span ? *span_state(span, pfn) : 0;

	if (!IS_ALIGNED(base.v, PAGE_SIZE))
		return 0;
	if (buddy_kind(state) == BUDDY_USED)
		return buddy_pages(state) * PAGE_SIZE;
	return span ? buddy_range_pages(span, pfn) * PAGE_SIZE : 0;
}
