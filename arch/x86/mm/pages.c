/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/mm/pages.h"

static const struct page_ops *page_ops;

void pages_register(const struct page_ops *ops)
{
	page_ops = ops;
}

void *pages_alloc(unsigned order)
{
	return page_ops ? page_ops->alloc(order) : NULL;
}

void pages_free(void *pages, unsigned order)
{
	if (pages)
		page_ops->free(pages, order);
}

unsigned pages_order(size_t bytes)
{
	unsigned order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}
