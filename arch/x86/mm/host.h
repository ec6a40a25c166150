/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core's own address space, the same on all CPUs:
 *	DIRECT_BASE	all RAM, read and write
 *	MMIO_BASE	device registers, arch/x86/mm/mmio.h
 *	STACK_BASE	stacks, each above a page that is never mapped
 *	IMAGE_BASE	the image, by section: .text RX, .rodata R, the rest RW
 * Nothing is both writable and executable, nothing is mapped at low addresses.
 */
#ifndef ARCH_X86_MM_HOST_H
#define ARCH_X86_MM_HOST_H

#include "arch/x86/mm/memtype.h"
#include "kernel/lib/types.h"

struct host_ram {
	u64 base, size; /* whole pages */
};

/*
 * Before the allocator is there: make the direct map usable by entering the
 * identity map of the tables in CR3 a second time, at DIRECT_BASE.
 */
void host_alias_identity(void);

/* Build the tables from pages_alloc(). ERR_NOMEM, ERR_INVAL. */
__must_check int host_space_init(const struct host_ram *ram, u32 count);

/* Switch this CPU to them, with NX, WP, PGE, SMEP, SMAP, UMIP and PAT set up. */
void host_space_enter(void);

/* Physical address for CR3, below 4 GiB. */
u64 host_space_root(void);

/* Map memory at its physical address and undo it; perm is RADIX_*. For
 * starting CPUs and for calling the firmware. */
__must_check int host_map_identity(hpa_t pa, u64 size, unsigned perm);
void host_unmap_identity(hpa_t pa, u64 size);

/* Map size bytes at va, used by mmio_map(). */
__must_check int host_map(u64 va, hpa_t pa, u64 size, unsigned perm, enum mem_type type);

/* A stack of size bytes above a guard page: its top, or NULL without memory.
 * virt_to_hpa() does not work on it. */
void *host_stack_alloc(u64 size);

/* Whether an address lies in a guard page; in memory that stacks are made of. */
bool host_is_guard(u64 va);
bool host_is_stack(u64 va);

/* Drop this CPU's translations of a range. */
void host_tlb_flush_local(u64 va, u64 size);

/* Is this physical range covered by the direct map? */
bool host_is_ram(hpa_t pa, u64 size);

/* Pages used by the tables themselves. */
u64 host_space_tables(void);

#endif
