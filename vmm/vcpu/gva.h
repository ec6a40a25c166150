/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own page tables, walked by the core when it emulates an instruction
 * (SDM vol. 3, chapter 4): no paging, 32-bit, PAE and 4-level.
 */
#ifndef VMM_VCPU_GVA_H
#define VMM_VCPU_GVA_H

#include "kernel/lib/err.h"
#include "vmm/vm/memory.h"

/* Kind of access; the bits of a page-fault error code (SDM vol. 3, 4.7). */
#define GVA_WRITE 0x02u
#define GVA_USER 0x04u
#define GVA_FETCH 0x10u

/* The registers a walk depends on. */
struct gva_state {
	u64 cr0, cr3, cr4, efer;
};

/* The entries that a translation was made from, so that it can be checked later whether
 * the same walk would have the same result. */
#define GVA_LEVELS 4
struct gva_walk {
	const void *entry[GVA_LEVELS];
	u64 value[GVA_LEVELS];
	u32 levels;
	bool checkable; /* false: entries of 4 bytes, which gva_walk_holds() cannot compare */
};

/* Whether a page-directory-pointer entry of PAE paging may be loaded (SDM vol. 3, 4.4.1 and
 * table 4-8): its reserved bits are 0 if it is present. */
static inline bool gva_pdpte_valid(u64 entry, unsigned phys_bits)
{
	return !(entry & 1) || !(entry & (0x1e6 | ~(BIT(phys_bits) - 1)));
}

/* Whether all entries of a walk still have the values they had. */
static inline bool gva_walk_holds(const struct gva_walk *w)
{
	for (u32 i = 0; i < w->levels; i++)
		if (*(const u64 *)w->entry[i] != w->value[i])
			return false;
	return true;
}

/*
 * Translate one linear address; the caller splits accesses at page borders. Sets
 * accessed and dirty bits as the processor does.
 * ERR_FAULT: the guest gets #PF with *error as error code. ERR_RANGE: a table is not in RAM.
 */
int __must_check gva_translate(const struct vm_memory *m, const struct gva_state *s, u64 linear,
			       u32 access, gpa_t *out, u32 *error);

/* The same, and tell how; w->levels is 0 without paging. */
int __must_check gva_translate_walk(const struct vm_memory *m, const struct gva_state *s,
				    u64 linear, u32 access, gpa_t *out, u32 *error,
				    struct gva_walk *w);

#endif
