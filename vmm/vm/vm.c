/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs there are, and their life cycle. */
#include "vmm/vm/vm.h"

#include <stdio.h>
#include <string.h>

#include "arch/x86/mm/direct.h"
#include "kernel/log/log.h"
#include "kernel/mm/heap.h"
#include "kernel/sched/longest.h"
#include "kernel/time/time.h"
#include "vmm/vcpu/vcpu.h"
#include "vmm/vpci/pass.h"

/* Bytes of RAM cleared, and copied, per slice of the work item: about 32,000 instructions. */
#define CLEAR_SLICE KIB(256)
#define COPY_SLICE KIB(256)

static struct list vms = LIST_INIT(vms);

struct list *vm_list(void)
{
	return &vms;
}

struct vm *vm_find(const char *name)
{
	struct list *it;

	list_for_each (it, &vms) {
		struct vm *vm = list_entry(it, struct vm, link);

		if (!strcmp(vm->name, name))
			return vm;
	}
	return NULL;
}

const char *vm_state_name(enum vm_state state)
{
	static const char *const names[] = {
	    [VM_OFF] = "off",       [VM_STARTING] = "starting", [VM_RUNNING] = "running",
	    [VM_PAUSED] = "paused", [VM_STOPPING] = "stopping", [VM_CRASHED] = "crashed",
	};

	return names[state];
}

static void set_state(struct vm *vm, enum vm_state state)
{
	vm->state = state;
	/* Nobody is there to talk to any more. */
	if (state == VM_OFF && console_attached() == &vm->console)
		console_detach();
	log_info("vm %s: %s", vm->name, vm_state_name(state));
}

/* Let every vCPU go on where it was parked. */
static void run_vcpus(struct vm *vm)
{
	__atomic_store_n(&vm->parked, 0, __ATOMIC_RELAXED);
	vm->action = VM_ACTION_NONE;
	set_state(vm, VM_RUNNING);
	for (u32 i = 0; i < vm->cpus; i++) {
		pv_unparked(vm->vcpus[i]);
		vcpu_set_activity(vm->vcpus[i], vm->vcpus[i]->before_park);
		sched_wake(&vm->vcpus[i]->sched);
	}
}

static void clear_slice(struct vm *vm)
{
	u64 bytes = MIN(CLEAR_SLICE, vm->memory.size - vm->cleared);
	u64 words = bytes / 8;
	void *p = (u8 *)hpa_to_virt(vm->memory.ram) + vm->cleared;

	__asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(0ull) : "memory");
	vm->cleared += bytes;
}

static void start_failed(struct vm *vm, int err)
{
	log_err("vm %s: not started: %s", vm->name, err_name(err));
	vm_unbuild(vm);
	ticket_lock(&vm->lock);
	vm->action = VM_ACTION_NONE;
	set_state(vm, VM_OFF);
	ticket_unlock(&vm->lock);
}

/* True: it is to be stopped instead. */
static bool start_done(struct vm *vm)
{
	static bool any_started;
	bool stop;

	if (!__atomic_exchange_n(&any_started, true, __ATOMIC_RELAXED))
		log_phase("first guest runs");
	vm->started_tsc = time_tsc();
	vm->started_ns = time_tsc_to_ns(vm->started_tsc);
	vm->starts++;
	ticket_lock(&vm->lock);
	stop = vm->action == VM_ACTION_STOP;
	if (!stop)
		run_vcpus(vm);
	ticket_unlock(&vm->lock);
	return stop;
}

/* Its devices may need a while to be ready. */
static int step_devices(struct vm *vm)
{
	int err = pass_vm_ready(vm);

	if (err == ERR_BUSY)
		return 0;
	vm->step = vm->after_devices;
	return err;
}

static int step_discard(struct vm *vm)
{
	vm_unbuild(vm);
	vm->step = VM_STEP_CREATE;
	return 0;
}

static int step_create(struct vm *vm)
{
	int err;

	if (!vm_build(vm, &err)) {
		vm->cleared = 0;
		vm->step = VM_STEP_CLEAR;
	}
	return err;
}

static int step_clear(struct vm *vm)
{
	clear_slice(vm);
	if (vm->cleared == vm->memory.size)
		vm->step = VM_STEP_LOAD;
	return 0;
}

static int step_load(struct vm *vm)
{
	vm->step = VM_STEP_COPY;
	return vm_load(vm);
}

static int step_copy(struct vm *vm)
{
	if (!load_copies_slice(&vm->copies, COPY_SLICE))
		vm->step = VM_STEP_RUN;
	return 0;
}

