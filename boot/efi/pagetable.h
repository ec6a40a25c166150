/* SPDX-License-Identifier: BSD-2-Clause */
/* The page tables that the core starts on: memory at itself, and the core's block at its
 * linked address. Pure: no firmware call. */
#ifndef BOOT_EFI_PAGETABLE_H
#define BOOT_EFI_PAGETABLE_H

#include "kernel/lib/types.h"

struct pagetable_plan {
	u64 identity_end; /* physical memory below it is mapped at itself */
	u64 core_phys;
	u64 core_size;    /* in bytes, whole pages, below 1 GiB */
	bool five_levels; /* the firmware runs with CR4.LA57 */
	bool has_1gib;    /* the processor has 1 GiB pages */
};

/* How many pages the tables need. */
u64 pagetable_pages(const struct pagetable_plan *plan);

/*
 * Build the tables in as many pages, physically (and now) at `pages`. Returns the root for CR3.
 * Below 4 GiB there are 2 MiB leaves, so that few of them span memory types of the MTRRs.
 * With five levels the root's first and last entry share one table of the fourth level.
 */
u64 pagetable_build(const struct pagetable_plan *plan, u64 *pages);

#endif
