/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#undef skip /* struct virt_ops has one */

#include "kernel/time/time.h"
#include "vmm/vcpu/pvclock.h"

/* What Linux does with the clock page (pvclock_scale_delta). */
static u64 guest_ns(u64 delta, u32 mul, signed char shift)
{
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return (u64)((unsigned __int128)delta * mul >> 32);
}

static void test_scale_is_exact_over_rates(void **state)
{
	static const u64 rates[] = {1000000,    20000000,   999999999,  1000000000,
				    1000000001, 2000000000, 2399999999, 5200000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		u32 mul;
		signed char shift;
		u64 ns;

		pvclock_scale(rates[i], &mul, &shift);
		/* An hour, to within a microsecond. */
		ns = guest_ns(rates[i] * 3600, mul, shift);
		assert_in_range(ns, 3600ull * 1000000000 - 2000, 3600ull * 1000000000);
	}
}

/* --- the pages */

static u8 ram[4096] __aligned(64);

void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len)
{
	(void)m;
	return gpa.v < sizeof(ram) && len <= sizeof(ram) - gpa.v ? ram + gpa.v : NULL;
}

u64 time_tsc_hz(void)
{
	return 2399999999;
}

u64 vm_wall_clock(void)
{
	return 1700000000000000000;
}

/* TSC_STABLE: a thread that changes the processor must not see time go back. */
static void test_clocks_of_a_vm_are_one(void **state)
{
	struct vm vm = {.name = "x", .started_tsc = 123456789, .tsc_offset = (u64)-123000000};
	struct vcpu a = {.vm = &vm}, b = {.vm = &vm};
	const struct pvclock_vcpu_time *pa = (void *)ram, *pb = (void *)(ram + 64);

	(void)state;
	assert_int_equal(pvclock_enable(&a, 1), 0);
	assert_int_equal(pvclock_enable(&b, 64 | 1), 0);
	pvclock_update(&b); /* later */
	assert_int_equal(pa->tsc_timestamp, 456789);
	assert_int_equal(pa->tsc_timestamp, pb->tsc_timestamp);
	assert_int_equal(pa->system_time, pb->system_time);
	assert_int_equal(pa->tsc_to_system_mul, pb->tsc_to_system_mul);
	assert_int_equal(pa->tsc_shift, pb->tsc_shift);
	assert_int_equal(pa->flags, PVCLOCK_TSC_STABLE);
	assert_int_equal(pb->version % 2, 0);
	assert_int_equal(pvclock_enable(&a, (sizeof(ram) - 4) | 1), ERR_FAULT);
}

static void test_wall_clock_is_that_of_the_start(void **state)
{
	struct vm vm = {.name = "x", .started_ns = 5000000007};
	const struct pvclock_wall_clock *w = (void *)(ram + 128);

	(void)state;
	assert_int_equal(pvclock_wall_clock(&vm, 128), 0);
	assert_int_equal(w->sec, 1700000005);
	assert_int_equal(w->nsec, 7);
	assert_int_equal(w->version % 2, 0);
	assert_int_equal(pvclock_wall_clock(&vm, 130), ERR_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scale_is_exact_over_rates),
	    cmocka_unit_test(test_clocks_of_a_vm_are_one),
	    cmocka_unit_test(test_wall_clock_is_that_of_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
