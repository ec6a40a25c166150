/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small objects: slabs of one page per size class over kernel/mm/page.h; what is larger
 * than HEAP_SLAB_MAX is whole pages. Thread safe. malloc() and its family are this heap.
 */
#ifndef KERNEL_MM_HEAP_H
#define KERNEL_MM_HEAP_H

#include "kernel/lib/types.h"

#define HEAP_SLAB_MAX 2016u

struct heap_stats {
	u64 used_bytes; /* in allocated objects, rounded up to their classes */
	u64 peak_bytes;
	u64 objects;     /* allocated now */
	u64 slab_pages;  /* pages held for slabs */
	u64 large_pages; /* pages in large objects */
	u64 failures;
	u64 bad_frees; /* refused: double or malformed frees */
};

/* size bytes, zeroed, aligned to 16 (a large object: to 4 KiB). NULL when there is no
 * memory; size 0 gives a valid object. */
void *heap_alloc(size_t size) __must_check;
/* The same for an array; NULL also when count * size overflows. */
void *heap_alloc_array(size_t count, size_t size) __must_check;
/* As realloc(): what is added has undefined content; NULL leaves p as it was. */
void *heap_realloc(void *p, size_t size) __must_check;
/* NULL is allowed. A pointer that is no allocated object is logged and left alone. */
void heap_free(void *p);

/* Bytes that the object can hold, 0 when p is none. */
size_t heap_size_of(const void *p);

void heap_get_stats(struct heap_stats *out);

#endif
