/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/mm/radix.h"

#include "arch/x86/mm/radix_entry.h"
#include "kernel/lib/checked.h"

int radix_alloc_table(struct radix *r, hpa_t *table)
{
	int err = r->mem->alloc(r->mem_ctx, table);

	if (err)
		return err;
	r->stats.tables++;
	/* Walkers that do not snoop would find what the page held before it was cleared. */
	if (r->mem->writeback)
		r->mem->writeback(r->mem_ctx, radix_table(r, table->v), PAGE_SIZE);
	return ERR_OK;
}

void radix_free_table(struct radix *r, u64 table)
{
	r->stats.tables--;
	r->mem->free(r->mem_ctx, HPA(table & r->format->address_mask));
}

int radix_init(struct radix *r, const struct radix_format *format, const struct radix_mem_ops *mem,
	       void *mem_ctx)
{
	*r = (struct radix){
	    .format = format, .mem = mem, .mem_ctx = mem_ctx, .max_leaf = format->max_leaf};
	return radix_alloc_table(r, &r->root);
}

/* Free a table that no walker can reach, with all below it. */
static void radix_free_tree(struct radix *r, u64 table_entry, unsigned level)
{
	const u64 *table = radix_table(r, table_entry);

	for (unsigned i = 0; i < RADIX_ENTRIES; i++) {
		u64 entry = radix_load(&table[i]);

		if (!radix_present(r, entry))
			continue;
		if (radix_is_leaf(r, entry, level))
			r->stats.leaves[level]--;
		else
			radix_free_tree(r, entry, level - 1);
	}
	radix_free_table(r, table_entry);
}

void radix_destroy(struct radix *r)
{
	radix_flushed(r);
	radix_free_tree(r, r->root.v, r->format->levels);
	r->root = HPA(0);
}

void radix_limit_leaf(struct radix *r, unsigned level)
{
	r->max_leaf = MIN(MAX(level, (unsigned)RADIX_4K), r->format->max_leaf);
}

void radix_flushed(struct radix *r)
{
	while (r->retired) {
		u64 table = r->retired;

		/* See radix_retire(): the first entry is the link. */
		r->retired = *radix_table(r, table);
		radix_free_table(r, table);
	}
	while (r->promoted_count)
		radix_free_table(r, r->promoted[--r->promoted_count].v);
	r->flushed = r->generation;
}

static u64 radix_bits(const struct radix *r)
{
	return PAGE_SHIFT + RADIX_BITS * r->format->levels;
}

/* Whether both ends of a range are addresses of the format, on the same side of the hole. */
static bool radix_valid(const struct radix *r, u64 first, u64 last)
{
	unsigned shift = 64 - radix_bits(r);

	if (!r->format->canonical)
		return last >> radix_bits(r) == 0;
	return (s64)(first << shift) >> shift == (s64)first &&
	       (s64)(last << shift) >> shift == (s64)last && (first ^ last) >> 63 == 0;
}

int radix_check_range(const struct radix *r, u64 va, u64 size, u64 *key)
{
	u64 last;

	if (!size || !IS_ALIGNED(va | size, PAGE_SIZE))
		return trace_err(ERR_INVAL, "%s: unaligned range %#llx, size %#llx",
				 r->format->name, (unsigned long long)va, (unsigned long long)size);
	if (!checked_add(va, size - 1, &last) || !radix_valid(r, va, last))
		return trace_err(ERR_RANGE, "%s: no addresses %#llx, size %#llx", r->format->name,
				 (unsigned long long)va, (unsigned long long)size);
	*key = va & (BIT(radix_bits(r)) - 1);
	return ERR_OK;
}

static int radix_map_table(struct radix_cursor *c, u64 *table, unsigned level);

/* Fill a new table before it is linked, so that a failure leaves no trace of it. */
static int radix_map_new(struct radix_cursor *c, u64 *entry, unsigned level)
{
	const struct radix_cursor start = *c;
	struct radix *r = c->r;
	hpa_t table;
	int err = radix_alloc_table(r, &table);

	if (err)
		return err;
	err = radix_map_table(c, radix_table(r, table.v), level - 1);
	if (err) {
		radix_free_tree(r, table.v, level - 1);
		*c = start;
		return err;
	}
	radix_store(r, entry, table.v | r->format->table_bits);
	return ERR_OK;
}

