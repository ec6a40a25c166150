/* SPDX-License-Identifier: BSD-2-Clause */
/* The life cycle of a VM, where two parties ask for something at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/log/log.h"
#include "kernel/mm/heap.h"
#include "kernel/sched/longest.h"
#include "kernel/time/time.h"
#include "vmm/vcpu/vcpu.h"
#include "vmm/vpci/pass.h"

static struct vm_config config = {.name = "guest", .cpus = 2, .memory_mib = 1};
static struct vcpu cpus[2], *vcpus[2] = {&cpus[0], &cpus[1]};
static struct vm *vm;
static unsigned queued, parks, wakes, built, unbuilt, released, devices_busy;
static int devices_err, release_err;
static void (*while_loading)(void), (*while_starting)(void);
static u8 ram[KIB(4)];

/* --- what the file under test calls ----------------------------------------------------------- */

bool vm_build(struct vm *v, int *err)
{
	v->vcpus = vcpus;
	v->memory.size = sizeof(ram);
	v->memory.ram = HPA((u64)ram);
	v->built = true;
	built++;
	*err = 0;
	return false;
}

int vm_load(struct vm *v)
{
	(void)v;
	if (while_loading)
		while_loading();
	return 0;
}

void longest_work(const void *fn, u64 ticks)
{
	(void)fn;
	(void)ticks;
}

void vm_unbuild(struct vm *v)
{
	v->built = false;
	unbuilt++;
}

int pass_vm_ready(struct vm *v)
{
	(void)v;
	if (devices_busy && devices_busy--)
		return ERR_BUSY;
	return devices_err;
}

int pass_vm_release(struct vm *v)
{
	(void)v;
	released++;
	return release_err;
}

void vcpu_request(struct vcpu *v, u32 requests)
{
	(void)v;
	parks += requests == VCPU_REQ_PARK;
}

void pv_unparked(struct vcpu *v)
{
	(void)v;
}

void sched_wake(struct sched_entity *e)
{
	(void)e;
	wakes++;
}

void work_init(struct work *work, bool (*fn)(struct work *work))
{
	*work = (struct work){.fn = fn};
}

void work_queue_on(struct work *work, u32 cpu)
{
	(void)work;
	(void)cpu;
	queued++;
}

void work_queue(struct work *work)
{
	work_queue_on(work, 0);
}

u64 time_tsc_to_ns(u64 tsc)
{
	if (while_starting)
		while_starting();
	return tsc;
}

void log_phase(const char *name)
{
	(void)name;
}

int console_stream_register(struct console_stream *stream)
{
	(void)stream;
	return 0;
}

struct console_stream *console_attached(void)
{
	return NULL;
}

void console_detach(void)
{
}

void platform_uart_input(struct platform *p, const char *bytes, size_t len)
{
	(void)p;
	(void)bytes;
	(void)len;
}

void *heap_alloc(size_t size)
{
	return calloc(1, size);
}

void heap_free(void *p)
{
	free(p);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Slices until there are no more; fails if that never happens. */
static void work_all(void)
{
	for (unsigned i = 0; i < 100; i++)
		if (!vm->work.fn(&vm->work))
			return;
	fail_msg("the work item never ends");
}

static int setup(void **state)
{
	static struct config all;

	(void)state;
	if (!vm) {
		list_init(&all.vms);
		list_add_tail(&all.vms, &config.link);
		assert_int_equal(vm_create_all(&all), 0);
		vm = vm_find("guest");
	}
	memset(cpus, 0, sizeof(cpus));
	while_loading = while_starting = NULL;
	vm->state = VM_OFF;
	vm->action = VM_ACTION_NONE;
	queued = parks = wakes = built = unbuilt = released = devices_busy = 0;
	devices_err = release_err = 0;
	vm->memory.lost = false;
	return 0;
}

static void running(void)
{
	assert_int_equal(vm_start(vm), 0);
	work_all();
	assert_int_equal(vm->state, VM_RUNNING);
	queued = 0;
}

static void all_park(void)
{
	for (u32 i = 0; i < 2; i++) {
		cpus[i].before_park = cpus[i].activity;
		vcpu_set_activity(&cpus[i], VCPU_PARKED);
		vm_vcpu_parked(vm);
	}
}

static void start_pause_resume_stop(void **state)
{
	(void)state;
	running();
	assert_int_equal(wakes, 2);
	assert_int_equal(vm_request(vm, VM_ACTION_PAUSE), 0);
	all_park();
	assert_int_equal(queued, 1);
	work_all();
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_equal(vm_resume(vm), 0);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vm_request(vm, VM_ACTION_STOP), 0);
	all_park();
	work_all();
	assert_int_equal(vm->state, VM_OFF);
	assert_false(vm->built);
}

