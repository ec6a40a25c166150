/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages for what the processor itself reads: control structures, bitmaps,
 * state areas. arch stands below the allocators of kernel/mm, so main.c
 * registers them here.
 */
#ifndef ARCH_X86_MM_PAGES_H
#define ARCH_X86_MM_PAGES_H

#include "kernel/lib/types.h"

struct page_ops {
	/* 2^order zeroed pages of 4 KiB, contiguous and naturally aligned, as an address of
	 * the direct map; NULL when there are none. */
	void *(*alloc)(unsigned order);
	void (*free)(void *pages, unsigned order);
};

/* Register the allocator; once, before anything that allocates. */
void pages_register(const struct page_ops *ops);

/* NULL when there is no memory, or no allocator yet. */
void *pages_alloc(unsigned order);
/* pages may be NULL. */
void pages_free(void *pages, unsigned order);

/* The smallest order whose pages hold this many bytes. */
unsigned pages_order(size_t bytes);

#endif
