/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap over the page allocator, alone and from several threads; and ticket locks. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
/* cmocka needs some of those above */
#include <cmocka.h>

#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/sync/ticketlock.h"

#define ARENA MIB(32)

static int setup(void **state)
{
	static struct mem_region regions[4] = {{MIB(1), ARENA - MIB(1)}};
	struct bootmem bm;
	void *arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	memset(arena, 0xee, ARENA);
	bootmem_init(&bm, regions, 1, 4);
	return page_init(&bm, (u64)(uintptr_t)arena);
}

struct object {
	u8 *p;
	size_t size;
	u8 fill;
};

static u64 random_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static bool all_bytes(const u8 *p, size_t size, u8 value)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != value)
			return false;
	return true;
}

static void object_alloc(struct object *o, u64 *seed)
{
	o->size = random_next(seed) % (random_next(seed) % 8 ? 300 : 20000);
	o->fill = (u8)(1 + random_next(seed) % 255);
	o->p = heap_alloc(o->size);
	assert_non_null(o->p);
	assert_true(IS_ALIGNED((uintptr_t)o->p, 16));
	assert_true(heap_size_of(o->p) >= o->size);
	assert_true(all_bytes(o->p, o->size, 0));
	memset(o->p, o->fill, heap_size_of(o->p));
}

static void object_grow(struct object *o, u64 *seed)
{
	size_t size = 1 + random_next(seed) % 5000;
	u8 *p = heap_realloc(o->p, size);

	assert_non_null(p);
	assert_true(all_bytes(p, MIN(size, o->size), o->fill));
	o->p = p;
	o->size = size;
	memset(p, o->fill, size);
}

static void churn(u64 seed, unsigned rounds)
{
	struct object objects[200] = {0};

	for (unsigned i = 0; i < rounds; i++) {
		struct object *o = &objects[random_next(&seed) % ARRAY_SIZE(objects)];

		if (!o->p) {
			object_alloc(o, &seed);
			continue;
		}
		assert_true(all_bytes(o->p, o->size, o->fill));
		if (random_next(&seed) % 4 == 0) {
			object_grow(o, &seed);
			continue;
		}
		heap_free(o->p);
		o->p = NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		heap_free(objects[i].p);
}

static void expect_empty(void)
{
	struct heap_stats stats;

	heap_get_stats(&stats);
	assert_int_equal(stats.objects, 0);
	assert_int_equal(stats.used_bytes, 0);
	assert_int_equal(stats.large_pages, 0);
	assert_true(stats.slab_pages <= 18);
}

static void test_churn(void **state)
{
	(void)state;
	churn(12345, 40000);
	expect_empty();
}

static void *churn_thread(void *arg)
{
	churn((u64)(uintptr_t)arg, 4000);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[3];

	(void)state;
	for (uintptr_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn_thread, (void *)(i + 1)),
				 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	expect_empty();
}

static void test_bad_frees(void **state)
{
	struct heap_stats before, after;
	u8 *p = heap_alloc(40), *q = heap_alloc(40), *large = heap_alloc(10000);
	int local;

	(void)state;
	heap_get_stats(&before);
	heap_free(p + 8);
	heap_free(p + 16);
	heap_free((void *)ALIGN_DOWN((uintptr_t)p, PAGE_SIZE));
	heap_free(large + PAGE_SIZE);
	heap_free(large + 16);
	heap_free(&local);
	heap_free((void *)-1);
	heap_free(p);
	heap_free(p);
	heap_free(large);
	heap_free(large);
	heap_free(NULL);
	heap_free(q);
	heap_get_stats(&after);
	assert_int_equal(after.bad_frees - before.bad_frees, 9);
	expect_empty();
}

static void test_limits(void **state)
{
	static const size_t sizes[] = {0, 1, 16, 17, 2016, 2017, 4096, 4097, MIB(3)};
	struct heap_stats stats;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = heap_alloc(sizes[i]);

		assert_non_null(p);
		assert_true(heap_size_of(p) >= sizes[i]);
		heap_free(p);
	}
	assert_null(heap_alloc(GIB(1)));
	assert_null(heap_alloc(SIZE_MAX));
	assert_null(heap_alloc_array(SIZE_MAX / 2, 3));
	assert_int_equal(heap_size_of(&stats), 0);
	heap_get_stats(&stats);
	assert_int_equal(stats.failures, 2);
	assert_true(stats.peak_bytes >= MIB(3));
	expect_empty();
}

static struct ticketlock counter_lock;
static u64 counter;

static void *count_thread(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		if (i % 3)
			ticket_lock(&counter_lock);
		else
			while (!ticket_trylock(&counter_lock))
				sched_yield();
		counter++;
		ticket_unlock(&counter_lock);
	}
	return arg;
}

static void test_ticketlock(void **state)
{
	pthread_t thread;

	(void)state;
	assert_true(ticket_trylock(&counter_lock));
	assert_false(ticket_trylock(&counter_lock));
	assert_true(ticket_is_locked(&counter_lock));
	ticket_unlock(&counter_lock);
	assert_false(ticket_is_locked(&counter_lock));
	assert_int_equal(pthread_create(&thread, NULL, count_thread, NULL), 0);
	count_thread(NULL);
	pthread_join(thread, NULL);
	assert_int_equal(counter, 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_churn),      cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_limits),     cmocka_unit_test(test_bad_frees),
	    cmocka_unit_test(test_ticketlock),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
