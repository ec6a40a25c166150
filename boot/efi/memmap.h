/* SPDX-License-Identifier: BSD-2-Clause */
/* From the firmware's memory map to the core's: sorted, merged, with the loader's own
 * allocations under their names. Pure: no firmware call. */
#ifndef BOOT_EFI_MEMMAP_H
#define BOOT_EFI_MEMMAP_H

#include "boot/handoff/handoff.h"
#include "kernel/lib/err.h"

/* EFI_MEMORY_DESCRIPTOR, UEFI 7.2.3; the firmware's stride may be larger. */
struct efi_memory {
	u32 type;
	u32 pad;
	u64 base;
	u64 virt;
	u64 pages;
	u64 attributes;
};

struct memmap {
	struct handoff_mem *mem;
	u32 count;
	u32 capacity;
};

/* Elements that a map may need: one per descriptor and two more per range set. */
#define MEMMAP_CAPACITY(descriptors, ranges) ((descriptors) + 2 * (ranges))

/*
 * Convert `size` bytes of descriptors of `stride` bytes each. Descriptors that are empty, not
 * page-aligned or wrap are left out; where two overlap, the later one keeps only what the
 * earlier (by address) leaves. ERR_INVAL for a stride below that of the specification,
 * ERR_NOMEM when the capacity does not do.
 */
int memmap_convert(struct memmap *map, const void *descriptors, u64 size, u64 stride) __must_check;

/* Give [base, base + length), within one element, another type. The length is rounded up to
 * pages. ERR_RANGE when no element holds it, ERR_NOMEM when the capacity does not do. */
int memmap_set(struct memmap *map, u64 base, u64 length, u32 type) __must_check;

/* The end of the highest RAM. */
u64 memmap_ram_end(const struct memmap *map);

#endif
