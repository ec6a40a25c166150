/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/mm/page.h"

#include <string.h>

#include "kernel/sync/ticketlock.h"

static struct buddy page_buddy;
static struct ticketlock page_lock;

int page_init(struct bootmem *bm, u64 virt_offset)
{
	return buddy_init(&page_buddy, bm, virt_offset);
}

int page_add(hpa_t base, u64 bytes)
{
	int err;

	ticket_lock(&page_lock);
	err = buddy_add(&page_buddy, base.v, bytes);
	ticket_unlock(&page_lock);
	return err;
}

int page_alloc_flags(unsigned order, unsigned flags, hpa_t *out)
{
	int err;

	ticket_lock(&page_lock);
	err = buddy_alloc(&page_buddy, order, flags, out);
	ticket_unlock(&page_lock);
	return err;
}

int page_alloc(unsigned order, hpa_t *out)
{
	return page_alloc_flags(order, 0, out);
}

int page_alloc_zeroed(unsigned order, unsigned flags, hpa_t *out)
{
	int err = page_alloc_flags(order, flags, out);

	if (!err)
		memset(page_virt(*out), 0, PAGE_SIZE << order);
	return err;
}

int page_free(hpa_t page, unsigned order)
{
	int err;

	ticket_lock(&page_lock);
	err = buddy_free(&page_buddy, page, order);
	ticket_unlock(&page_lock);
	return err;
}

int page_alloc_range_flags(u64 bytes, u64 align, unsigned flags, hpa_t *out)
{
	int err;

	ticket_lock(&page_lock);
	err = buddy_alloc_range(&page_buddy, bytes, align, flags, out);
	ticket_unlock(&page_lock);
	return err;
}

int page_alloc_range(u64 bytes, u64 align, hpa_t *out)
{
	return page_alloc_range_flags(bytes, align, 0, out);
}

int page_free_range(hpa_t base, u64 bytes)
{
	int err;

	ticket_lock(&page_lock);
	err = buddy_free_range(&page_buddy, base, bytes);
	ticket_unlock(&page_lock);
	return err;
}

u64 page_size_of(hpa_t base)
{
	u64 size;

	ticket_lock(&page_lock);
	size = buddy_size_of(&page_buddy, base);
	ticket_unlock(&page_lock);
	return size;
}

void *page_virt(hpa_t page)
{
	return (void *)(uintptr_t)(page.v + page_buddy.virt_offset);
}

hpa_t page_hpa(const void *virt)
{
	return HPA((u64)(uintptr_t)virt - page_buddy.virt_offset);
}

void page_stats(struct buddy_stats *out)
{
	ticket_lock(&page_lock);
	*out = page_buddy.stats;
	ticket_unlock(&page_lock);
}
