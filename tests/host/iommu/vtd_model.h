/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A remapping unit and the memory that it walks, as VT-d 4.1 says, with caches that forget only
 * what an invalidation names: a missing flush lets a DMA through that should be blocked. A unit
 * that does not snoop sees only what was written back.
 */
#ifndef TESTS_HOST_IOMMU_VTD_MODEL_H
#define TESTS_HOST_IOMMU_VTD_MODEL_H

#include "drivers/iommu/vtd.h"

#define MODEL_BASE 0xfed90000ull
#define MODEL_PAGES 4096
#define MODEL_UNITS 4 /* a page from MODEL_BASE on each */

struct vtd_model {
	u64 cap, ecap;           /* of all units */
	u32 unit;                /* that devices are behind */
	bool deaf_commands;      /* GCMD has no effect */
	bool deaf_invalidations; /* wait descriptors are not carried out */
	u32 malformed; /* descriptors and entries with reserved bits, commands too early */
	u32 steps;     /* entries read by the last walk */
};
extern struct vtd_model vtd_model;

/* A machine with a unit at MODEL_BASE that has this cap and ecap, and fresh memory. */
void model_reset(u64 cap, u64 ecap);

/* A device's access: whether it is let through, and where to. */
bool model_dma(u16 bdf, u64 address, bool write, u64 *to);

/* A device's message, or that of an I/O APIC: 0 and where it goes, or the reason why it is
 * blocked (5.1.4.1). */
struct model_irq {
	u32 apic_id;
	u8 vector;
	bool level;
};
unsigned model_irq(u16 bdf, u64 address, u32 data, struct model_irq *out);

/* Pages that are allocated. */
u32 model_pages_used(void);
/* Let the n-th allocation from now on fail; -1: none. */
void model_fail_after(int n);

#endif
