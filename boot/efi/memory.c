/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/memory.h"

#include <string.h>

u64 memory_pages(u64 size, u64 align, u64 limit)
{
	EFI_PHYSICAL_ADDRESS at = limit - 1;
	u64 slack = align - PAGE_SIZE;
	u64 first, end;

	if (size > BIT(48))
		return 0;
	size = ALIGN_UP(size, PAGE_SIZE);
	if (firmware.boot->AllocatePages(AllocateMaxAddress, EfiLoaderData,
					 (size + slack) >> PAGE_SHIFT, &at))
		return 0;
	/* The firmware aligns to pages only: take more, and give back what is too much. */
	first = ALIGN_UP(at, align);
	end = at + size + slack;
	memory_pages_free(at, first - at);
	memory_pages_free(first + size, end - first - size);
	return first;
}

void memory_pages_free(u64 phys, u64 size)
{
	if (size)
		firmware.boot->FreePages(phys, ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT);
}

void *memory_pool(u64 size)
{
	void *p = NULL;

	if (firmware.boot->AllocatePool(EfiLoaderData, size, &p))
		return NULL;
	return memset(p, 0, size);
}

void memory_pool_free(void *p)
{
	if (p)
		firmware.boot->FreePool(p);
}
