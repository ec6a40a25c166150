/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/array.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

int acpi_array_add(void **array, u32 *count, const void *element, size_t size)
{
	/* The room is the next power of two, so it is full exactly at one. */
	if (!(*count & (*count - 1))) {
		void *larger = heap_alloc_array(*count ? 2 * (size_t)*count : 1, size);

		if (!larger)
			return trace_err(ERR_NOMEM, "acpi: no memory for %u entries", *count + 1);
		if (*count)
			memcpy(larger, *array, *count * size);
		heap_free(*array);
		*array = larger;
	}
	memcpy((u8 *)*array + *count * size, element, size);
	++*count;
	return 0;
}
