/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "kernel/mm/heap.h"

void *heap_alloc(size_t size)
{
	return calloc(1, size);
}

void heap_free(void *p)
{
	free(p);
}
