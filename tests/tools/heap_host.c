/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel/mm/heap.h on the host's heap: for tools, and for tests of what is above
 * the heap. heap_host_fail_after lets the sanitizers see the error paths. */
#include "tests/tools/heap_host.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/mm/heap.h"

long heap_host_fail_after = -1;

void *heap_alloc(size_t size)
{
	if (!heap_host_fail_after)
		return NULL;
	if (heap_host_fail_after > 0)
		heap_host_fail_after--;
	return calloc(1, size ? size : 1);
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
