/* SPDX-License-Identifier: BSD-2-Clause */
/* The run loop's requests: what others ask of a vCPU, and when it is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef skip /* struct virt_ops has one */

#include "kernel/time/timer.h"
#include "vmm/exit/exit.h"
#include "vmm/vcpu/pvclock.h"
#include "vmm/vcpu/run.h"

const struct virt_ops *virt;
struct virt_caps virt_caps;
PERCPU(u32, sched_flags);
PERCPU(u64, timer_next_deadline);

static struct vm vm;
static struct vcpu v;
static unsigned entries, resets, loads, parked_count;
static bool window, ready;
static int pending;

/* --- the back end ----------------------------------------------------------------------------- */

static void fake_load(struct virt_vcpu *vv)
{
	(void)vv;
	loads++;
}

static void fake_unload(struct virt_vcpu *vv)
{
	(void)vv;
}

static void fake_reset(struct virt_vcpu *vv)
{
	(void)vv;
	resets++;
	window = false;
}

static void fake_enter(struct virt_vcpu *vv, struct virt_exit *exit)
{
	(void)vv;
	exit->kind = VIRT_EXIT_HANDLED;
	entries++;
	percpu(sched_flags) = SCHED_F_RESCHED;
}

static void fake_get_seg(struct virt_vcpu *vv, enum virt_seg_name name, struct virt_seg *seg)
{
	(void)vv;
	(void)name;
	memset(seg, 0, sizeof(*seg));
}

static void fake_set_seg(struct virt_vcpu *vv, enum virt_seg_name name, const struct virt_seg *seg)
{
	(void)vv;
	(void)name;
	(void)seg;
}

static void fake_set_reg(struct virt_vcpu *vv, enum virt_reg reg, u64 value)
{
	(void)vv;
	(void)reg;
	(void)value;
}

static void fake_irq_window(struct virt_vcpu *vv, bool on)
{
	(void)vv;
	window = on;
}

static bool fake_irq_ready(struct virt_vcpu *vv)
{
	(void)vv;
	return ready;
}

static void fake_inject_irq(struct virt_vcpu *vv, u8 vector)
{
	(void)vv;
	(void)vector;
}

static const struct virt_ops ops = {
    .load = fake_load,
    .unload = fake_unload,
    .vcpu_reset = fake_reset,
    .enter = fake_enter,
    .get_seg = fake_get_seg,
    .set_seg = fake_set_seg,
    .set_reg = fake_set_reg,
    .irq_window = fake_irq_window,
    .irq_ready = fake_irq_ready,
    .inject_irq = fake_inject_irq,
};

/* --- everything else -------------------------------------------------------------------------- */

static enum vcpu_next nothing(struct vcpu *vcpu, const struct virt_exit *exit)
{
	(void)vcpu;
	(void)exit;
	return VCPU_AGAIN;
}

const exit_handler_t exit_handlers[VIRT_EXIT_KINDS] = {[VIRT_EXIT_HANDLED] = nothing};

void timer_program(void)
{
}

void pvclock_update(struct vcpu *vcpu)
{
	(void)vcpu;
}

void vm_vcpu_parked(struct vm *of)
{
	(void)of;
	parked_count++;
}

bool platform_extint_pending(struct platform *p)
{
	(void)p;
	return false;
}

u8 platform_extint_ack(struct platform *p)
{
	(void)p;
	return 0;
}

void vlapic_reset(struct vlapic *l, bool init)
{
	(void)l;
	(void)init;
}

bool vlapic_extint_enabled(const struct vlapic *l)
{
	(void)l;
	return false;
}

int vlapic_next(struct vlapic *l)
{
	(void)l;
	return pending;
}

void vlapic_accept(struct vlapic *l, u8 vector)
{
	(void)l;
	(void)vector;
	pending = -1;
}

bool vlapic_has_posted(const struct vlapic *l)
{
	(void)l;
	return false;
}

void vlapic_sync(struct vlapic *l)
{
	(void)l;
}

bool vlapic_wants_cpu(struct vlapic *l)
{
	(void)l;
	return pending >= 0;
}

u8 vlapic_tpr_threshold(struct vlapic *l)
{
	(void)l;
	return 0;
}

u8 vlapic_irr(const struct vlapic *l)
{
	(void)l;
	return 0;
}

u8 vlapic_isr(const struct vlapic *l)
{
	(void)l;
	return 0;
}

enum vlapic_status vlapic_status_changed(struct vlapic *l)
{
	(void)l;
	return VLAPIC_UNCHANGED;
}

bool vlapic_eoi_bitmap(struct vlapic *l, u64 bitmap[4])
{
	(void)l;
	(void)bitmap;
	return false;
}

enum virt_apic_mode vlapic_mode(const struct vlapic *l)
{
	(void)l;
	return VIRT_APIC_XAPIC;
}

/* --- tests ------------------------------------------------------------------------------------ */

static int setup(void **state)
{
	(void)state;
	virt = &ops;
	memset(&vm, 0, sizeof(vm));
	memset(&v, 0, sizeof(v));
	v.vm = &vm;
	v.index = 1;
	v.sched.state = SCHED_RUNNING;
	entries = resets = loads = parked_count = 0;
	window = false;
	ready = true;
	pending = -1;
	percpu(sched_flags) = 0;
	return 0;
}

static void run(void)
{
	percpu(sched_flags) = 0;
	v.sched.want_block = false;
	vcpu_run(&v.sched);
}

/* A vCPU that stands still must not be brought to life by its siblings: whoever parked it
 * may be taking it apart on another CPU. */
static void parked_vcpu_serves_nobody(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	v.virt.requests = VCPU_REQ_PARK;
	run();
	assert_int_equal(parked_count, 1);
	assert_true(v.sched.want_block);
	loads = 0;
	v.virt.requests = VCPU_REQ_INIT | VCPU_REQ_SIPI | VCPU_REQ_IRQ;
	run();
	assert_true(v.sched.want_block);
	assert_int_equal(v.activity, VCPU_PARKED);
	assert_int_equal(entries + resets + loads + parked_count, 1);
	/* It does what was asked once it goes on. */
	vcpu_set_activity(&v, v.before_park);
	run();
	assert_int_equal(resets, 1);
	assert_int_equal(entries, 1);
}

static void init_closes_the_interrupt_window(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	ready = false;
	pending = 0x40;
	run();
	assert_true(window);
	v.virt.requests = VCPU_REQ_INIT;
	run();
	assert_false(window);
	assert_int_equal(v.activity, VCPU_WAIT_SIPI);
	/* Started again it waits for the moment when it can take the interrupt. */
	v.virt.requests = VCPU_REQ_SIPI;
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_true(window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(parked_vcpu_serves_nobody, setup),
	    cmocka_unit_test_setup(init_closes_the_interrupt_window, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
