/* SPDX-License-Identifier: BSD-2-Clause */
/* The steal-time record, read as Linux reads it. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "vmm/vcpu/steal.h"

static struct steal_page page;
static struct steal s;

static int setup(void **state)
{
	(void)state;
	page = (struct steal_page){0};
	s = (struct steal){0};
	return 0;
}

static void reserved_bits_and_address(void **state)
{
	(void)state;
	assert_true(steal_msr_valid(0));
	assert_true(steal_msr_valid(0x12340041));
	for (unsigned bit = 1; bit < 6; bit++)
		assert_false(steal_msr_valid(0x1000 | BIT(bit) | 1));
	assert_int_equal(steal_msr_address(0x12341), 0x12340);
	/* No valid address crosses a page. */
	for (u64 a = 0; a < 8192; a += 64)
		assert_int_equal(steal_msr_address(a | 1) / PAGE_SIZE,
				 (steal_msr_address(a | 1) + sizeof(page) - 1) / PAGE_SIZE);
}

static void shows_what_was_stolen(void **state)
{
	(void)state;
	steal_start(&s, &page, 1000);
	assert_int_equal(page.steal, 0);
	assert_false(steal_arrive(&s, 1500));
	assert_int_equal(page.steal, 500);
	assert_int_equal(page.version % 2, 0);
	assert_int_equal(page.flags, 0);
}

/* A CPU that is taken offline and comes back, or a guest that writes what it likes. */
static void goes_on_from_what_it_shows(void **state)
{
	(void)state;
	page.steal = 7000;
	page.version = 0xffffffff;
	steal_start(&s, &page, 1000);
	assert_int_equal(page.steal, 7000);
	assert_int_equal(page.version % 2, 0);
	assert_false(steal_arrive(&s, 1001));
	assert_int_equal(page.steal, 7001);
	/* What the guest writes later is overwritten. */
	page.steal = ~0ull;
	page.version = 5;
	assert_false(steal_arrive(&s, 1002));
	assert_int_equal(page.steal, 7002);
	assert_int_equal(page.version % 2, 0);
}

static void preempted_and_flush(void **state)
{
	(void)state;
	page.preempted = 0xff; /* rubbish from before */
	steal_start(&s, &page, 0);
	assert_int_equal(page.preempted, 0);
	steal_leave(&s);
	assert_int_equal(page.preempted, STEAL_PREEMPTED);
	assert_false(steal_arrive(&s, 1));
	assert_int_equal(page.preempted, 0);
	steal_leave(&s);
	page.preempted |= STEAL_FLUSH_TLB;
	assert_true(steal_arrive(&s, 2));
	assert_int_equal(page.preempted, 0);
	assert_false(steal_arrive(&s, 3));
}

static void off(void **state)
{
	(void)state;
	steal_start(&s, &page, 0);
	steal_start(&s, NULL, 5);
	assert_null(s.page);
}

/* Siblings set the flush bit as Linux does, by compare and exchange; each that succeeds must be
 * seen by us. */
static u64 asked;
static bool stop;

static void *sibling(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		u8 was = __atomic_load_n(&page.preempted, __ATOMIC_RELAXED);

		if (was == STEAL_PREEMPTED &&
		    __atomic_compare_exchange_n(&page.preempted, &was, was | STEAL_FLUSH_TLB, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			__atomic_fetch_add(&asked, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void no_flush_is_lost(void **state)
{
	pthread_t thread;
	u64 flushed = 0, rounds = 0;

	(void)state;
	steal_start(&s, &page, 0);
	assert_int_equal(pthread_create(&thread, NULL, sibling, NULL), 0);
	/* At first it is waited for, so that there are flushes; then it must be quick. */
	for (; rounds < 500000; rounds++) {
		steal_leave(&s);
		while (rounds < 100 &&
		       __atomic_load_n(&page.preempted, __ATOMIC_ACQUIRE) == STEAL_PREEMPTED)
			sched_yield();
		flushed += steal_arrive(&s, rounds);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(flushed >= 100);
	assert_int_equal(flushed, asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(reserved_bits_and_address, setup),
	    cmocka_unit_test_setup(shows_what_was_stolen, setup),
	    cmocka_unit_test_setup(goes_on_from_what_it_shows, setup),
	    cmocka_unit_test_setup(preempted_and_flush, setup),
	    cmocka_unit_test_setup(off, setup),
	    cmocka_unit_test_setup(no_flush_is_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
