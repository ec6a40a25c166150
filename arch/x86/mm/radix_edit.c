/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of what is mapped: unmapping, permissions, splitting and promotion of leaves. */
#include "arch/x86/mm/radix_entry.h"

/* Replace a leaf by a table of 512 that map the same. */
static int radix_split(struct radix *r, u64 *entry, unsigned level)
{
	u64 old = radix_load(entry), pa = radix_leaf_pa(r, old, level);
	enum mem_type type;
	unsigned perm;
	hpa_t page;
	u64 *table;
	int err = radix_alloc_table(r, &page);

	if (err)
		return err;
	r->format->decode(old, level, &perm, &type);
	table = radix_table(r, page.v);
	for (unsigned i = 0; i < RADIX_ENTRIES; i++)
		table[i] = radix_make_leaf(r, level - 1, pa + i * RADIX_LEVEL_SIZE(level - 1), perm,
					   type) |
			   (old & r->format->status_mask);
	if (r->mem->writeback)
		r->mem->writeback(r->mem_ctx, table, PAGE_SIZE);
	radix_store(r, entry, page.v | r->format->table_bits);
	r->stats.leaves[level]--;
	r->stats.leaves[level - 1] += RADIX_ENTRIES;
	r->stats.splits++;
	return ERR_OK;
}

/* Make sure that no leaf straddles key. */
static int radix_split_at(struct radix *r, u64 key)
{
	u64 *table = radix_table(r, r->root.v);

	for (unsigned level = r->format->levels; !IS_ALIGNED(key, RADIX_LEVEL_SIZE(level));
	     level--) {
		u64 *entry = &table[radix_index(key, level)];

		if (!radix_present(r, radix_load(entry)))
			return ERR_OK;
		if (radix_is_leaf(r, radix_load(entry), level)) {
			int err = radix_split(r, entry, level);

			if (err)
				return err;
		}
		table = radix_table(r, radix_load(entry));
	}
	return ERR_OK;
}

/* Split at both ends of a range; on errors, what is mapped where has not changed. */
static int radix_split_ends(struct radix *r, u64 key, u64 end)
{
	int err = radix_split_at(r, key);

	if (!err)
		err = radix_split_at(r, end);
	if (err) {
		radix_promote_at(r, key);
		radix_promote_at(r, end);
	}
	return err;
}

/* Whether a table's entries are leaves that one leaf of the level above could replace. */
static bool radix_uniform(const struct radix *r, const u64 *table, unsigned level)
{
	u64 first = radix_load(&table[0]) & ~r->format->status_mask;

	if (!radix_present(r, first) || !radix_is_leaf(r, first, level) ||
	    !IS_ALIGNED(radix_leaf_pa(r, first, level), RADIX_LEVEL_SIZE(level + 1)))
		return false;
	for (unsigned i = 1; i < RADIX_ENTRIES; i++)
		if ((radix_load(&table[i]) & ~r->format->status_mask) !=
		    first + i * RADIX_LEVEL_SIZE(level))
			return false;
	return true;
}

void radix_promote(struct radix *r, u64 *entry, unsigned level)
{
	u64 old = radix_load(entry), first;
	enum mem_type type;
	unsigned perm;

	if (level > r->max_leaf || r->promoted_count == RADIX_RETIRED_MAX ||
	    !radix_uniform(r, radix_table(r, old), level - 1))
		return;
	first = radix_load(radix_table(r, old));
	r->format->decode(first, level - 1, &perm, &type);
	radix_store(r, entry,
		    radix_make_leaf(r, level, radix_leaf_pa(r, first, level - 1), perm, type));
	/* A walker may hold the table's address: its entries stay valid until a flush. */
	r->promoted[r->promoted_count++] = HPA(old & r->format->address_mask);
	radix_grow_generation(r);
	r->stats.leaves[level - 1] -= RADIX_ENTRIES;
	r->stats.leaves[level]++;
	r->stats.promotions++;
}

static void radix_promote_below(struct radix *r, u64 *table, u64 key, unsigned level)
{
	u64 *entry = &table[radix_index(key, level)], old = radix_load(entry);

	if (!radix_present(r, old) || radix_is_leaf(r, old, level))
		return;
	if (level > RADIX_2M)
		radix_promote_below(r, radix_table(r, old), key, level - 1);
	radix_promote(r, entry, level);
}

void radix_promote_at(struct radix *r, u64 key)
{
	radix_promote_below(r, radix_table(r, r->root.v), key, r->format->levels);
}

/*
 * Keep an unlinked table, of which nothing is mapped any more, and all below it until the
 * next flush. The chain's links are first entries: a page's address is never a present one.
 */
