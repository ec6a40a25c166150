/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays that grow by one element: what a table holds is known at its end. */
#ifndef DRIVERS_ACPI_ARRAY_H
#define DRIVERS_ACPI_ARRAY_H

#include "kernel/lib/types.h"

/* Append an element of size bytes to the array of *count that *array points to
 * (NULL when empty). Returns 0 or ERR_NOMEM; the array is valid in any case. */
int acpi_array_add(void **array, u32 *count, const void *element, size_t size) __must_check;

#endif