static void two_ask_for_power_off_at_once(void **state)
{
	(void)state;
	running();
	assert_int_equal(vm_request(vm, VM_ACTION_STOP), 0);
	assert_int_equal(vm_request(vm, VM_ACTION_STOP), 0);
	assert_int_equal(vm_request(vm, VM_ACTION_RESET), 0);
	assert_int_equal(parks, 2); /* each vCPU once */
	all_park();
	assert_int_equal(queued, 1);
	work_all();
	assert_int_equal(vm->state, VM_OFF);
}

static void ask_stop(void)
{
	while_loading = while_starting = NULL;
	assert_int_equal(vm_request(vm, VM_ACTION_STOP), 0);
}

static void stop_during_start(void **state)
{
	(void)state;
	while_loading = ask_stop;
	assert_int_equal(vm_start(vm), 0);
	work_all();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(wakes, 0);
}

/* In the last slice, when what was asked for has been looked at already. */
static void stop_at_the_end_of_start(void **state)
{
	(void)state;
	while_starting = ask_stop;
	assert_int_equal(vm_start(vm), 0);
	work_all();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(wakes, 0);
}

static void running_vcpu_is_waited_for(void **state)
{
	(void)state;
	running();
	assert_int_equal(vm_request(vm, VM_ACTION_STOP), 0);
	all_park();
	cpus[1].sched.state = SCHED_RUNNING;
	assert_true(vm->work.fn(&vm->work));
	assert_true(vm->built);
	cpus[1].sched.state = SCHED_BLOCKED;
	work_all();
	assert_false(vm->built);
}

static void ask_hold(void)
{
	assert_false(vm_hold(vm));
}

static void held_vm_does_not_change(void **state)
{
	(void)state;
	assert_false(vm_hold(vm)); /* not built */
	while_loading = ask_hold;  /* in the middle of a slice */
	running();
	assert_true(vm_hold(vm));
	assert_int_equal(vm_request(vm, VM_ACTION_STOP), 0);
	all_park();
	assert_true(vm->work.fn(&vm->work));
	assert_true(vm->built);
	vm_release(vm);
	work_all();
	assert_false(vm->built);
}

static void work_without_reason_ends(void **state)
{
	(void)state;
	running();
	cpus[0].sched.state = SCHED_RUNNING;
	assert_false(vm->work.fn(&vm->work));
	assert_int_equal(vm->state, VM_RUNNING);
}

/* They are being reset since the VM stopped last. */
static void a_start_waits_for_devices(void **state)
{
	(void)state;
	devices_busy = 20;
	assert_int_equal(vm_start(vm), 0);
	for (u32 i = 0; i < 20; i++)
		assert_true(vm->work.fn(&vm->work));
	assert_int_equal(built, 0);
	work_all();
	assert_int_equal(vm->state, VM_RUNNING);
}

static void a_start_without_its_devices_fails(void **state)
{
	(void)state;
	devices_err = ERR_IO;
	assert_int_equal(vm_start(vm), 0);
	work_all();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(built, 0);
}

static void a_reset_gives_devices_back(void **state)
{
	(void)state;
	running();
	assert_int_equal(vm_request(vm, VM_ACTION_PAUSE), 0);
	all_park();
	work_all();
	assert_int_equal(released, 0);
	assert_int_equal(vm_request(vm, VM_ACTION_RESET), 0);
	devices_busy = 3;
	work_all();
	assert_int_equal(released, 1);
	assert_int_equal(built, 1);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_false(vm->memory.lost);
}

static void a_crash_gives_devices_back(void **state)
{
	(void)state;
	running();
	release_err = ERR_TIMEOUT;
	assert_int_equal(vm_request(vm, VM_ACTION_CRASH), 0);
	all_park();
	work_all();
	assert_int_equal(vm->state, VM_CRASHED);
	assert_int_equal(released, 1);
	assert_true(vm->memory.lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(start_pause_resume_stop, setup),
	    cmocka_unit_test_setup(two_ask_for_power_off_at_once, setup),
	    cmocka_unit_test_setup(stop_during_start, setup),
	    cmocka_unit_test_setup(stop_at_the_end_of_start, setup),
	    cmocka_unit_test_setup(running_vcpu_is_waited_for, setup),
	    cmocka_unit_test_setup(held_vm_does_not_change, setup),
	    cmocka_unit_test_setup(work_without_reason_ends, setup),
	    cmocka_unit_test_setup(a_start_waits_for_devices, setup),
	    cmocka_unit_test_setup(a_start_without_its_devices_fails, setup),
	    cmocka_unit_test_setup(a_reset_gives_devices_back, setup),
	    cmocka_unit_test_setup(a_crash_gives_devices_back, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
