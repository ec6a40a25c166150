/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom a vCPU that spins lets run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef skip /* struct virt_ops has one */

#include "vmm/exit/exit.h"

#define CPUS 4

const struct virt_ops *virt;
struct virt_caps virt_caps;
static struct vm vm;
static struct vcpu vcpus[CPUS], *list[CPUS] = {&vcpus[0], &vcpus[1], &vcpus[2], &vcpus[3]};
static struct sched_entity *given;
static bool taken_meanwhile;

bool sched_yield_to(struct sched_entity *to)
{
	if (taken_meanwhile)
		return false;
	given = to;
	return true;
}

static int setup(void **state)
{
	(void)state;
	vm = (struct vm){.cpus = CPUS, .vcpus = list, .pause_exit = true};
	for (u32 i = 0; i < CPUS; i++)
		vcpus[i] = (struct vcpu){
		    .vm = &vm, .index = i, .pv.in_kernel = true, .sched.state = SCHED_RUNNING};
	taken_meanwhile = false;
	return 0;
}

/* Who gets the processor of vCPU 0; -1: nobody. */
static int spin(void)
{
	enum vcpu_next next;

	given = NULL;
	next = exit_pause(&vcpus[0], NULL);
	assert_int_equal(next, given ? VCPU_STOP : VCPU_AGAIN);
	return given ? (int)container_of(given, struct vcpu, sched)->index : -1;
}

static void all_at_work_goes_on(void **state)
{
	(void)state;
	assert_int_equal(spin(), -1);
	vcpus[1].sched.state = SCHED_BLOCKED;
	assert_int_equal(spin(), -1);
	assert_int_equal(vcpus[0].pv.spins, 2);
	assert_int_equal(vcpus[0].pv.boosts, 0);
}

static void the_preempted_holder_first(void **state)
{
	(void)state;
	vcpus[1].sched.state = vcpus[2].sched.state = vcpus[3].sched.state = SCHED_READY;
	vcpus[1].pv.in_kernel = false; /* user code holds no lock of the kernel's */
	vcpus[2].pv.spun = true;
	assert_int_equal(spin(), 3);
	assert_int_equal(vcpus[0].pv.boosts, 1);
	/* The holder may have let go: then one of those who wait in line is next. */
	vcpus[3].sched.state = SCHED_BLOCKED;
	assert_int_equal(spin(), 2);
	vcpus[2].sched.state = SCHED_RUNNING;
	assert_int_equal(spin(), -1);
}

static void the_turn_goes_round(void **state)
{
	(void)state;
	vcpus[0].sched.state = SCHED_RUNNING;
	vcpus[1].sched.state = vcpus[2].sched.state = vcpus[3].sched.state = SCHED_READY;
	for (int round = 0; round < 6; round++)
		assert_int_equal(spin(), 1 + round % 3);
}

static void locks_that_kick_need_no_guess(void **state)
{
	(void)state;
	vcpus[1].sched.state = SCHED_READY;
	vm.kicks = true;
	assert_int_equal(spin(), -1);
	assert_int_equal(vcpus[0].pv.spins, 1);
	/* But when it halts its processor is free. Who spun, too, is not the holder. */
	vcpus[2].sched.state = SCHED_READY;
	vcpus[1].pv.spun = true;
	assert_true(pv_boost(&vcpus[0]));
	assert_ptr_equal(given, &vcpus[2].sched);
	assert_int_equal(vcpus[0].pv.boosts, 1);
}

static void somebody_else_was_quicker(void **state)
{
	(void)state;
	vcpus[1].sched.state = SCHED_READY;
	taken_meanwhile = true;
	assert_int_equal(spin(), -1);
	assert_int_equal(vcpus[0].pv.boosts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(all_at_work_goes_on, setup),
	    cmocka_unit_test_setup(the_preempted_holder_first, setup),
	    cmocka_unit_test_setup(the_turn_goes_round, setup),
	    cmocka_unit_test_setup(locks_that_kick_need_no_guess, setup),
	    cmocka_unit_test_setup(somebody_else_was_quicker, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
