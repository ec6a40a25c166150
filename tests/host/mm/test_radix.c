/* SPDX-License-Identifier: BSD-2-Clause */
/* The radix engine against a flat model, with failing allocations and a concurrent walker. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs some of those above */
#include <cmocka.h>

#include "arch/x86/mm/radix.h"

/* The window under test crosses a 512 GiB boundary, so that all levels take part. */
#define WINDOW_SIZE GIB(3)
#define WINDOW_BASE (GIB(512) - GIB(1))
#define WINDOW_PAGES (WINDOW_SIZE / PAGE_SIZE)

struct model_page {
	u64 pa;
	u64 perm; /* 0: not mapped */
	u64 type;
};

static struct model_page *model;
static long alloc_budget; /* allocations until one fails; < 0: no limit */
static u64 tables_live;
static u64 random_state = 88172645463325252ull;

static u64 random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int table_alloc(void *ctx, hpa_t *page)
{
	void *p;

	(void)ctx;
	if (alloc_budget == 0)
		return ERR_NOMEM;
	if (alloc_budget > 0)
		alloc_budget--;
	p = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	assert_non_null(p);
	memset(p, 0, PAGE_SIZE);
	*page = HPA((u64)(uintptr_t)p);
	tables_live++;
	return 0;
}

static void table_free(void *ctx, hpa_t page)
{
	(void)ctx;
	tables_live--;
	free((void *)(uintptr_t)page.v);
}

static void *table_virt(void *ctx, hpa_t page)
{
	(void)ctx;
	return (void *)(uintptr_t)page.v;
}

static u64 written_back;

static void table_writeback(void *ctx, const void *start, size_t bytes)
{
	(void)ctx;
	(void)start;
	written_back += bytes;
}

static const struct radix_mem_ops mem_ops = {table_alloc, table_free, table_virt, NULL};
static const struct radix_mem_ops noncoherent_ops = {table_alloc, table_free, table_virt,
						     table_writeback};

/* A format as VT-d's second level with 39 bits has it: three levels, R and W only. */
static u64 sl_encode(unsigned level, unsigned perm, enum mem_type type)
{
	(void)level;
	(void)type;
	return perm & RADIX_RW;
}

static void sl_decode(u64 entry, unsigned level, unsigned *perm, enum mem_type *type)
{
	(void)level;
	*perm = entry & RADIX_RW;
	*type = MEM_WB;
}

static const struct radix_format format_sl = {
    .name = "second level",
    .levels = 3,
    .max_leaf = RADIX_1G,
    .flush_on_map = true,
    .address_mask = 0x000ffffffffff000ull,
    .present_mask = RADIX_RW,
    .large_bit = BIT(7),
    .table_bits = RADIX_RW,
    .perm_mask = RADIX_RW,
    .encode = sl_encode,
    .decode = sl_decode,
};

struct census {
	u64 leaves[RADIX_LEAF_LEVELS + 1];
	u64 tables;
};

/* Count a tree by reading it as hardware would; no table but the root may be empty. */
static void census_take(const struct radix *r, u64 table, unsigned level, struct census *c)
{
	const u64 *entries = (const u64 *)(uintptr_t)(table & r->format->address_mask);
	unsigned present = 0;

	c->tables++;
	for (unsigned i = 0; i < RADIX_ENTRIES; i++) {
		if (!(entries[i] & r->format->present_mask))
			continue;
		present++;
		if (level == 1 || (level <= 3 && (entries[i] & r->format->large_bit)))
			c->leaves[level]++;
		else
			census_take(r, entries[i], level - 1, c);
	}
	assert_true(present || level == r->format->levels);
}

static void check_stats(const struct radix *r)
{
	struct census c = {0};
	u64 retired = r->promoted_count;

	census_take(r, r->root.v, r->format->levels, &c);
	for (u64 t = r->retired; t; t = *(u64 *)(uintptr_t)t)
		retired++;
	for (unsigned l = 1; l <= RADIX_LEAF_LEVELS; l++)
		assert_int_equal(c.leaves[l], r->stats.leaves[l]);
	assert_int_equal(c.tables + retired, r->stats.tables);
	assert_int_equal(tables_live, r->stats.tables);
	if (!radix_needs_flush(r))
		assert_int_equal(retired, 0);
}

