/* SPDX-License-Identifier: BSD-2-Clause */
/* A heap that the sanitizer watches, aligned as the core's: an object that does not fit a slab has
 * pages of its own. */
#include <stdlib.h>
#include <string.h>

#include "kernel/mm/heap.h"

void *heap_alloc(size_t size)
{
	size_t align = size > HEAP_SLAB_MAX ? PAGE_SIZE : 64;
	void *p = aligned_alloc(align, ALIGN_UP(size + !size, align));

	return p ? memset(p, 0, size) : NULL;
}

void *heap_alloc_array(size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : heap_alloc(bytes);
}

void heap_free(void *p)
{
	free(p);
}
