/* SPDX-License-Identifier: BSD-2-Clause */
/* When a halted vCPU polls, for how long, and when it stops to do so. */
#include "tests/host/services/cm.h"
#include "tests/host/services/fake.h"

#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "vmm/vcpu/poll.h"

#define US 1000ull /* ticks */

PERCPU(u64, timer_heap_deadline);
PERCPU(u64, timer_alarm) = TIMER_NEVER;
static struct vcpu v;
static u64 event_at, others_at, looks;

u64 time_ns_to_ticks(u64 ns)
{
	return ns * US / 1000;
}

unsigned timer_run_expired(void)
{
	percpu(timer_heap_deadline) = TIMER_NEVER;
	v.virt.requests = VCPU_REQ_IRQ;
	return 1;
}

/* Each look takes 100 ns. */
bool sched_alone(void)
{
	looks++;
	fake_tsc += US / 10;
	if (fake_tsc >= event_at)
		v.virt.requests = VCPU_REQ_IRQ;
	return fake_tsc < others_at;
}

static int setup(void **state)
{
	(void)state;
	memset(&v, 0, sizeof(v));
	fake_tsc = 1000 * US;
	percpu(timer_heap_deadline) = TIMER_NEVER;
	event_at = others_at = ~0ull;
	return 0;
}

/* It halts, blocks for so long unless it polls successfully, and runs on. */
static bool halt(u64 blocked)
{
	bool came;

	looks = v.virt.requests = 0;
	event_at = fake_tsc + blocked;
	came = vcpu_poll(&v);
	if (!came)
		fake_tsc = MAX(fake_tsc, event_at);
	v.sched.started = fake_tsc;
	return came;
}

static void short_waits_are_polled(void **state)
{
	(void)state;
	assert_false(halt(6 * US)); /* nothing is known yet */
	assert_int_equal(v.poll_ticks, 0);
	assert_true(halt(6 * US));
	assert_true(halt(6 * US));
	assert_int_equal(v.polls, 2);
	assert_int_equal(v.polls_paid, 2);
	/* A little longer than what was enough: grows up to that. */
	assert_false(halt(15 * US));
	assert_true(halt(15 * US));
}

static void long_waits_are_not(void **state)
{
	(void)state;
	halt(5 * US);
	assert_true(halt(5 * US));
	assert_false(halt(500 * US)); /* polled in vain, once */
	assert_false(halt(500 * US));
	assert_int_equal(v.poll_ticks, 0);
	assert_int_equal(looks, 0);
	for (unsigned i = 0; i < 5; i++)
		assert_false(halt(100 * US));
	assert_int_equal(v.poll_ticks, 0);
}

static void others_end_it(void **state)
{
	(void)state;
	halt(5 * US);
	halt(5 * US);
	others_at = fake_tsc + 2 * US;
	assert_false(halt(5 * US));
	assert_in_range(looks, 1, 25);
}

static void timers_fire_meanwhile(void **state)
{
	(void)state;
	halt(8 * US);
	percpu(timer_heap_deadline) = fake_tsc + 2 * US;
	assert_true(halt(9 * US));
	assert_int_equal(percpu(timer_heap_deadline), TIMER_NEVER);
}

/* What fires on its own processor wakes nobody: whatever ends the polling, it must be seen. */
static void a_timer_in_the_last_moment_is_not_lost(void **state)
{
	bool came;

	(void)state;
	for (u64 at = 0; at < 12 * US; at += US / 10) {
		setup(NULL);
		halt(5 * US);
		halt(5 * US);
		percpu(timer_heap_deadline) = fake_tsc + at;
		others_at = fake_tsc + 6 * US;
		came = halt(500 * US);
		assert_int_equal(came, percpu(timer_heap_deadline) == TIMER_NEVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(short_waits_are_polled, setup),
	    cmocka_unit_test_setup(long_waits_are_not, setup),
	    cmocka_unit_test_setup(others_end_it, setup),
	    cmocka_unit_test_setup(timers_fire_meanwhile, setup),
	    cmocka_unit_test_setup(a_timer_in_the_last_moment_is_not_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
