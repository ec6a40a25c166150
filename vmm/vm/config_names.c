/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/config_names.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "kernel/mm/heap.h"

void config_names_init(struct config_names *names, u32 count)
{
	/* At most half full: a search is short. */
	u32 size = 2u << (count ? log2_floor(count) + 1 : 0);

	names->slots = heap_alloc_array(size, sizeof(*names->slots));
	names->mask = size - 1;
}

void config_names_free(struct config_names *names)
{
	heap_free(names->slots);
	names->slots = NULL;
}

/* FNV-1a (Fowler, Noll, Vo). */
static u32 hash(const char *name)
{
	u32 h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (u8)*name) * 16777619u;
	return h;
}

bool config_names_add(struct config_names *names, const char *name)
{
	u32 at = hash(name) & names->mask;

	for (; names->slots[at]; at = (at + 1) & names->mask)
		if (!strcmp(names->slots[at], name))
			return false;
	names->slots[at] = name;
	return true;
}
