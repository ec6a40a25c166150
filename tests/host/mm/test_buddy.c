/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot memory and the buddy allocator on sparse arenas, against a map of who owns each page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
/* cmocka needs some of those above */
#include <cmocka.h>

#include "kernel/mm/buddy.h"

static u64 random_state = 88172645463325252ull;

static u64 random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Physical memory from 0 to size, backed by host memory only where touched. */
static u64 arena_create(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return (u64)(uintptr_t)p;
}

static void test_bootmem(void **state)
{
	struct mem_region regions[8] = {
	    {MIB(3), MIB(2)},     {0, 0x9f123},         {MIB(1) + 5, MIB(1)},
	    {MIB(4) + 7, MIB(2)}, {~0ull - 100, ~0ull}, {MIB(16), 100},
	};
	struct bootmem bm;
	hpa_t out;

	(void)state;
	bootmem_init(&bm, regions, 6, 8);
	assert_int_equal(bm.count, 3);
	assert_int_equal(regions[0].base, 0x1000);
	assert_int_equal(regions[0].size, 0x9e000);
	assert_int_equal(regions[1].base, MIB(1) + 0x1000);
	assert_int_equal(regions[1].size, MIB(1) - 0x1000);
	assert_int_equal(regions[2].base, MIB(3));
	assert_int_equal(regions[2].size, MIB(3));
	assert_int_equal(bootmem_alloc(&bm, 1, PAGE_SIZE, MIB(1), &out), 0);
	assert_int_equal(out.v, 0x1000);
	assert_int_equal(bootmem_alloc(&bm, 4097, PAGE_SIZE, BOOTMEM_ANYWHERE, &out), 0);
	assert_int_equal(out.v, MIB(1) + 0x1000);
	assert_int_equal(bootmem_alloc(&bm, MIB(1), MIB(2), BOOTMEM_ANYWHERE, &out), 0);
	assert_int_equal(out.v, MIB(4));
	assert_int_equal(bm.count, 4);
	assert_int_equal(bm.allocated, 0x3000 + MIB(1));
	assert_int_equal(bootmem_alloc(&bm, MIB(2), PAGE_SIZE, BOOTMEM_ANYWHERE, &out), ERR_NOMEM);
	assert_int_equal(bootmem_alloc(&bm, 0, PAGE_SIZE, BOOTMEM_ANYWHERE, &out), ERR_INVAL);
	assert_int_equal(bootmem_alloc(&bm, ~0ull, PAGE_SIZE, BOOTMEM_ANYWHERE, &out), ERR_INVAL);
	assert_int_equal(bootmem_alloc(&bm, 1, 3, BOOTMEM_ANYWHERE, &out), ERR_INVAL);
	assert_int_equal(bootmem_reserve(&bm, MIB(3) + 0x800, 0x1000), 0);
	assert_int_equal(regions[2].base, MIB(3) + 0x2000);
	assert_int_equal(bootmem_reserve(&bm, MIB(5) + MIB(1) / 2, 1), 0);
	assert_int_equal(bm.count, 5);
	assert_int_equal(bootmem_reserve(&bm, MIB(1), ~0ull), 0);
	assert_int_equal(bm.count, 1);
}

#define RANDOM_RAM MIB(64)

enum owner_kind { NOBODY, BLOCK, RANGE };

struct owned {
	hpa_t base;
	u64 bytes;
	unsigned order;
	enum owner_kind kind;
};

#define OWNED_MAX 300
static struct owned owned[OWNED_MAX];
static u8 page_owner[RANDOM_RAM / PAGE_SIZE]; /* 1: ours, 2: not RAM */

static void owner_claim(const struct owned *o)
{
	for (u64 i = 0; i < o->bytes / PAGE_SIZE; i++) {
		assert_int_equal(page_owner[o->base.v / PAGE_SIZE + i], 0);
		page_owner[o->base.v / PAGE_SIZE + i] = 1;
	}
}

