/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "arch/x86/cpu/backtrace.h"

/* Looked up only on the way down: neither distances nor names have an index. */
const char *symtab_lookup(const struct symtab *t, u64 address, u64 *offset)
{
	const char *name = t->names, *found = NULL;
	u64 at = t->base;

	for (u32 i = 0; i < t->count && at + t->distances[i] <= address; i++) {
		at += t->distances[i];
		found = name;
		name += strlen(name) + 1;
	}
	*offset = address - at;
	return found;
}
