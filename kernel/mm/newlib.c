/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's allocator is the heap: it has one of its own only if these are missing. */
#include <reent.h>
#include <stdlib.h>

#include "kernel/mm/heap.h"

/* Declared in newlib's malloc.h, which also declares what this heap has not. */
void *_malloc_r(struct _reent *reent, size_t size);
void *_calloc_r(struct _reent *reent, size_t count, size_t size);
void *_realloc_r(struct _reent *reent, void *p, size_t size);
void _free_r(struct _reent *reent, void *p);

void *malloc(size_t size)
{
	return heap_alloc(size);
}

void *calloc(size_t count, size_t size)
{
	return heap_alloc_array(count, size);
}

void *realloc(void *p, size_t size)
{
	return heap_realloc(p, size);
}

void free(void *p)
{
	heap_free(p);
}

void *_malloc_r(struct _reent *reent, size_t size)
{
	(void)reent;
	return heap_alloc(size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
	(void)reent;
	return heap_alloc_array(count, size);
}

void *_realloc_r(struct _reent *reent, void *p, size_t size)
{
	(void)reent;
	return heap_realloc(p, size);
}

void _free_r(struct _reent *reent, void *p)
{
	(void)reent;
	heap_free(p);
}
