/* SPDX-License-Identifier: BSD-2-Clause */
/* Single entries and tables of the radix engine; for its own files only. */
#ifndef ARCH_X86_MM_RADIX_ENTRY_H
#define ARCH_X86_MM_RADIX_ENTRY_H

#include "arch/x86/mm/radix.h"

/* A pass over [key, end): addresses without their sign extension. */
struct radix_cursor {
	struct radix *r;
	u64 key, end;
	u64 pa;        /* radix_map(): where key goes */
	unsigned perm; /* of the leaves to write */
	enum mem_type type;
	bool set_perm, set_type; /* change only: which of them */
	bool changed;            /* a present entry was replaced */
};

static inline unsigned radix_index(u64 key, unsigned level)
{
	return key >> RADIX_LEVEL_SHIFT(level) & (RADIX_ENTRIES - 1);
}

/* Go to the next entry of this level, and say whether it is in the same table and range. */
static inline bool radix_next(struct radix_cursor *c, unsigned level)
{
	c->key = ALIGN_DOWN(c->key, RADIX_LEVEL_SIZE(level)) + RADIX_LEVEL_SIZE(level);
	return c->key < c->end && radix_index(c->key, level);
}

/* Whether the cursor's range covers all of the entry at key. */
static inline bool radix_covers(const struct radix_cursor *c, unsigned level)
{
	return IS_ALIGNED(c->key, RADIX_LEVEL_SIZE(level)) &&
	       c->end - c->key >= RADIX_LEVEL_SIZE(level);
}

/* Hardware sets status bits at any time, hence the atomic accesses. */
static inline u64 radix_load(const u64 *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/* What was written before is visible to whoever sees the new value. */
static inline void radix_store(struct radix *r, u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	if (r->mem->writeback)
		r->mem->writeback(r->mem_ctx, entry, sizeof(*entry));
}

static inline bool radix_present(const struct radix *r, u64 entry)
{
	return (entry & r->format->present_mask) != 0;
}

/* Whether a present entry is a leaf. */
static inline bool radix_is_leaf(const struct radix *r, u64 entry, unsigned level)
{
	return level == RADIX_4K ||
	       (level <= r->format->max_leaf && (entry & r->format->large_bit));
}

static inline u64 *radix_table(const struct radix *r, u64 entry)
{
	return r->mem->virt(r->mem_ctx, HPA(entry & r->format->address_mask));
}

/* The physical address a leaf points to. Bits below the leaf's size are attributes. */
static inline u64 radix_leaf_pa(const struct radix *r, u64 entry, unsigned level)
{
	return ALIGN_DOWN(entry & r->format->address_mask, RADIX_LEVEL_SIZE(level));
}

static inline u64 radix_make_leaf(const struct radix *r, unsigned level, u64 pa, unsigned perm,
				  enum mem_type type)
{
	u64 large = level > RADIX_4K ? r->format->large_bit : 0;

	return pa | large | r->format->encode(level, perm & r->format->perm_mask, type);
}

static inline void radix_grow_generation(struct radix *r)
{
	__atomic_store_n(&r->generation, r->generation + 1, __ATOMIC_RELEASE);
}

int radix_alloc_table(struct radix *r, hpa_t *table);
void radix_free_table(struct radix *r, u64 table);

/* Check a range as radix_map() describes and give its first key. */
int radix_check_range(const struct radix *r, u64 va, u64 size, u64 *key);

/* Remove [key, end), which no leaf straddles. Cannot fail. */
void radix_clear(struct radix *r, u64 key, u64 end);

/* Make tables on the way to key leaves again where they are uniform. */
void radix_promote_at(struct radix *r, u64 key);

/* The same for the table that entry, of the given level, points to. */
void radix_promote(struct radix *r, u64 *entry, unsigned level);

#endif