static void radix_retire(struct radix *r, u64 table_entry, unsigned level)
{
	u64 *table = radix_table(r, table_entry);

	for (unsigned i = 0; i < RADIX_ENTRIES; i++) {
		u64 entry = radix_load(&table[i]);

		if (!radix_present(r, entry))
			continue;
		if (radix_is_leaf(r, entry, level))
			r->stats.leaves[level]--;
		else
			radix_retire(r, entry, level - 1);
	}
	radix_store(r, &table[0], r->retired);
	r->retired = table_entry & r->format->address_mask;
}

static bool radix_empty(const struct radix *r, const u64 *table)
{
	for (unsigned i = 0; i < RADIX_ENTRIES; i++)
		if (radix_present(r, radix_load(&table[i])))
			return false;
	return true;
}

static void radix_clear_table(struct radix_cursor *c, u64 *table, unsigned level);

static void radix_clear_entry(struct radix_cursor *c, u64 *entry, unsigned level)
{
	struct radix *r = c->r;
	u64 old = radix_load(entry);

	if (!radix_present(r, old))
		return;
	if (radix_is_leaf(r, old, level)) {
		radix_store(r, entry, 0);
		r->stats.leaves[level]--;
		c->changed = true;
		return;
	}
	if (!radix_covers(c, level)) {
		struct radix_cursor below = *c;

		radix_clear_table(&below, radix_table(r, old), level - 1);
		c->changed |= below.changed;
		if (!radix_empty(r, radix_table(r, old)))
			return;
	}
	radix_store(r, entry, 0);
	radix_retire(r, old, level - 1);
	c->changed = true;
}

static void radix_clear_table(struct radix_cursor *c, u64 *table, unsigned level)
{
	do
		radix_clear_entry(c, &table[radix_index(c->key, level)], level);
	while (radix_next(c, level));
}

void radix_clear(struct radix *r, u64 key, u64 end)
{
	struct radix_cursor c = {.r = r, .key = key, .end = end};

	radix_clear_table(&c, radix_table(r, r->root.v), r->format->levels);
	if (c.changed)
		radix_grow_generation(r);
}

int radix_unmap(struct radix *r, u64 va, u64 size)
{
	u64 key = 0;
	int err = radix_check_range(r, va, size, &key);

	if (!err)
		err = radix_split_ends(r, key, key + size);
	if (!err)
		radix_clear(r, key, key + size);
	return err;
}

static void radix_change_leaf(struct radix_cursor *c, u64 *entry, unsigned level)
{
	struct radix *r = c->r;
	u64 old = radix_load(entry), new;
	enum mem_type type;
	unsigned perm;

	r->format->decode(old, level, &perm, &type);
	new = radix_make_leaf(r, level, radix_leaf_pa(r, old, level), c->set_perm ? c->perm : perm,
			      c->set_type ? c->type : type);
	if (((new ^ old) & ~r->format->status_mask) == 0)
		return;
	radix_store(r, entry, new | (old & r->format->status_mask));
	c->changed = true;
}

static void radix_change_table(struct radix_cursor *c, u64 *table, unsigned level)
{
	do {
		u64 *entry = &table[radix_index(c->key, level)], old = radix_load(entry);
		struct radix_cursor below = *c;

		if (!radix_present(c->r, old))
			continue;
		if (radix_is_leaf(c->r, old, level)) {
			radix_change_leaf(c, entry, level);
			continue;
		}
		radix_change_table(&below, radix_table(c->r, old), level - 1);
		c->changed |= below.changed;
		radix_promote(c->r, entry, level);
	} while (radix_next(c, level));
}

static int radix_change(struct radix_cursor *c, u64 va, u64 size)
{
	struct radix *r = c->r;
	u64 key = 0;
	int err = radix_check_range(r, va, size, &key);

	if (!err)
		err = radix_split_ends(r, key, key + size);
	if (err)
		return err;
	c->key = key;
	c->end = key + size;
	radix_change_table(c, radix_table(r, r->root.v), r->format->levels);
	if (c->changed)
		radix_grow_generation(r);
	return ERR_OK;
}

int radix_protect(struct radix *r, u64 va, u64 size, unsigned perm)
{
	struct radix_cursor c = {.r = r, .perm = perm, .set_perm = true};

	if (!(perm & RADIX_R))
		return trace_err(ERR_INVAL, "%s: permissions %#x without read", r->format->name,
				 perm);
	return radix_change(&c, va, size);
}

int radix_retype(struct radix *r, u64 va, u64 size, enum mem_type type)
{
	struct radix_cursor c = {.r = r, .type = type, .set_type = true};

	return radix_change(&c, va, size);
}
