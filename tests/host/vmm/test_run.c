/* SPDX-License-Identifier: BSD-2-Clause */
/* The run loop's requests: what others ask of a vCPU, and when it is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef skip /* struct virt_ops has one */

#include "arch/x86/irq/irq.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "vmm/exit/exit.h"
#include "vmm/vcpu/poll.h"
#include "vmm/vcpu/pvclock.h"
#include "vmm/vcpu/run.h"

const struct virt_ops *virt;
struct virt_caps virt_caps;
PERCPU(u32, sched_flags);
PERCPU(u64, timer_heap_deadline);
PERCPU(u64, timer_alarm) = TIMER_NEVER;

static struct vm vm;
static struct vcpu v, kicker;
static unsigned entries, resets, loads, parked_count, wakes, flushes;
static enum virt_exit_kind next_exit;
static void (*while_guest_runs)(void);
static u64 waited;
static u8 *eoi_flag;
static bool window, ready;
static int pending, injected;
static unsigned nmis;
/* Hardware that delivers: as it was told last, whether it does beside an open window, and what it
 * was told before IRR was looked at. */
static enum virt_delivery told, told_at_look;
static bool beside_window, extint;
static u8 threshold;

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

static void fake_swap(struct virt_vcpu *from, struct virt_vcpu *to)
{
	fake_unload(from);
	fake_load(to);
}

static void fake_deadline(struct virt_vcpu *vv, u64 tsc)
{
	assert_int_equal(vv->deadline, tsc);
}

static void fake_reset(struct virt_vcpu *vv, bool init)
{
	(void)vv;
	assert_true(init);
	resets++;
	window = false;
}

static void fake_enter(struct virt_vcpu *vv, struct virt_exit *exit)
{
	(void)vv;
	exit->kind = next_exit;
	entries++;
	if (while_guest_runs)
		while_guest_runs();
	if (next_exit != VIRT_EXIT_HLT)
		percpu(sched_flags) = SCHED_F_RESCHED;
	next_exit = VIRT_EXIT_HANDLED;
}

static void fake_skip(struct virt_vcpu *vv, unsigned len)
{
	(void)vv;
	(void)len;
}

/* Interrupts off: what a spinlock's waiter halts with, perhaps. */
static u64 fake_get_reg(struct virt_vcpu *vv, enum virt_reg reg)
{
	(void)vv;
	(void)reg;
	return 0;
}

static void fake_tlb_flush(struct virt_vcpu *vv)
{
	(void)vv;
	flushes++;
}

static unsigned fake_cpl(struct virt_vcpu *vv)
{
	(void)vv;
	return 0;
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
	injected = vector;
	ready = false; /* one event per entry */
}

static bool fake_nmi_ready(struct virt_vcpu *vv)
{
	(void)vv;
	return true;
}

static void fake_inject_nmi(struct virt_vcpu *vv)
{
	(void)vv;
	nmis++;
}

static void fake_tpr_threshold(struct virt_vcpu *vv, u8 to)
{
	(void)vv;
	threshold = to;
}

static bool fake_deliver(struct virt_vcpu *vv, enum virt_delivery how)
{
	(void)vv;
	told = how;
	return how != VIRT_DELIVER_NOT || beside_window;
}

