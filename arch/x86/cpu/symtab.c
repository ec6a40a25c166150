/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "arch/x86/cpu/backtrace.h"

/* Index of the last entry that is not above, or -1. */
static s64 symtab_search(const struct symtab *t, u64 wanted)
{
	u32 low = 0, high = t->count;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (t->offsets[mid] <= wanted)
			low = mid + 1;
		else
			high = mid;
	}
	return (s64)low - 1;
}

const char *symtab_lookup(const struct symtab *t, u64 address, u64 *offset)
{
	const char *name = t->names;
	s64 index;

	if (address < t->base)
		return NULL;
	index = symtab_search(t, address - t->base);
	if (index < 0)
		return NULL;
	*offset = address - t->base - t->offsets[index];
	/* Names have no index of their own: looked up only on the way down. */
	while (index--)
		name += strlen(name) + 1;
	return name;
}