/* Map one entry's part of the range. On errors the cursor is where mapping ended. */
static int radix_map_entry(struct radix_cursor *c, u64 *entry, unsigned level)
{
	struct radix *r = c->r;
	u64 old = radix_load(entry);

	if (radix_present(r, old)) {
		if (radix_is_leaf(r, old, level))
			return trace_err(ERR_EXIST, "%s: %#llx is mapped already", r->format->name,
					 (unsigned long long)c->key);
		return radix_map_table(c, radix_table(r, old), level - 1);
	}
	if (level > r->max_leaf || !radix_covers(c, level) ||
	    !IS_ALIGNED(c->pa, RADIX_LEVEL_SIZE(level)))
		return radix_map_new(c, entry, level);
	radix_store(r, entry, radix_make_leaf(r, level, c->pa, c->perm, c->type));
	r->stats.leaves[level]++;
	c->key += RADIX_LEVEL_SIZE(level);
	c->pa += RADIX_LEVEL_SIZE(level);
	return ERR_OK;
}

static int radix_map_table(struct radix_cursor *c, u64 *table, unsigned level)
{
	int err;

	/* An entry's part ends at the next one's start, and index 0 is the next table. */
	do
		err = radix_map_entry(c, &table[radix_index(c->key, level)], level);
	while (!err && c->key < c->end && radix_index(c->key, level));
	return err;
}

static int radix_check_map(const struct radix *r, hpa_t pa, u64 size, unsigned perm)
{
	u64 last;

	if (!IS_ALIGNED(pa.v, PAGE_SIZE) || !(perm & RADIX_R))
		return trace_err(ERR_INVAL, "%s: cannot map to %#llx, permissions %#x",
				 r->format->name, (unsigned long long)pa.v, perm);
	if (!checked_add(pa.v, size - 1, &last) || last > (r->format->address_mask | 0xfff))
		return trace_err(ERR_RANGE, "%s: no physical memory at %#llx, size %#llx",
				 r->format->name, (unsigned long long)pa.v,
				 (unsigned long long)size);
	return ERR_OK;
}

int radix_map(struct radix *r, u64 va, hpa_t pa, u64 size, unsigned perm, enum mem_type type)
{
	struct radix_cursor c = {.r = r, .pa = pa.v, .perm = perm, .type = type};
	u64 key = 0;
	int err = radix_check_range(r, va, size, &key);

	if (!err)
		err = radix_check_map(r, pa, size, perm);
	if (err)
		return err;
	c.key = key;
	c.end = key + size;
	err = radix_map_table(&c, radix_table(r, r->root.v), r->format->levels);
	if (err) {
		if (c.key > key)
			radix_clear(r, key, c.key);
		return err;
	}
	if (r->format->flush_on_map)
		radix_grow_generation(r);
	/* Only at its ends can the range have completed a table that was there before. */
	radix_promote_at(r, key);
	radix_promote_at(r, c.end - PAGE_SIZE);
	return ERR_OK;
}

int radix_lookup(const struct radix *r, u64 va, struct radix_leaf *out)
{
	const u64 *table = radix_table(r, r->root.v);
	u64 entry;

	*out = (struct radix_leaf){0};
	if (!radix_valid(r, va, va))
		return ERR_RANGE;
	for (unsigned level = r->format->levels;; level--) {
		entry = radix_load(&table[radix_index(va, level)]);
		out->steps++;
		out->size = RADIX_LEVEL_SIZE(level);
		if (!radix_present(r, entry))
			return ERR_NOENT;
		if (radix_is_leaf(r, entry, level)) {
			out->pa = HPA(radix_leaf_pa(r, entry, level) | (va & (out->size - 1)));
			r->format->decode(entry, level, &out->perm, &out->type);
			return ERR_OK;
		}
		table = radix_table(r, entry);
	}
}