static void owner_release(struct buddy *b, struct owned *o)
{
	memset(&page_owner[o->base.v / PAGE_SIZE], 0, o->bytes / PAGE_SIZE);
	if (o->kind == BLOCK) {
		if (o->order) /* a wrong order is refused */
			assert_int_equal(buddy_free(b, o->base, o->order - 1), ERR_INVAL);
		assert_int_equal(buddy_free_range(b, o->base, o->bytes), ERR_INVAL);
		assert_int_equal(buddy_free(b, o->base, o->order), 0);
		assert_int_equal(buddy_free(b, o->base, o->order), ERR_INVAL);
	} else {
		assert_int_equal(buddy_free_range(b, o->base, o->bytes + PAGE_SIZE), ERR_INVAL);
		assert_int_equal(buddy_free(b, o->base, 0), ERR_INVAL);
		assert_int_equal(buddy_free_range(b, o->base, o->bytes), 0);
		assert_int_equal(buddy_free_range(b, o->base, o->bytes), ERR_INVAL);
	}
	o->kind = NOBODY;
}

static void owner_alloc(struct buddy *b, struct owned *o)
{
	u64 align = random_next() % 2 ? 0 : PAGE_SIZE << random_next() % 11;
	int err;

	if (random_next() % 2) {
		o->order = random_next() % 4 ? random_next() % 4 : random_next() % 11;
		o->bytes = PAGE_SIZE << o->order;
		err = buddy_alloc(b, o->order, 0, &o->base);
		align = o->bytes;
		o->kind = BLOCK;
	} else {
		o->bytes = (1 + random_next() % (random_next() % 4 ? 20 : 1500)) * PAGE_SIZE;
		err = buddy_alloc_range(b, o->bytes, align, 0, &o->base);
		o->kind = RANGE;
	}
	if (err) {
		assert_int_equal(err, ERR_NOMEM);
		o->kind = NOBODY;
		return;
	}
	assert_true(!align || IS_ALIGNED(o->base.v, align));
	assert_int_equal(buddy_size_of(b, o->base), o->bytes);
	owner_claim(o);
	memset((void *)(uintptr_t)(o->base.v + b->virt_offset), 0xa5, o->bytes);
}

static u64 owner_count(void)
{
	u64 count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(page_owner); i++)
		count += page_owner[i] == 1;
	return count;
}

static void test_random(void **state)
{
	struct mem_region regions[16] = {
	    {0, KIB(640)}, {MIB(1), MIB(30)}, {MIB(32) + 8192, MIB(9)}, {MIB(48), MIB(16)}};
	u64 offset = arena_create(RANDOM_RAM), free;
	struct bootmem bm;
	struct buddy b;

	(void)state;
	bootmem_init(&bm, regions, 4, 16);
	assert_int_equal(buddy_init(&b, &bm, offset), 0);
	memset(page_owner, 2, sizeof(page_owner));
	for (size_t i = 0; i < bm.count; i++)
		memset(&page_owner[regions[i].base / PAGE_SIZE], 0, regions[i].size / PAGE_SIZE);
	free = b.stats.free_pages;
	assert_int_equal(free, b.stats.total_pages);
	assert_int_equal(buddy_check(&b), 0);
	for (unsigned i = 0; i < 20000; i++) {
		struct owned *o = &owned[random_next() % OWNED_MAX];

		if (o->kind == NOBODY)
			owner_alloc(&b, o);
		else
			owner_release(&b, o);
		if (i % 64 == 0) {
			assert_int_equal(buddy_check(&b), 0);
			assert_int_equal(b.stats.free_pages, free - owner_count());
		}
	}
	assert_true(b.stats.failures > 0);
	for (unsigned i = 0; i < OWNED_MAX; i++)
		if (owned[i].kind != NOBODY)
			owner_release(&b, &owned[i]);
	assert_int_equal(b.stats.free_pages, free);
	assert_int_equal(b.stats.range_pages, 0);
	assert_int_equal(buddy_check(&b), 0);
	munmap((void *)(uintptr_t)offset, RANDOM_RAM);
}