/* One slice of a start, which is counted as a path of its own. True: there is more. */
static bool start_slice(struct vm *vm)
{
	static int (*const steps[])(struct vm * vm) = {
	    [VM_STEP_DEVICES] = step_devices, [VM_STEP_DISCARD] = step_discard,
	    [VM_STEP_CREATE] = step_create,   [VM_STEP_CLEAR] = step_clear,
	    [VM_STEP_LOAD] = step_load,       [VM_STEP_COPY] = step_copy,
	};
	u64 start = time_tsc();
	int (*step)(struct vm * vm);
	int err;

	if (vm->step == VM_STEP_RUN)
		return start_done(vm);
	step = steps[vm->step];
	err = step(vm);
	longest_work((const void *)step, time_tsc() - start);
	if (err)
		start_failed(vm, err);
	return !err;
}

/* All vCPUs are parked: do what was asked for. True: call again. */
static bool finish_action(struct vm *vm, enum vm_action asked)
{
	enum vm_action action = asked;

	if (action == VM_ACTION_CRASH && vm->config->on_crash == CONFIG_CRASH_RESET)
		action = VM_ACTION_RESET;
	if (action == VM_ACTION_STOP)
		vm_unbuild(vm);
	/* Devices are reset with the VM, and taken from one that has crashed. */
	else if (action != VM_ACTION_PAUSE && pass_vm_release(vm))
		vm->memory.lost = true;
	ticket_lock(&vm->lock);
	if (vm->action > asked) { /* more was asked for since */
		ticket_unlock(&vm->lock);
		return true;
	}
	vm->action = VM_ACTION_NONE;
	switch (action) {
	case VM_ACTION_PAUSE:
		set_state(vm, VM_PAUSED);
		break;
	case VM_ACTION_STOP:
		set_state(vm, VM_OFF);
		break;
	case VM_ACTION_CRASH:
		set_state(vm, VM_CRASHED);
		break;
	case VM_ACTION_RESET:
		/* RAM survives a reset; the images are loaded anew. */
		vm->step = VM_STEP_DEVICES;
		vm->after_devices = VM_STEP_LOAD;
		set_state(vm, VM_STARTING);
		break;
	case VM_ACTION_NONE:
		break;
	}
	ticket_unlock(&vm->lock);
	return action == VM_ACTION_RESET;
}

/* Whether a vCPU is still inside its run loop, on its way out. */
static bool any_running(const struct vm *vm)
{
	for (u32 i = 0; vm->built && i < vm->cpus; i++)
		if (sched_running(&vm->vcpus[i]->sched))
			return true;
	return false;
}

static bool work_slice(struct vm *vm)
{
	enum vm_action action = __atomic_load_n(&vm->action, __ATOMIC_ACQUIRE);

	if (vm->state == VM_STARTING) {
		if (action != VM_ACTION_STOP)
			return start_slice(vm);
		return finish_action(vm, action);
	}
	if (action == VM_ACTION_NONE)
		return false;
	if (any_running(vm))
		return true;
	return finish_action(vm, action);
}

/* False: somebody holds the VM. */
static bool work_begin(struct vm *vm)
{
	ticket_lock(&vm->lock);
	vm->working = !vm->held;
	ticket_unlock(&vm->lock);
	return vm->working;
}

static bool vm_work(struct work *work)
{
	struct vm *vm = container_of(work, struct vm, work);
	bool more;

	if (!work_begin(vm))
		return true;
	more = work_slice(vm);
	ticket_lock(&vm->lock);
	vm->working = false;
	ticket_unlock(&vm->lock);
	return more;
}

bool vm_hold(struct vm *vm)
{
	bool held;

	ticket_lock(&vm->lock);
	held = vm->built && !vm->working;
	vm->held += held;
	ticket_unlock(&vm->lock);
	return held;
}

void vm_release(struct vm *vm)
{
	ticket_lock(&vm->lock);
	vm->held--;
	ticket_unlock(&vm->lock);
}

int vm_start(struct vm *vm)
{
	int err = 0;

	ticket_lock(&vm->lock);
	if (vm->state != VM_OFF && vm->state != VM_CRASHED) {
		err = ERR_BUSY;
	} else {
		vm->action = VM_ACTION_NONE;
		vm->step = VM_STEP_DEVICES;
		vm->after_devices = VM_STEP_DISCARD;
		vm->crash[0] = 0;
		set_state(vm, VM_STARTING);
	}
	ticket_unlock(&vm->lock);
	if (!err)
		work_queue_on(&vm->work, vm->home_cpu);
	return err;
}

