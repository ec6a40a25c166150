/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/pagetable.h"

#include <string.h>

#include "boot/handoff/handoff.h"

#define TABLE_ENTRIES 512u
#define PTE_TABLE 3ull              /* present, writable */
#define PTE_LEAF (PTE_TABLE | 0x60) /* accessed, dirty: the walker need not write */
#define PTE_LARGE (PTE_LEAF | BIT(7))
#define SMALL_LEAVES_BELOW GIB(4)
#define IDENTITY_END_MAX BIT(47) /* the lower half of the address space */

#define INDEX(address, shift) (((address) >> (shift)) & (TABLE_ENTRIES - 1))

struct pool {
	u64 *next;
};

static u64 *table_new(struct pool *pool)
{
	u64 *table = pool->next;

	pool->next += TABLE_ENTRIES;
	memset(table, 0, PAGE_SIZE);
	return table;
}

static u64 *table_below(struct pool *pool, u64 *table, u64 index)
{
	if (!table[index])
		table[index] = (u64)(uintptr_t)table_new(pool) | PTE_TABLE;
	return (u64 *)(uintptr_t)ALIGN_DOWN(table[index], PAGE_SIZE);
}

static u64 identity_end(const struct pagetable_plan *plan)
{
	u64 end = MAX(plan->identity_end, SMALL_LEAVES_BELOW);

	return ALIGN_UP(MIN(end, IDENTITY_END_MAX), GIB(1));
}

u64 pagetable_pages(const struct pagetable_plan *plan)
{
	u64 end = identity_end(plan);
	u64 directories = (plan->has_1gib ? SMALL_LEAVES_BELOW : end) >> 30;
	u64 core_tables = ALIGN_UP(plan->core_size, MIB(2)) >> 21;

	return plan->five_levels + 1 + (ALIGN_UP(end, GIB(512)) >> 39) + directories + 2 +
	       core_tables;
}

static void map_identity(const struct pagetable_plan *plan, struct pool *pool, u64 *top)
{
	u64 end = identity_end(plan);

	for (u64 at = 0; at < end; at += GIB(1)) {
		u64 *pdpt = table_below(pool, top, INDEX(at, 39));
		u64 *pd;

		if (at >= SMALL_LEAVES_BELOW && plan->has_1gib) {
			pdpt[INDEX(at, 30)] = at | PTE_LARGE;
			continue;
		}
		pd = table_below(pool, pdpt, INDEX(at, 30));
		for (u64 i = 0; i < TABLE_ENTRIES; i++)
			pd[i] = (at + i * MIB(2)) | PTE_LARGE;
	}
}

static void map_core(const struct pagetable_plan *plan, struct pool *pool, u64 *top)
{
	u64 *pdpt = table_below(pool, top, INDEX(HANDOFF_CORE_VIRT, 39));
	u64 *pd = table_below(pool, pdpt, INDEX(HANDOFF_CORE_VIRT, 30));

	for (u64 at = 0; at < plan->core_size; at += PAGE_SIZE) {
		u64 *pt = table_below(pool, pd, INDEX(HANDOFF_CORE_VIRT + at, 21));

		pt[INDEX(at, 12)] = (plan->core_phys + at) | PTE_LEAF;
	}
}

u64 pagetable_build(const struct pagetable_plan *plan, u64 *pages)
{
	struct pool pool = {pages};
	u64 *root = table_new(&pool);
	u64 *top = root;

	if (plan->five_levels) {
		top = table_below(&pool, root, 0);
		root[TABLE_ENTRIES - 1] = root[0];
	}
	map_identity(plan, &pool, top);
	map_core(plan, &pool, top);
	return (u64)(uintptr_t)root;
}