/* A machine's layout: low memory, the hole below 4 GiB, the rest above. */
static void test_guest_ranges(void **state)
{
	struct mem_region regions[8] = {{0, 0x9f000}, {MIB(1), GIB(3) - MIB(1)}, {GIB(4), GIB(13)}};
	u64 offset = arena_create(GIB(17)), free;
	hpa_t small, guest[4], low, tail;
	struct bootmem bm;
	struct buddy b;

	(void)state;
	bootmem_init(&bm, regions, 3, 8);
	assert_int_equal(buddy_init(&b, &bm, offset), 0);
	free = b.stats.free_pages;
	assert_true(b.stats.metadata_bytes * 1000 <= GIB(16));
	/* Single pages from low memory, guests from the top, with 1 GiB alignment. */
	assert_int_equal(buddy_alloc(&b, 0, 0, &small), 0);
	assert_true(small.v < MIB(16));
	assert_int_equal(buddy_alloc_range(&b, GIB(2), 0, 0, &guest[0]), 0);
	assert_int_equal(guest[0].v, GIB(15));
	assert_int_equal(buddy_alloc_range(&b, MIB(512) + MIB(2), 0, 0, &guest[1]), 0);
	assert_int_equal(guest[1].v, GIB(15) - MIB(514));
	assert_int_equal(buddy_alloc_range(&b, GIB(1) + MIB(10), 0, 0, &guest[2]), 0);
	assert_int_equal(guest[2].v, GIB(13));
	assert_int_equal(buddy_alloc_range(&b, GIB(1), 0, PAGE_BELOW_4G, &low), 0);
	assert_int_equal(low.v, GIB(2));
	assert_int_equal(buddy_alloc_range(&b, GIB(9) + PAGE_SIZE, 0, 0, &guest[3]), ERR_NOMEM);
	assert_int_equal(buddy_alloc_range(&b, GIB(9), 0, 0, &guest[3]), 0);
	assert_int_equal(guest[3].v, GIB(4));
	/* Less than 2 MiB comes from where single pages come from, exactly as large. */
	assert_int_equal(buddy_alloc_range(&b, 5 * PAGE_SIZE, 0, 0, &tail), 0);
	assert_true(tail.v < MIB(16));
	assert_int_equal(buddy_check(&b), 0);
	assert_int_equal(buddy_free_range(&b, tail, 5 * PAGE_SIZE), 0);
	assert_int_equal(buddy_free_range(&b, low, GIB(1)), 0);
	assert_int_equal(buddy_free_range(&b, guest[0], GIB(2)), 0);
	assert_int_equal(buddy_free_range(&b, guest[1], MIB(514)), 0);
	assert_int_equal(buddy_free_range(&b, guest[2], GIB(1) + MIB(10)), 0);
	assert_int_equal(buddy_free_range(&b, guest[3], GIB(9)), 0);
	assert_int_equal(buddy_free(&b, small, 0), 0);
	assert_int_equal(b.stats.free_pages, free);
	assert_int_equal(b.stats.free_blocks[BUDDY_MAX_ORDER], 15);
	assert_int_equal(b.stats.bad_frees, 0);
	munmap((void *)(uintptr_t)offset, GIB(17));
}