static void check_page(const struct radix *r, u64 base, u64 page)
{
	struct radix_leaf leaf;
	u64 va = base + page * PAGE_SIZE + 123;
	int err = radix_lookup(r, va, &leaf);

	if (!model[page].perm) {
		assert_int_equal(err, ERR_NOENT);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(leaf.pa.v, model[page].pa + 123);
	assert_int_equal(leaf.perm, model[page].perm);
	assert_int_equal(leaf.type, model[page].type);
	assert_true(leaf.steps <= r->format->levels && leaf.size >= PAGE_SIZE);
}

/* Compare all of the window, a leaf or a hole at a time. */
static void check_all(const struct radix *r, u64 base)
{
	struct radix_leaf leaf;

	for (u64 page = 0; page < WINDOW_PAGES;) {
		u64 va = base + page * PAGE_SIZE, covered, bad = 0;
		bool mapped = radix_lookup(r, va, &leaf) == 0;

		covered = (leaf.size - (va & (leaf.size - 1))) / PAGE_SIZE;
		for (u64 i = 0; i < covered && page < WINDOW_PAGES; i++, page++) {
			bad += model[page].perm != (mapped ? leaf.perm : 0);
			if (!mapped)
				continue;
			bad += model[page].pa != leaf.pa.v + i * PAGE_SIZE;
			bad += model[page].type != leaf.type;
		}
		assert_int_equal(bad, 0);
	}
}

/* A random range, its ends often on large boundaries. */
static void random_range(u64 *first, u64 *count)
{
	static const u64 grains[] = {1, 1, 8, 512, 512, 512, 262144};
	u64 grain = grains[random_next() % ARRAY_SIZE(grains)];

	*first = random_next() % WINDOW_PAGES / grain * grain;
	grain = grains[random_next() % ARRAY_SIZE(grains)];
	*count = (1 + random_next() % 20) * grain;
	*count = MIN(*count, WINDOW_PAGES - *first);
}

static bool model_any(u64 first, u64 count)
{
	for (u64 i = first; i < first + count; i++)
		if (model[i].perm)
			return true;
	return false;
}

static const unsigned perms[] = {RADIX_R, RADIX_RW, RADIX_RX, RADIX_RWX};
static const enum mem_type types[] = {MEM_WB, MEM_WB, MEM_UC, MEM_WC, MEM_WT, MEM_WP};

static void random_map(struct radix *r, u64 base, u64 first, u64 count, unsigned perm,
		       enum mem_type type)
{
	static const u64 offsets[] = {0, 0, 0, GIB(7), MIB(6), PAGE_SIZE};
	u64 pa = GIB(1) + first * PAGE_SIZE + offsets[random_next() % ARRAY_SIZE(offsets)];
	bool any = model_any(first, count);
	int err = radix_map(r, base + first * PAGE_SIZE, HPA(pa), count * PAGE_SIZE, perm, type);

	if (any)
		assert_true(err == ERR_EXIST || err == ERR_NOMEM);
	else
		assert_true(err == 0 || err == ERR_NOMEM);
	for (u64 i = 0; !err && i < count; i++)
		model[first + i] = (struct model_page){pa + i * PAGE_SIZE, perm, type};
}

enum change { UNMAP, PROTECT, RETYPE };

static void model_change(const struct radix *r, u64 first, u64 count, enum change change, u64 value)
{
	bool changed = false;

	for (u64 i = first; i < first + count; i++) {
		struct model_page *page = &model[i], old = *page;

		if (!page->perm)
			continue;
		if (change == UNMAP)
			page->perm = 0;
		else if (change == PROTECT)
			page->perm = value;
		else
			page->type = value;
		changed |= memcmp(&old, page, sizeof(old)) != 0;
	}
	/* A stale translation is always announced. */
	assert_true(!changed || radix_needs_flush(r));
}

static void random_op(struct radix *r, u64 base)
{
	unsigned perm = perms[random_next() % 4] & r->format->perm_mask, kind = random_next() % 8;
	enum mem_type type = r->format == &format_sl ? MEM_WB : types[random_next() % 6];
	u64 first, count, va;
	int err;

	random_range(&first, &count);
	va = base + first * PAGE_SIZE;
	if (kind < 4) {
		random_map(r, base, first, count, perm, type);
		return;
	}
	if (kind < 6)
		err = radix_unmap(r, va, count * PAGE_SIZE);
	else if (kind < 7)
		err = radix_protect(r, va, count * PAGE_SIZE, perm);
	else
		err = radix_retype(r, va, count * PAGE_SIZE, type);
	if (err)
		assert_int_equal(err, ERR_NOMEM);
	else
		model_change(r, first, count,
			     kind < 6   ? UNMAP
			     : kind < 7 ? PROTECT
					: RETYPE,
			     kind < 7 ? perm : type);
}

static void run_random(const struct radix_format *format, const struct radix_mem_ops *ops, u64 base,
		       unsigned limit, unsigned rounds)
{
	struct radix r;

	tables_live = 0;
	alloc_budget = -1;
	memset(model, 0, WINDOW_PAGES * sizeof(*model));
	assert_int_equal(radix_init(&r, format, ops, NULL), 0);
	radix_limit_leaf(&r, limit);
	for (unsigned i = 0; i < rounds; i++) {
		alloc_budget = random_next() % 4 ? -1 : (long)(random_next() % 8);
		random_op(&r, base);
		alloc_budget = -1;
		for (unsigned k = 0; k < 32; k++)
			check_page(&r, base, random_next() % WINDOW_PAGES);
		if (i % 16 == 0)
			check_all(&r, base);
		check_stats(&r);
		for (unsigned l = limit + 1; l <= RADIX_LEAF_LEVELS; l++)
			assert_int_equal(r.stats.leaves[l], 0);
		if (random_next() % 4 == 0)
			radix_flushed(&r);
	}
	assert_int_equal(radix_unmap(&r, base, WINDOW_SIZE), 0);
	radix_flushed(&r);
	assert_int_equal(r.stats.tables, 1);
	radix_destroy(&r);
	assert_int_equal(tables_live, 0);
}

static void test_random(void **state)
{
	(void)state;
	run_random(&radix_format_ept, &mem_ops, WINDOW_BASE, RADIX_1G, 400);
	run_random(&radix_format_ept, &mem_ops, WINDOW_BASE, RADIX_2M, 150);
	run_random(&radix_format_ept, &mem_ops, 0, RADIX_4K, 30);
	run_random(&radix_format_npt, &mem_ops, WINDOW_BASE, RADIX_1G, 150);
	run_random(&radix_format_host, &mem_ops, 0xffff800000000000ull + WINDOW_BASE, RADIX_1G,
		   400);
	run_random(&format_sl, &noncoherent_ops, GIB(509), RADIX_1G, 300);
	assert_true(written_back > 0);
}

static void test_leaf_sizes(void **state)
{
	struct radix_leaf leaf;
	struct radix r;

	(void)state;
	alloc_budget = -1;
	assert_int_equal(radix_init(&r, &radix_format_ept, &mem_ops, NULL), 0);
	assert_int_equal(radix_map(&r, 0, HPA(GIB(4)), GIB(2) + MIB(4) + 8192, RADIX_RWX, MEM_WB),
			 0);
	assert_int_equal(r.stats.leaves[RADIX_1G], 2);
	assert_int_equal(r.stats.leaves[RADIX_2M], 2);
	assert_int_equal(r.stats.leaves[RADIX_4K], 2);
	assert_false(radix_needs_flush(&r));
	assert_int_equal(radix_lookup(&r, GIB(1) + 5, &leaf), 0);
	assert_int_equal(leaf.pa.v, GIB(5) + 5);
	assert_int_equal(leaf.size, GIB(1));
	assert_int_equal(leaf.steps, 2);
	assert_int_equal(radix_lookup(&r, GIB(2) + MIB(4), &leaf), 0);
	assert_int_equal(leaf.steps, 4);
	assert_int_equal(radix_lookup(&r, GIB(3), &leaf), ERR_NOENT);
	assert_int_equal(leaf.size, GIB(1));
	assert_int_equal(radix_lookup(&r, 1ull << 48, &leaf), ERR_RANGE);
	/* A hole of one page splits two levels; filling it again promotes them. */
	assert_int_equal(radix_unmap(&r, MIB(512), PAGE_SIZE), 0);
	assert_int_equal(r.stats.leaves[RADIX_1G], 1);
	assert_int_equal(r.stats.leaves[RADIX_2M], 2 + 511);
	assert_int_equal(r.stats.leaves[RADIX_4K], 2 + 511);
	assert_true(radix_needs_flush(&r));
	radix_flushed(&r);
	assert_int_equal(
	    radix_map(&r, MIB(512), HPA(GIB(4) + MIB(512)), PAGE_SIZE, RADIX_RWX, MEM_WB), 0);
	assert_int_equal(r.stats.leaves[RADIX_1G], 2);
	assert_int_equal(r.stats.promotions, 2);
	assert_true(radix_needs_flush(&r));
	radix_flushed(&r);
	assert_int_equal(r.stats.tables, tables_live);
	radix_destroy(&r);
	assert_int_equal(tables_live, 0);
}

static void test_bad_arguments(void **state)
{
	static const struct {
		u64 va, pa, size;
		unsigned perm;
		int err;
	} cases[] = {
	    {0, 0, 0, RADIX_R, ERR_INVAL},
	    {1, 0, PAGE_SIZE, RADIX_R, ERR_INVAL},
	    {0, 1, PAGE_SIZE, RADIX_R, ERR_INVAL},
	    {0, 0, PAGE_SIZE + 1, RADIX_R, ERR_INVAL},
	    {0, 0, PAGE_SIZE, RADIX_W, ERR_INVAL},
	    {0, 0, 1ull << 48, RADIX_R, ERR_RANGE},
	    {0x7ffffffff000ull, 0, PAGE_SIZE * 2, RADIX_R, ERR_RANGE},
	    {0x800000000000ull, 0, PAGE_SIZE, RADIX_R, ERR_RANGE},
	    {0x7ffffffff000ull, 0, 0xffff000000002000ull, RADIX_R, ERR_RANGE},
	    {0xfffffffffffff000ull, 0, PAGE_SIZE * 2, RADIX_R, ERR_RANGE},
	    {0, 0xfffffffffffff000ull, PAGE_SIZE * 2, RADIX_R, ERR_RANGE},
	    {0, 1ull << 52, PAGE_SIZE, RADIX_R, ERR_RANGE},
	    {0, ~0xfffull, ~0xfffull, RADIX_R, ERR_RANGE},
	    {0xfffffffffffff000ull, 0, PAGE_SIZE, RADIX_R, 0},
	    {0xffff800000000000ull, 0, PAGE_SIZE, RADIX_R, 0},
	    {0x7ffffffff000ull, 0, PAGE_SIZE, RADIX_R, 0},
	};
	struct radix r;

	(void)state;
	alloc_budget = -1;
	assert_int_equal(radix_init(&r, &radix_format_host, &mem_ops, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(radix_map(&r, cases[i].va, HPA(cases[i].pa), cases[i].size,
					   cases[i].perm, MEM_WB),
				 cases[i].err);
	assert_int_equal(radix_protect(&r, 0, PAGE_SIZE, RADIX_W), ERR_INVAL);
	assert_int_equal(radix_unmap(&r, 0, ~0ull), ERR_INVAL);
	radix_destroy(&r);
	alloc_budget = 0;
	assert_int_equal(radix_init(&r, &radix_format_host, &mem_ops, NULL), ERR_NOMEM);
	assert_int_equal(tables_live, 0);
}

/* The bits that hardware reads, per format. */
static void test_encodings(void **state)
{
	static const struct {
		const struct radix_format *format;
		unsigned level, perm;
		enum mem_type type;
		u64 entry;
	} cases[] = {
	    {&radix_format_host, 1, RADIX_R, MEM_WB, 0x8000000000000061ull},
	    {&radix_format_host, 1, RADIX_RWX | RADIX_U, MEM_WB, 0x67},
	    {&radix_format_host, 1, RADIX_RW, MEM_UC, 0x800000000000007bull},
	    {&radix_format_host, 2, RADIX_RW, MEM_WC, 0x8000000000000073ull},
	    {&radix_format_host, 1, RADIX_RX, MEM_WP, 0xe9},
	    {&radix_format_host, 2, RADIX_RX, MEM_WP, 0x1069},
	    {&radix_format_host, 3, RADIX_RX, MEM_WT, 0x69},
	    {&radix_format_npt, 1, RADIX_RWX, MEM_WB, 0x07},
	    {&radix_format_npt, 2, RADIX_RW, MEM_UC, 0x800000000000001full},
	    {&radix_format_npt, 3, RADIX_R, MEM_WP, 0x800000000000100dull},
	    {&radix_format_ept, 1, RADIX_RWX, MEM_WB, 0x37},
	    {&radix_format_ept, 2, RADIX_RW, MEM_UC, 0x03},
	    {&radix_format_ept, 3, RADIX_RX, MEM_WC, 0x0d},
	    {&radix_format_vtd48, 1, RADIX_RW, MEM_WB, 0x03},
	    {&radix_format_vtd39, 2, RADIX_R, MEM_WB, 0x01},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct radix_format *f = cases[i].format;
		enum mem_type type;
		unsigned perm;

		assert_int_equal(f->encode(cases[i].level, cases[i].perm, cases[i].type),
				 cases[i].entry);
		f->decode(cases[i].entry, cases[i].level, &perm, &type);
		assert_int_equal(perm, cases[i].perm);
		assert_int_equal(type, cases[i].type);
	}
}

static struct radix walked;
static bool walk_stop;
static u64 walk_epoch, walk_errors;

/* A walker that must never see a mapped page missing or elsewhere. */
static void *walker(void *arg)
{
	struct radix_leaf leaf;
	u64 va = MIB(700) + 77;

	while (!__atomic_load_n(&walk_stop, __ATOMIC_RELAXED)) {
		if (radix_lookup(&walked, va, &leaf) || leaf.pa.v != va + GIB(8))
			__atomic_fetch_add(&walk_errors, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&walk_epoch, 1, __ATOMIC_RELEASE);
		va = MIB(512) + (va * 7 + 4096) % MIB(512);
	}
	return arg;
}

static void wait_epoch(void)
{
	u64 epoch = __atomic_load_n(&walk_epoch, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&walk_epoch, __ATOMIC_ACQUIRE) < epoch + 2)
		sched_yield();
}

static void churn(unsigned round)
{
	u64 va = MIB(512) + random_next() % MIB(511) / PAGE_SIZE * PAGE_SIZE;

	assert_int_equal(radix_protect(&walked, va, MIB(1), RADIX_R), 0);
	if (round % 3 == 0)
		assert_int_equal(radix_unmap(&walked, MIB(100), MIB(5)), 0);
	assert_int_equal(radix_protect(&walked, 0, GIB(1), RADIX_RWX), 0);
	if (round % 3 == 0)
		assert_int_equal(
		    radix_map(&walked, MIB(100), HPA(GIB(8) + MIB(100)), MIB(5), RADIX_RWX, MEM_WB),
		    0);
}

static void test_concurrent_walker(void **state)
{
	pthread_t thread;

	(void)state;
	alloc_budget = -1;
	assert_int_equal(radix_init(&walked, &radix_format_ept, &mem_ops, NULL), 0);
	assert_int_equal(radix_map(&walked, 0, HPA(GIB(8)), GIB(1), RADIX_RWX, MEM_WB), 0);
	assert_int_equal(pthread_create(&thread, NULL, walker, NULL), 0);
	for (unsigned i = 0; i < 1000; i++) {
		churn(i);
		wait_epoch();
		radix_flushed(&walked);
	}
	__atomic_store_n(&walk_stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(walk_errors, 0);
	assert_int_equal(walked.stats.leaves[RADIX_1G], 1);
	radix_destroy(&walked);
	assert_int_equal(tables_live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_leaf_sizes),        cmocka_unit_test(test_bad_arguments),
	    cmocka_unit_test(test_encodings),         cmocka_unit_test(test_random),
	    cmocka_unit_test(test_concurrent_walker),
	};
	int failed;

	model = calloc(WINDOW_PAGES, sizeof(*model));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(model);
	return failed;
}