static const struct virt_ops ops = {
    .apic_tpr_threshold = fake_tpr_threshold,
    .apic_deliver = fake_deliver,
    .nmi_ready = fake_nmi_ready,
    .inject_nmi = fake_inject_nmi,
    .load = fake_load,
    .unload = fake_unload,
    .swap = fake_swap,
    .set_deadline = fake_deadline,
    .vcpu_reset = fake_reset,
    .enter = fake_enter,
    .get_seg = fake_get_seg,
    .cpl = fake_cpl,
    .set_seg = fake_set_seg,
    .set_reg = fake_set_reg,
    .get_reg = fake_get_reg,
    .skip = fake_skip,
    .tlb_flush_vcpu = fake_tlb_flush,
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

const exit_handler_t exit_handlers[VIRT_EXIT_KINDS] = {
    [VIRT_EXIT_HANDLED] = nothing, [VIRT_EXIT_HLT] = exit_hlt};

bool vcpu_poll(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

unsigned timer_run_expired(void)
{
	return 0;
}

void timer_program(void)
{
}

void sched_wake(struct sched_entity *e)
{
	(void)e;
	wakes++;
}

u64 sched_wait_ticks(const struct sched_entity *e)
{
	(void)e;
	return waited;
}

/* Who has the processor, and who gets it when its turn is over or it blocks. */
static struct sched_entity *running, *turn_to;
static bool anew;
static unsigned turns;

struct sched_entity *sched_current(void)
{
	return running;
}

struct sched_entity *sched_turn(struct sched_entity *e)
{
	assert_ptr_equal(e, running);
	turns++;
	if (!turn_to)
		return NULL;
	percpu(sched_flags) = 0;
	running = turn_to;
	turn_to = NULL;
	return running;
}

struct sched_entity *sched_turn_blocked(struct sched_entity *e)
{
	assert_int_equal(e->state, SCHED_RUNNING);
	return sched_turn(e);
}

bool sched_turn_may_do(void)
{
	return percpu(sched_flags) == SCHED_F_RESCHED;
}

void sched_begin_anew(void)
{
	anew = true;
}

bool sched_alone(void)
{
	return false;
}

static bool behind;

bool sched_hurry(struct sched_entity *e)
{
	(void)e;
	return !behind;
}

bool sched_yield_to(struct sched_entity *to)
{
	to->state = SCHED_READY;
	return true;
}

u64 time_ticks_to_ns(u64 ticks)
{
	return ticks * 10;
}

static u8 ram[2 * PAGE_SIZE] __aligned(PAGE_SIZE);

void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len)
{
	(void)m;
	return gpa.v < sizeof(ram) && len <= sizeof(ram) - gpa.v ? ram + gpa.v : NULL;
}

void vlapic_set_pv_eoi(struct vlapic *l, u8 *flag)
{
	(void)l;
	eoi_flag = flag;
}

void irq_dispatch(u8 vector)
{
	(void)vector;
}

void vcpu_set_signature(struct vcpu *vcpu)
{
	(void)vcpu;
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

bool platform_extint_enabled(struct platform *p)
{
	(void)p;
	return extint;
}

u8 platform_extint_ack(struct platform *p)
{
	(void)p;
	extint = false;
	return 0x20;
}

void vlapic_reset(struct vlapic *l, bool init)
{
	(void)l;
	(void)init;
}

int vlapic_next(struct vlapic *l)
{
	(void)l;
	told_at_look = told;
	return pending;
}

int vlapic_take(struct vlapic *l)
{
	int vector = pending;

	(void)l;
	pending = -1;
	return vector;
}

void vlapic_sync(struct vlapic *l)
{
	(void)l;
}

u8 vlapic_tpr_threshold(struct vlapic *l)
{
	(void)l;
	return 0;
}

u8 vlapic_tpr_threshold_scan(struct vlapic *l)
{
	(void)l;
	return 7;
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
	v.vm = kicker.vm = &vm;
	v.index = 1;
	v.sched.state = SCHED_RUNNING;
	memset(ram, 0, sizeof(ram));
	entries = resets = loads = parked_count = wakes = flushes = 0;
	next_exit = VIRT_EXIT_HANDLED;
	while_guest_runs = NULL;
	waited = 0;
	eoi_flag = NULL;
	window = false;
	ready = true;
	pending = injected = -1;
	nmis = 0;
	memset(&virt_caps, 0, sizeof(virt_caps));
	told = VIRT_DELIVER_NOT;
	beside_window = extint = false;
	threshold = 0;
	percpu(sched_flags) = 0;
	running = &v.sched;
	turn_to = NULL;
	anew = false;
	turns = 0;
	return 0;
}

static void run(void)
{
	percpu(sched_flags) = 0;
	v.sched.want_block = false;
	running = &v.sched;
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

/* It is in service already, so it comes before all that is requested, as soon as it can. */
static void a_displaced_interrupt_comes_again(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	v.displaced = true;
	v.displaced_vector = 0x41;
	ready = false;
	run();
	assert_true(window);
	assert_int_equal(injected, -1);
	ready = true;
	pending = 0x51;
	vcpu_end_irq_window(&v);
	run();
	assert_int_equal(injected, 0x41);
	assert_int_equal(pending, 0x51);
	assert_true(window);
	assert_false(v.displaced);
	/* INIT forgets it. */
	v.displaced = true;
	v.virt.requests = VCPU_REQ_INIT;
	run();
	assert_false(v.displaced);
}

/* A kick that brings nothing but a look at the requests does not leave the guest for long; one
 * that may mean a timer, or another one's turn, does. */
static void kicks_for_others_go_to_the_run_loop(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	percpu(timer_heap_deadline) = 1000;
	run();
	percpu(sched_flags) = 0;
	assert_true(vcpu_fast_kick(&v.virt, IRQ_VECTOR_KICK));
	assert_false(vcpu_fast_kick(&v.virt, IRQ_VECTOR_TIMER));
	percpu(timer_heap_deadline) = 900;
	assert_false(vcpu_fast_kick(&v.virt, IRQ_VECTOR_KICK));
	run();
	percpu(sched_flags) = 0;
	assert_true(vcpu_fast_kick(&v.virt, IRQ_VECTOR_KICK));
	percpu(sched_flags) = SCHED_F_RESCHED;
	assert_false(vcpu_fast_kick(&v.virt, IRQ_VECTOR_KICK));
}

/* An IPI or a kick may have woken somebody who is to run here, now or when a slice ends. */
static void who_woke_others_goes_to_the_run_loop(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	percpu(timer_heap_deadline) = 1000;
	run();
	percpu(sched_flags) = 0;
	vcpu_has_woken(&v);
	assert_true(vcpu_fast_attend(&v.virt));
	percpu(timer_heap_deadline) = 900;
	vcpu_has_woken(&v);
	assert_false(virt_guest_mode(&v.virt));
	assert_false(vcpu_fast_attend(&v.virt));
	/* Which takes the new deadline, and goes on. */
	entries = 0;
	run();
	assert_int_equal(entries, 1);
	assert_int_equal(v.virt.deadline, 900);
	percpu(sched_flags) = 0;
	assert_true(vcpu_fast_attend(&v.virt));
	percpu(sched_flags) = SCHED_F_RESCHED;
	vcpu_has_woken(&v);
	assert_false(vcpu_fast_attend(&v.virt));
}

/* What hardware delivers is not injected; an interrupt of the PICs is. */
static void hardware_delivers(void **state)
{
	(void)state;
	virt_caps.virq_delivery = virt_caps.tpr_shadow = true;
	v.index = 0;
	vcpu_set_activity(&v, VCPU_RUNS);
	pending = 0x40;
	run();
	assert_int_equal(told, VIRT_DELIVER);
	assert_int_equal(injected, -1);
	extint = vm.platform.intr = true;
	vcpu_look(&v);
	run();
	assert_int_equal(injected, 0x20);
	assert_int_equal(told, VIRT_DELIVER);
	assert_false(window);
}

/* While a window is open, hardware may be unable to deliver: then everything goes through it. */
static void software_delivers_until_the_window(void **state)
{
	(void)state;
	virt_caps.virq_delivery = virt_caps.tpr_shadow = true;
	v.index = 0;
	vcpu_set_activity(&v, VCPU_RUNS);
	ready = false;
	extint = vm.platform.intr = true;
	run();
	assert_true(window);
	assert_int_equal(told, VIRT_DELIVER_NOT);
	assert_int_equal(threshold, 7);
	/* A request that comes now is seen, though hardware has been told nothing. */
	extint = false;
	pending = 0x40;
	v.virt.requests = VCPU_REQ_POST;
	run();
	assert_int_equal(told_at_look, VIRT_DELIVER_NOT);
	extint = true;
	ready = true;
	vcpu_end_irq_window(&v);
	run();
	assert_int_equal(told, VIRT_DELIVER);
	assert_int_equal(threshold, 0);
	assert_int_equal(injected, 0x20);
	assert_int_equal(pending, 0x40);
	/* Other hardware does both. */
	beside_window = true;
	ready = false;
	extint = vm.platform.intr = true;
	vcpu_look(&v);
	run();
	assert_true(window);
	assert_int_equal(injected, 0x20);
	assert_int_equal(threshold, 0);
	assert_int_equal(pending, 0x40);
}

/* Who may rest has itself told of requests first, and looks for them only then. */
static void nothing_is_lost_on_the_way_to_rest(void **state)
{
	(void)state;
	virt_caps.virq_delivery = true;
	vcpu_set_activity(&v, VCPU_HALTED);
	told_at_look = VIRT_DELIVER;
	run();
	assert_true(v.sched.want_block);
	assert_int_equal(told_at_look, VIRT_DELIVER_TELL);
	pending = 0x40;
	v.virt.requests = VCPU_REQ_POST;
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_int_equal(entries, 1);
	vcpu_look(&v);
	run();
	assert_int_equal(told, VIRT_DELIVER);
}

static void no_nmi_before_sipi(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_WAIT_SIPI);
	v.virt.requests = VCPU_REQ_NMI;
	run();
	v.virt.requests = VCPU_REQ_SIPI;
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_int_equal(nmis, 0);
	v.virt.requests = VCPU_REQ_NMI;
	run();
	assert_int_equal(nmis, 1);
}

/* Who sets a request while the vCPU is outside of the guest need not interrupt it. */
static void guest_mode_is_told(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	v.virt.own = 0;
	assert_true(virt_guest_mode(&v.virt));
	assert_int_equal(v.virt.in_guest, 1);
	v.virt.requests = VCPU_REQ_IRQ;
	assert_false(virt_guest_mode(&v.virt));
	assert_int_equal(v.virt.in_guest, 0);
	run();
	assert_int_equal(entries, 1);
	assert_int_equal(v.virt.in_guest, 0);
}

/* --- the kick of paravirtual spinlocks */

static void kick(void)
{
	pv_kick(&kicker, &v);
}

static void kick_ends_a_halt_with_interrupts_off(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_int_equal(v.activity, VCPU_HALTED);
	assert_true(v.halted_masked);
	assert_true(v.sched.want_block);
	pending = 0x40; /* an interrupt does not */
	v.virt.requests = VCPU_REQ_IRQ;
	run();
	assert_int_equal(entries, 1);
	kick();
	assert_int_equal(wakes, 1);
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_int_equal(entries, 2);
	assert_int_equal(v.pv.kicked, 1);
}

/* The waiter has looked at the lock, and is about to halt when it is kicked. */
static void kick_before_halt_is_not_lost(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	while_guest_runs = kick;
	run();
	while_guest_runs = NULL;
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_int_equal(entries, 3); /* on after the HLT */
	assert_int_equal(v.pv.kicked, 1);
	/* But once: the next HLT halts. */
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_int_equal(v.activity, VCPU_HALTED);
}

/* It has left the guest by HLT already, and its handler is about to run. */
static void kick_while_halting_is_not_lost(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	next_exit = VIRT_EXIT_HLT;
	while_guest_runs = kick;
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_int_equal(entries, 2);
}

static void kick_waits_until_a_parked_vcpu_goes_on(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	next_exit = VIRT_EXIT_HLT;
	run();
	v.virt.requests = VCPU_REQ_PARK;
	run();
	kick();
	run();
	assert_int_equal(v.activity, VCPU_PARKED);
	vcpu_set_activity(&v, v.before_park);
	run();
	assert_int_equal(v.activity, VCPU_RUNS);
	assert_int_equal(entries, 2);
}

static void init_forgets_a_kick(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	while_guest_runs = kick;
	run();
	while_guest_runs = NULL;
	v.virt.requests = VCPU_REQ_INIT | VCPU_REQ_SIPI;
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_int_equal(v.activity, VCPU_HALTED);
}

static void yield_leaves_the_processor(void **state)
{
	struct vcpu other = {.vm = &vm, .sched.state = SCHED_READY};

	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	pv_yield(&v, &other);
	assert_int_equal(v.pv.yields, 1);
	run();
	assert_int_equal(entries, 0);
	assert_false(v.sched.want_block);
	run();
	assert_int_equal(entries, 1);
	/* Not to itself, and not to one that does not wait. */
	other.sched.state = SCHED_BLOCKED;
	pv_yield(&v, &other);
	pv_yield(&v, &v);
	assert_int_equal(v.pv.yields, 1);
}

/* One that was woken for an idle processor needs none of ours. */
static void a_kicked_vcpu_goes_first(void **state)
{
	struct vcpu other = {.vm = &vm, .sched.state = SCHED_READY};

	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	behind = false;
	pv_kick(&v, &other);
	assert_int_equal(v.pv.yields, 0);
	behind = true;
	pv_kick(&v, &other);
	behind = false;
	assert_int_equal(v.pv.yields, 1);
	assert_int_equal(v.pv.kicks, 2);
	run();
	assert_int_equal(entries, 0);
	run();
	assert_int_equal(entries, 1);
}

/* What it waits for is held by a sibling that had to leave perhaps: that one goes on here. */
static void a_lock_that_halts_lets_the_holder_run(void **state)
{
	struct vcpu holder = {
	    .vm = &vm, .index = 0, .sched.state = SCHED_READY, .pv.in_kernel = true};
	struct vcpu *vcpus[] = {&holder, &v};

	(void)state;
	vm.vcpus = vcpus;
	vm.cpus = 2;
	vcpu_set_activity(&v, VCPU_RUNS);
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_true(v.sched.want_block);
	assert_int_equal(v.pv.boosts, 0);
	vm.kicks = true;
	vcpu_set_activity(&v, VCPU_RUNS);
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_true(v.sched.want_block);
	assert_int_equal(v.pv.boosts, 1);
}

/* --- one vCPU's turn after another's */

/* What they may write while v is still, or again, on the processor is told by this. */
static struct vcpu next;

static void next_is(enum vcpu_activity activity)
{
	memset(&next, 0, sizeof(next));
	next.vm = &vm;
	next.sched.state = SCHED_READY;
	vcpu_set_activity(&next, activity);
	next.virt.own = 0;
	v.virt.deadline = 0;
	percpu(timer_heap_deadline) = TIMER_NEVER;
	turn_to = &next.sched;
}

static void a_turn_leads_to_the_next(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	run();
	v.loaded_cpu = 1; /* lost with the former test's */
	next_is(VCPU_RUNS);
	loads = 0;
	assert_ptr_equal(vcpu_turn(&v.virt, 1), &next.virt);
	assert_int_equal(v.exits[VIRT_EXIT_DEADLINE], 1);
	assert_int_equal(loads, 1);
	assert_int_equal(v.loaded_cpu, 0);
	assert_int_equal(next.loaded_cpu, 1);
	/* Nobody else: as if nothing had been tried. */
	assert_null(vcpu_turn(&next.virt, 1));
	assert_int_equal(next.exits[VIRT_EXIT_DEADLINE], 0);
	vcpu_load(&v);
}

/* Somebody may be working on it: its state is left where it is, and its own run() looks. */
static void a_parked_one_begins_anew(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	run();
	v.virt.own = 0;
	next_is(VCPU_PARKED);
	loads = 0;
	assert_ptr_equal(vcpu_turn(&v.virt, 1), &v.virt);
	assert_true(anew);
	assert_int_equal(loads, 0);
	assert_false(vcpu_fast_attend(&v.virt));
}

/* A steal page must not tell siblings that v has no processor where it has. */
static void a_turn_that_fails_is_no_steal(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	assert_int_equal(pv_steal_enable(&v, 0x1000 | 1), 0);
	percpu(timer_heap_deadline) = TIMER_NEVER;
	assert_null(vcpu_turn(&v.virt, 1));
	assert_int_equal(((struct steal_page *)(ram + 0x1000))->preempted, 0);
	next_is(VCPU_RUNS);
	run();
	vcpu_load(&v);
	running = &v.sched;
	next_is(VCPU_RUNS);
	assert_ptr_equal(vcpu_turn(&v.virt, 0), &next.virt);
	assert_int_equal(((struct steal_page *)(ram + 0x1000))->preempted, STEAL_PREEMPTED);
	vcpu_load(&v);
}

static u64 interrupts_on(struct virt_vcpu *vv, enum virt_reg reg)
{
	(void)vv;
	return reg == VIRT_RFLAGS ? 0x202 : 0;
}

static void a_halt_hands_over(void **state)
{
	struct virt_ops able = ops;

	(void)state;
	able.get_reg = interrupts_on;
	virt = &able;
	vcpu_set_activity(&v, VCPU_RUNS);
	run();
	v.virt.own = 0;
	v.loaded_cpu = 1;
	next_is(VCPU_RUNS);
	/* Not with anything that the run loop has to look at. */
	v.pv.kick.kept = true;
	assert_null(vcpu_fast_halt(&v.virt, 1));
	v.pv.kick.kept = false;
	v.irq_window = true;
	assert_null(vcpu_fast_halt(&v.virt, 1));
	v.irq_window = false;
	v.virt.requests = VCPU_REQ_IRQ;
	assert_null(vcpu_fast_halt(&v.virt, 1));
	v.virt.requests = 0;
	assert_int_equal(v.activity, VCPU_RUNS);
	/* A wake that came before is seen by the look: it is not kept. */
	v.sched.state = SCHED_WOKEN;
	assert_ptr_equal(vcpu_fast_halt(&v.virt, 1), &next.virt);
	assert_int_equal(v.activity, VCPU_HALTED);
	assert_int_equal(v.exits[VIRT_EXIT_HLT], 1);
	assert_int_equal(next.loaded_cpu, 1);
	/* Nobody to hand over to: it has halted, and the run loop does the rest. */
	v.virt.own = 0;
	running = &v.sched;
	vcpu_load(&v);
	vcpu_set_activity(&v, VCPU_RUNS);
	v.virt.own = 0;
	assert_ptr_equal(vcpu_fast_halt(&v.virt, 1), &v.virt);
	assert_int_equal(v.activity, VCPU_HALTED);
	assert_false(vcpu_fast_attend(&v.virt));
}

/* --- steal time */

#define STEAL_AT 0x1000
static struct steal_page *const record = (struct steal_page *)(ram + STEAL_AT);

static void steal_is_waiting_and_standing_still(void **state)
{
	u64 before;

	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	waited = 5;
	assert_int_equal(pv_steal_enable(&v, STEAL_AT | 1), 0);
	assert_int_equal(record->steal, 0);
	assert_int_equal(record->preempted, 0);
	run();
	/* It could go on: siblings need not wait for it. */
	assert_int_equal(record->preempted, STEAL_PREEMPTED);
	waited = 12;
	record->preempted |= STEAL_FLUSH_TLB;
	run();
	assert_int_equal(record->steal, 70);
	assert_int_equal(flushes, 1);
	/* Halted it is not preempted: it has nothing to do. */
	next_exit = VIRT_EXIT_HLT;
	run();
	assert_int_equal(record->preempted, 0);
	kick();
	run();
	/* A pause of the VM is stolen, also from one that is not told of it. */
	v.virt.requests = VCPU_REQ_PARK;
	run();
	v.pv.parked_since -= 1000000;
	pv_unparked(&v);
	vcpu_set_activity(&v, v.before_park);
	before = record->steal;
	run();
	assert_true(record->steal >= before + 10000000);
	assert_int_equal(record->version % 2, 0);
}

static void pages_of_the_guest_are_checked(void **state)
{
	(void)state;
	assert_int_equal(pv_steal_enable(&v, STEAL_AT | 3), ERR_INVAL);
	assert_int_equal(pv_steal_enable(&v, 0xfffffffffffff001), ERR_INVAL);
	assert_int_equal(pv_steal_enable(&v, (sizeof(ram) + 64) | 1), ERR_INVAL);
	assert_null(v.pv.steal.page);
	assert_int_equal(pv_steal_enable(&v, (sizeof(ram) - 64) | 1), 0);
	assert_int_equal(v.pv.steal_msr, (sizeof(ram) - 64) | 1);
	assert_int_equal(pv_steal_enable(&v, 0), 0);
	assert_null(v.pv.steal.page);
	assert_int_equal(pv_eoi_enable(&v, 0x1003), ERR_INVAL);
	assert_int_equal(pv_eoi_enable(&v, sizeof(ram) | 1), ERR_INVAL);
	assert_null(eoi_flag);
	assert_int_equal(pv_eoi_enable(&v, (sizeof(ram) - 4) | 1), 0);
	assert_ptr_equal(eoi_flag, ram + sizeof(ram) - 4);
}

/* What another kernel, or none, set up there is no business of the next one. */
static void init_clears_all(void **state)
{
	(void)state;
	vcpu_set_activity(&v, VCPU_RUNS);
	v.msrs.kvm_clock = 1;
	assert_int_equal(pv_steal_enable(&v, STEAL_AT | 1), 0);
	assert_int_equal(pv_eoi_enable(&v, 0x1101), 0);
	v.virt.requests = VCPU_REQ_INIT;
	run();
	memset(ram, 0x55, sizeof(ram));
	v.virt.requests = VCPU_REQ_SIPI;
	waited += 100;
	run();
	for (size_t i = 0; i < sizeof(ram); i++)
		assert_int_equal(ram[i], 0x55);
	assert_null(eoi_flag);
	assert_int_equal(v.pv.steal_msr + v.pv.eoi_msr + v.msrs.kvm_clock, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(parked_vcpu_serves_nobody, setup),
	    cmocka_unit_test_setup(init_closes_the_interrupt_window, setup),
	    cmocka_unit_test_setup(a_displaced_interrupt_comes_again, setup),
	    cmocka_unit_test_setup(kicks_for_others_go_to_the_run_loop, setup),
	    cmocka_unit_test_setup(who_woke_others_goes_to_the_run_loop, setup),
	    cmocka_unit_test_setup(hardware_delivers, setup),
	    cmocka_unit_test_setup(software_delivers_until_the_window, setup),
	    cmocka_unit_test_setup(nothing_is_lost_on_the_way_to_rest, setup),
	    cmocka_unit_test_setup(no_nmi_before_sipi, setup),
	    cmocka_unit_test_setup(guest_mode_is_told, setup),
	    cmocka_unit_test_setup(kick_ends_a_halt_with_interrupts_off, setup),
	    cmocka_unit_test_setup(kick_before_halt_is_not_lost, setup),
	    cmocka_unit_test_setup(kick_while_halting_is_not_lost, setup),
	    cmocka_unit_test_setup(kick_waits_until_a_parked_vcpu_goes_on, setup),
	    cmocka_unit_test_setup(init_forgets_a_kick, setup),
	    cmocka_unit_test_setup(yield_leaves_the_processor, setup),
	    cmocka_unit_test_setup(a_kicked_vcpu_goes_first, setup),
	    cmocka_unit_test_setup(a_lock_that_halts_lets_the_holder_run, setup),
	    cmocka_unit_test_setup(a_turn_leads_to_the_next, setup),
	    cmocka_unit_test_setup(a_parked_one_begins_anew, setup),
	    cmocka_unit_test_setup(a_turn_that_fails_is_no_steal, setup),
	    cmocka_unit_test_setup(a_halt_hands_over, setup),
	    cmocka_unit_test_setup(steal_is_waiting_and_standing_still, setup),
	    cmocka_unit_test_setup(pages_of_the_guest_are_checked, setup),
	    cmocka_unit_test_setup(init_clears_all, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
