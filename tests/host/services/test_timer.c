/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "tests/host/services/fake.h"

#define TIMERS 200

static u64 model[TIMERS]; /* deadline, or TIMER_NEVER */
static struct timer timers[TIMERS];
static u64 last_fired;
static unsigned total_fired;

static void model_fired(struct timer *timer)
{
	unsigned i = timer - timers;

	assert_true(model[i] <= fake_tsc);
	assert_true(model[i] >= last_fired);
	assert_false(timer_armed(timer));
	last_fired = model[i];
	model[i] = TIMER_NEVER;
	total_fired++;
}

static u64 model_next(void)
{
	u64 next = TIMER_NEVER;

	for (unsigned i = 0; i < TIMERS; i++)
		next = MIN(next, model[i]);
	return next;
}

static void model_step(uint32_t *seed)
{
	unsigned i = test_random(seed) % TIMERS;

	switch (test_random(seed) % 4) {
	case 0:
	case 1:
		model[i] = fake_tsc + 1 + test_random(seed) % 1000;
		timer_arm(&timers[i], model[i]);
		break;
	case 2:
		assert_int_equal(timer_cancel(&timers[i]), model[i] != TIMER_NEVER);
		model[i] = TIMER_NEVER;
		break;
	default:
		fake_tsc += test_random(seed) % 50;
		last_fired = 0;
		timer_run_expired();
		assert_true(model_next() > fake_tsc);
	}
}

static void random_operations_match_the_model(void **state)
{
	uint32_t seed = 4711;

	(void)state;
	fake_tsc = 1000;
	for (unsigned i = 0; i < TIMERS; i++) {
		timer_init(&timers[i], model_fired);
		model[i] = TIMER_NEVER;
	}
	for (unsigned i = 0; i < 200000; i++) {
		model_step(&seed);
		assert_int_equal(timer_next(), model_next());
	}
	assert_true(total_fired > 10000);
	for (unsigned i = 0; i < TIMERS; i++)
		timer_cancel_sync(&timers[i]);
	assert_int_equal(timer_next(), TIMER_NEVER);
}

static unsigned again_count;

static void again_fired(struct timer *timer)
{
	again_count++;
	timer_arm(timer, 0);
}

static void rearming_into_the_past_does_not_hang(void **state)
{
	struct timer timer;

	(void)state;
	timer_init(&timer, again_fired);
	timer_arm(&timer, 0);
	assert_int_equal(timer_run_expired(), 1);
	fake_tsc++;
	assert_int_equal(timer_run_expired(), 1);
	assert_int_equal(again_count, 2);
	timer_arm(&timer, TIMER_NEVER);
	assert_false(timer_armed(&timer));
	assert_int_equal(timer_run_expired(), 0);
}

static struct timer *freed;

static void frees_itself(struct timer *timer)
{
	free(timer);
	freed = NULL;
}

static void a_timer_may_free_itself(void **state)
{
	(void)state;
	freed = malloc(sizeof(*freed));
	timer_init(freed, frees_itself);
	timer_arm(freed, fake_tsc);
	timer_run_expired();
	assert_null(freed);
}

static u64 programmed;
static unsigned programs;

static void program(u64 deadline)
{
	programmed = deadline;
	programs++;
}

static void nothing(struct timer *timer)
{
	(void)timer;
}

static void hardware_is_set_only_on_change(void **state)
{
	static const struct timer_ops ops = {.program = program};
	struct timer timer;

	(void)state;
	timer_set_ops(&ops);
	timer_program();
	assert_int_equal(programs, 0);
	timer_init(&timer, nothing);
	timer_arm(&timer, fake_tsc + 100);
	timer_program();
	timer_program();
	assert_int_equal(programs, 1);
	assert_int_equal(programmed, fake_tsc + 100);
	/* The hardware fired early: it has to be set again. */
	timer_irq(NULL);
	timer_program();
	assert_int_equal(programs, 2);
	timer_cancel(&timer);
	timer_program();
	assert_int_equal(programmed, TIMER_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_operations_match_the_model),
	    cmocka_unit_test(rearming_into_the_past_does_not_hang),
	    cmocka_unit_test(a_timer_may_free_itself),
	    cmocka_unit_test(hardware_is_set_only_on_change),
	};

	timer_setup_cpu();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