static void test_bad_arguments(void **state)
{
	struct mem_region regions[4] = {{MIB(2), MIB(4)}};
	u64 offset = arena_create(MIB(8));
	struct bootmem bm;
	struct buddy b;
	hpa_t out, first;

	(void)state;
	bootmem_init(&bm, regions, 1, 4);
	assert_int_equal(bootmem_reserve(&bm, MIB(4), MIB(1)), 0);
	assert_int_equal(buddy_init(&b, &bm, offset), 0);
	assert_int_equal(buddy_alloc(&b, BUDDY_MAX_ORDER + 1, 0, &out), ERR_INVAL);
	assert_int_equal(buddy_alloc_range(&b, 0, 0, 0, &out), ERR_INVAL);
	assert_int_equal(buddy_alloc_range(&b, 4097, 0, 0, &out), ERR_INVAL);
	assert_int_equal(buddy_alloc_range(&b, 4096, 12345, 0, &out), ERR_INVAL);
	assert_int_equal(buddy_alloc_range(&b, ~0xfffull, 0, 0, &out), ERR_NOMEM);
	assert_int_equal(buddy_alloc_range(&b, 4096, 1ull << 63, 0, &out), ERR_NOMEM);
	assert_int_equal(buddy_alloc(&b, 2, 0, &first), 0);
	assert_int_equal(buddy_free(&b, HPA(first.v + 1), 2), ERR_INVAL);
	assert_int_equal(buddy_free(&b, HPA(first.v + PAGE_SIZE), 0), ERR_INVAL);
	assert_int_equal(buddy_free(&b, HPA(GIB(100)), 0), ERR_INVAL);
	assert_int_equal(buddy_free(&b, HPA(~0ull), 99), ERR_INVAL);
	assert_int_equal(buddy_free_range(&b, HPA(~0xfffull), ~0xfffull), ERR_INVAL);
	assert_int_equal(buddy_free(&b, HPA(MIB(4)), 0), ERR_INVAL);
	assert_int_equal(b.stats.bad_frees, 6);
	/* Memory that was reserved joins, once. */
	assert_int_equal(buddy_add(&b, MIB(4), MIB(1)), 0);
	assert_int_equal(buddy_add(&b, MIB(4), PAGE_SIZE), ERR_EXIST);
	assert_int_equal(buddy_add(&b, first.v + PAGE_SIZE, PAGE_SIZE), ERR_EXIST);
	assert_int_equal(buddy_add(&b, GIB(1), PAGE_SIZE), ERR_RANGE);
	assert_int_equal(buddy_add(&b, MIB(4) + 1, PAGE_SIZE), ERR_RANGE);
	assert_int_equal(buddy_check(&b), 0);
	munmap((void *)(uintptr_t)offset, MIB(8));
}

/* Many odd regions, and the metadata bound of 0.1 % for RAM of every kind. */
static void test_metadata(void **state)
{
	static const struct {
		u64 regions, size, stride;
	} cases[] = {{1, GIB(64), 0},
		     {500, MIB(1) + PAGE_SIZE, MIB(2) + 8192},
		     {300, MIB(8), MIB(64)},
		     {4, GIB(8), GIB(100)}};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct mem_region *regions = calloc(cases[c].regions + 8, sizeof(*regions));
		u64 top = MIB(1) + cases[c].regions * MAX(cases[c].stride, cases[c].size), ram = 0;
		u64 offset = arena_create(top);
		struct bootmem bm;
		struct buddy b;

		for (u64 i = 0; i < cases[c].regions; i++)
			regions[i] =
			    (struct mem_region){MIB(1) + i * cases[c].stride, cases[c].size};
		bootmem_init(&bm, regions, cases[c].regions, cases[c].regions + 8);
		for (size_t i = 0; i < bm.count; i++)
			ram += regions[i].size;
		assert_int_equal(buddy_init(&b, &bm, offset), 0);
		assert_int_equal(b.stats.total_pages * PAGE_SIZE + b.stats.metadata_bytes, ram);
		assert_true(b.stats.metadata_bytes * 1000 <= ram);
		if (ram < GIB(1))
			assert_int_equal(buddy_check(&b), 0);
		munmap((void *)(uintptr_t)offset, top);
		free(regions);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bootmem),      cmocka_unit_test(test_random),
	    cmocka_unit_test(test_guest_ranges), cmocka_unit_test(test_bad_arguments),
	    cmocka_unit_test(test_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
