/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/memmap.h"

#include <string.h>

/* EFI_MEMORY_TYPE, UEFI 7.2.1. Boot services' memory is free when they have ended. */
static const u8 type_of[] = {
    [0] = HANDOFF_MEM_RESERVED,     [1] = HANDOFF_MEM_LOADER,    [2] = HANDOFF_MEM_LOADER,
    [3] = HANDOFF_MEM_USABLE,       [4] = HANDOFF_MEM_USABLE,    [5] = HANDOFF_MEM_RUNTIME,
    [6] = HANDOFF_MEM_RUNTIME,      [7] = HANDOFF_MEM_USABLE,    [8] = HANDOFF_MEM_UNUSABLE,
    [9] = HANDOFF_MEM_ACPI_RECLAIM, [10] = HANDOFF_MEM_ACPI_NVS, [11] = HANDOFF_MEM_MMIO,
    [12] = HANDOFF_MEM_MMIO,        [13] = HANDOFF_MEM_RESERVED, [14] = HANDOFF_MEM_PERSISTENT,
};

static u32 type_convert(u32 type)
{
	return type < ARRAY_SIZE(type_of) ? type_of[type] : HANDOFF_MEM_RESERVED;
}

static bool memory_valid(const struct efi_memory *m)
{
	return m->pages && IS_ALIGNED(m->base, PAGE_SIZE) &&
	       m->pages <= (~0ull >> PAGE_SHIFT) - (m->base >> PAGE_SHIFT);
}

/* Insertion sort from the end: firmware's maps come sorted, or nearly so. */
static int map_insert(struct memmap *map, const struct handoff_mem *new)
{
	u32 i;

	if (map->count == map->capacity)
		return ERR_NOMEM;
	for (i = map->count; i && map->mem[i - 1].base > new->base; i--)
		map->mem[i] = map->mem[i - 1];
	map->mem[i] = *new;
	map->count++;
	return ERR_OK;
}

static bool mem_mergeable(const struct handoff_mem *a, const struct handoff_mem *b)
{
	return a->base + a->length == b->base && a->type == b->type &&
	       a->attributes == b->attributes;
}

/* Cut what overlaps its predecessor, drop what is empty then, merge equal neighbours. */
static void map_normalize(struct memmap *map)
{
	u32 kept = 0;

	for (u32 i = 0; i < map->count; i++) {
		struct handoff_mem m = map->mem[i];
		struct handoff_mem *last = kept ? &map->mem[kept - 1] : NULL;
		u64 end = last ? last->base + last->length : 0;

		if (m.base + m.length <= end)
			continue;
		if (m.base < end) {
			m.length -= end - m.base;
			m.base = end;
		}
		if (last && mem_mergeable(last, &m))
			last->length += m.length;
		else
			map->mem[kept++] = m;
	}
	map->count = kept;
}

int memmap_convert(struct memmap *map, const void *descriptors, u64 size, u64 stride)
{
	struct efi_memory m;

	map->count = 0;
	if (stride < sizeof(m))
		return ERR_INVAL;
	for (u64 at = 0; size - at >= stride; at += stride) {
		struct handoff_mem new = {0};

		memcpy(&m, (const u8 *)descriptors + at, sizeof(m));
		if (!memory_valid(&m))
			continue;
		new.base = m.base;
		new.length = m.pages << PAGE_SHIFT;
		new.attributes = m.attributes;
		new.type = type_convert(m.type);
		if (map_insert(map, &new))
			return ERR_NOMEM;
	}
	map_normalize(map);
	return ERR_OK;
}

static struct handoff_mem *map_find(const struct memmap *map, u64 base, u64 end)
{
	for (u32 i = 0; i < map->count; i++) {
		struct handoff_mem *m = &map->mem[i];

		if (m->base <= base && end <= m->base + m->length)
			return m;
	}
	return NULL;
}

int memmap_set(struct memmap *map, u64 base, u64 length, u32 type)
{
	u64 end = ALIGN_UP(base + length, PAGE_SIZE);
	struct handoff_mem *m = map_find(map, base, end);
	struct handoff_mem before, after;

	if (end <= base || length > ~base || !IS_ALIGNED(base, PAGE_SIZE) || !m)
		return ERR_RANGE;
	if (map->capacity - map->count < 2)
		return ERR_NOMEM;
	before = after = *m;
	before.length = base - m->base;
	after.length = m->base + m->length - end;
	after.base = end;
	m->base = base;
	m->length = end - base;
	m->type = type;
	/* There is room for both; `m` is not valid after the first. */
	if ((before.length && map_insert(map, &before)) ||
	    (after.length && map_insert(map, &after)))
		return ERR_NOMEM;
	map_normalize(map);
	return ERR_OK;
}

u64 memmap_ram_end(const struct memmap *map)
{
	u64 end = 0;

	for (u32 i = 0; i < map->count; i++)
		if (map->mem[i].type != HANDOFF_MEM_RESERVED &&
		    map->mem[i].type != HANDOFF_MEM_MMIO)
			end = map->mem[i].base + map->mem[i].length;
	return end;
}
