/* SPDX-License-Identifier: BSD-2-Clause */
#include <cpuid.h>

#include "boot/efi/loader.h"
#include "boot/efi/memmap.h"
#include "boot/efi/memory.h"
#include "boot/efi/pagetable.h"
#include "boot/efi/stamp.h"

/* Allocations between asking for the map's size and the end of boot services add to it. */
#define SPARE_DESCRIPTORS 64u
#define ATTEMPTS 16

#define CR4_LA57 BIT(12)
#define CPUID_EXTENDED 0x80000001u
#define CPUID_1GIB_PAGES BIT(26)

struct map {
	void *buffer;
	UINTN capacity;
	UINTN size;
	UINTN key;
	UINTN stride;
};

static EFI_STATUS map_get(struct map *map)
{
	UINT32 version;

	map->size = map->capacity;
	return firmware.boot->GetMemoryMap(&map->size, map->buffer, &map->key, &map->stride,
					   &version);
}

static EFI_STATUS map_alloc(struct map *map)
{
	EFI_STATUS status = map_get(map);

	if (status != EFI_BUFFER_TOO_SMALL)
		return status ? status : EFI_DEVICE_ERROR;
	map->capacity = map->size + SPARE_DESCRIPTORS * map->stride;
	map->buffer = memory_pool(map->capacity);
	return map->buffer ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

static bool has_1gib_pages(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(CPUID_EXTENDED, &a, &b, &c, &d) && d & CPUID_1GIB_PAGES;
}

static u64 cr4_read(void)
{
	u64 cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

static EFI_STATUS tables_build(struct loader *l)
{
	const struct handoff_framebuffer *fb = &l->handoff->framebuffer;
	struct memmap mem = {
	    .mem = (struct handoff_mem *)l->handoff->mem.phys,
	    .count = l->handoff->mem.count,
	};
	struct pagetable_plan plan = {
	    .identity_end = MAX(memmap_ram_end(&mem), fb->phys + fb->size),
	    .core_phys = l->core.phys,
	    .core_size = l->core.size,
	    .five_levels = cr4_read() & CR4_LA57,
	    .has_1gib = has_1gib_pages(),
	};

	l->page_tables.size = pagetable_pages(&plan) * PAGE_SIZE;
	l->page_tables.phys = memory_pages(l->page_tables.size, PAGE_SIZE, MEMORY_ANYWHERE);
	if (!l->page_tables.phys)
		return EFI_OUT_OF_RESOURCES;
	l->root = pagetable_build(&plan, (u64 *)l->page_tables.phys);
	return EFI_SUCCESS;
}

/* The tables have to cover the memory: a first map tells how much there is. */
static EFI_STATUS tables_prepare(struct loader *l, struct map *map)
{
	EFI_STATUS status = map_get(map);

	if (!status && handoff_set_memory(l, map->buffer, map->size, map->stride))
		status = EFI_ABORTED;
	return status ? status : tables_build(l);
}

/* The firmware may change its map behind our back, then the key is stale: ask again. */
static EFI_STATUS services_exit(struct loader *l, struct map *map)
{
	EFI_STATUS status = EFI_ABORTED;

	for (int i = 0; status && i < ATTEMPTS; i++) {
		status = map_get(map);
		if (status || handoff_set_memory(l, map->buffer, map->size, map->stride))
			return status ? status : EFI_ABORTED;
		status = firmware.boot->ExitBootServices(firmware.image, map->key);
	}
	return status;
}

static __noreturn void jump(const struct loader *l)
{
	__asm__ volatile("cli; cld; mov %0, %%cr3; jmp *%1"
			 :
			 : "r"(l->root), "r"(l->layout.entry), "D"(l->handoff)
			 : "memory");
	__builtin_unreachable();
}

EFI_STATUS leave(struct loader *l)
{
	struct map map = {0};
	EFI_STATUS status = map_alloc(&map);

	if (!status)
		status = handoff_prepare(l, (u32)(map.capacity / map.stride));
	if (!status)
		status = tables_prepare(l, &map);
	stamp_add(HANDOFF_STAMP_EXIT);
	if (!status)
		status = services_exit(l, &map);
	if (status)
		return status;
	stamp_add(HANDOFF_STAMP_JUMP);
	handoff_finish(l);
	jump(l);
}