int vm_resume(struct vm *vm)
{
	int err = 0;

	ticket_lock(&vm->lock);
	if (vm->state == VM_PAUSED && vm->action == VM_ACTION_NONE)
		run_vcpus(vm);
	else
		err = ERR_BUSY;
	ticket_unlock(&vm->lock);
	return err;
}

/* What a state allows to be asked of it, as bits of VM_ACTION_*. */
static const u8 allowed_actions[] = {
    [VM_OFF] = 0,
    [VM_STARTING] = BIT(VM_ACTION_STOP),
    [VM_RUNNING] =
	BIT(VM_ACTION_PAUSE) | BIT(VM_ACTION_RESET) | BIT(VM_ACTION_CRASH) | BIT(VM_ACTION_STOP),
    [VM_PAUSED] = BIT(VM_ACTION_RESET) | BIT(VM_ACTION_STOP),
    [VM_STOPPING] = 0,
    [VM_CRASHED] = BIT(VM_ACTION_RESET) | BIT(VM_ACTION_STOP),
};

int vm_request(struct vm *vm, enum vm_action action)
{
	bool park = false, finish = false;

	ticket_lock(&vm->lock);
	if (!(allowed_actions[vm->state] & BIT(action))) {
		ticket_unlock(&vm->lock);
		return ERR_BUSY;
	}
	if (vm->state == VM_RUNNING)
		park = vm->action == VM_ACTION_NONE;
	else
		finish = vm->state != VM_STARTING && vm->action == VM_ACTION_NONE;
	if (action > vm->action)
		__atomic_store_n(&vm->action, action, __ATOMIC_RELEASE);
	ticket_unlock(&vm->lock);
	for (u32 i = 0; park && i < vm->cpus; i++)
		vcpu_request(vm->vcpus[i], VCPU_REQ_PARK);
	if (finish)
		work_queue(&vm->work);
	return 0;
}

void vm_vcpu_parked(struct vm *vm)
{
	if (__atomic_add_fetch(&vm->parked, 1, __ATOMIC_ACQ_REL) == vm->cpus)
		work_queue(&vm->work);
}

void vm_crash(struct vm *vm, struct vcpu *vcpu, const char *fmt, ...)
{
	va_list ap;

	ticket_lock(&vm->lock);
	if (vm->action < VM_ACTION_CRASH) {
		va_start(ap, fmt);
		vsnprintf(vm->crash, sizeof(vm->crash), fmt, ap);
		va_end(ap);
		vm->crash_vcpu = vcpu->index;
	}
	ticket_unlock(&vm->lock);
	log_err("vm %s: vCPU %u crashed: %s; `vm info %s` shows its state", vm->name, vcpu->index,
		vm->crash, vm->name);
	/* A guest that is being stopped anyway needs no more. */
	if (vm_request(vm, VM_ACTION_CRASH))
		log_debug("vm %s: crashed while %s", vm->name, vm_state_name(vm->state));
}

static void console_input_to_uart(struct console_stream *stream, char c)
{
	struct vm *vm = container_of(stream, struct vm, console);

	ticket_lock(&vm->lock);
	if (vm->built && vm->state == VM_RUNNING)
		platform_uart_input(&vm->platform, &c, 1);
	ticket_unlock(&vm->lock);
}

static int create_one(const struct vm_config *config)
{
	static u32 count;
	struct vm *vm = heap_alloc(sizeof(*vm));
	int err;

	if (!vm)
		return trace_err(ERR_NOMEM, "no memory to describe VM %s", config->name);
	vm->config = config;
	vm->name = config->name;
	vm->cpus = config->cpus;
	vm->home_cpu = count++ % cpu_count();
	vm->console.name = vm->name;
	vm->console.input = console_input_to_uart;
	vm->share = config->sched;
	work_init(&vm->work, vm_work);
	err = console_stream_register(&vm->console);
	if (err) {
		heap_free(vm);
		return err;
	}
	list_add_tail(&vms, &vm->link);
	return 0;
}

int vm_create_all(const struct config *config)
{
	struct list *it;

	list_for_each (it, &config->vms) {
		int err = create_one(list_entry(it, struct vm_config, link));

		if (err)
			return err;
	}
	return 0;
}

void vm_autostart(void)
{
	struct list *it;

	list_for_each (it, &vms) {
		struct vm *vm = list_entry(it, struct vm, link);

		if (vm->config->autostart && vm_start(vm))
			log_err("vm %s: cannot be started", vm->name);
	}
}
