/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop: what happens between two entries of a guest. Everything here is on
 * the path of every exit.
 */
#include "vmm/vcpu/run.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/irq/irq.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "vmm/exit/exit.h"
#include "vmm/vcpu/poll.h"
#include "vmm/vcpu/pvclock.h"

PERCPU(struct vcpu *, vcpu_loaded);

static void unload_here(void *arg)
{
	struct vcpu *v = arg;

	if (percpu(vcpu_loaded) != v)
		return;
	virt->unload(&v->virt);
	percpu(vcpu_loaded) = NULL;
	__atomic_store_n(&v->loaded_cpu, 0, __ATOMIC_RELEASE);
}

void vcpu_unload(struct vcpu *v)
{
	u32 cpu = __atomic_load_n(&v->loaded_cpu, __ATOMIC_ACQUIRE);

	if (cpu)
		smp_call(cpu - 1, unload_here, v);
}

void vcpu_load(struct vcpu *v)
{
	struct vcpu *old = percpu(vcpu_loaded);

	if (old == v)
		return;
	if (likely(old && !__atomic_load_n(&v->loaded_cpu, __ATOMIC_ACQUIRE))) {
		vcpu_load_after(old, v);
		return;
	}
	if (old)
		unload_here(old);
	vcpu_unload(v);
	virt->load(&v->virt);
	percpu(vcpu_loaded) = v;
	__atomic_store_n(&v->loaded_cpu, cpu_id() + 1, __ATOMIC_RELEASE);
}

static void do_init(struct vcpu *v)
{
	virt->vcpu_reset(&v->virt, true);
	vcpu_set_signature(v);
	pv_reset(v);
	v->msrs.kvm_clock = 0;
	v->irq_window = v->displaced = false; /* which the reset has closed, and dropped */
	v->tpr_threshold = 0;
	virt->apic_tpr_threshold(&v->virt, 0);
	vlapic_reset(v->lapic, true);
	/* The bootstrap processor restarts at the reset vector, the others wait for SIPI
	 * (SDM vol. 3, 9.4.3). */
	vcpu_set_activity(v, v->index ? VCPU_WAIT_SIPI : VCPU_RUNS);
}

static void do_sipi(struct vcpu *v)
{
	struct virt_seg cs;

	if (v->activity != VCPU_WAIT_SIPI)
		return;
	virt->get_seg(&v->virt, VIRT_CS, &cs);
	cs.selector = (u16)(v->sipi_vector << 8);
	cs.base = (u64)v->sipi_vector << 12;
	virt->set_seg(&v->virt, VIRT_CS, &cs);
	virt->set_reg(&v->virt, VIRT_RIP, 0);
	vcpu_set_activity(v, VCPU_RUNS);
}

static void do_kick(struct vcpu *v)
{
	if (!kick_arrives(&v->pv.kick, v->activity == VCPU_HALTED))
		return;
	v->pv.kicked++;
	vcpu_set_activity(v, VCPU_RUNS);
}

/* One that waits for SIPI takes none (SDM vol. 3, 26.6.1), and must not find it later, when it has
 * no handler yet. */
static void do_nmi(struct vcpu *v)
{
	if (v->activity == VCPU_WAIT_SIPI)
		return;
	if (v->activity == VCPU_HALTED)
		vcpu_set_activity(v, VCPU_RUNS);
	if (virt->nmi_ready(&v->virt))
		virt->inject_nmi(&v->virt);
	else
		virt->nmi_window(&v->virt, true);
}

/* What is asked for more rarely than a look at the interrupts. False: it parked. */
static __attribute__((noinline)) bool serve_others(struct vcpu *v, u32 requests)
{
	if (requests & VCPU_REQ_INIT)
		do_init(v);
	if (requests & VCPU_REQ_SIPI)
		do_sipi(v);
	if (requests & VCPU_REQ_CLOCK)
		pvclock_update(v);
	if (requests & VCPU_REQ_NMI)
		do_nmi(v);
	if (requests & VCPU_REQ_KICK)
		do_kick(v);
	if (requests & VCPU_REQ_PARK) {
		pv_parked(v);
		v->before_park = v->activity;
		vcpu_set_activity(v, VCPU_PARKED);
		vm_vcpu_parked(v->vm);
		return false;
	}
	return true;
}

/* Serve what others asked of this vCPU. False: it parked. */
static inline bool serve_requests(struct vcpu *v)
{
	u32 requests = __atomic_exchange_n(&v->virt.requests, 0, __ATOMIC_ACQ_REL);

	vcpu_look(v);
	return likely(!(requests & ~(u32)(VCPU_REQ_IRQ | VCPU_REQ_POST))) ||
	       serve_others(v, requests);
}

static inline bool extint_pending(const struct vcpu *v)
{
	return v->index == 0 && platform_extint_pending(&v->vm->platform);
}

/* Ask for an exit when the guest can take an interrupt. */
static void ask_irq_window(struct vcpu *v)
{
	if (v->irq_window)
		return;
	v->irq_window = true;
	virt->irq_window(&v->virt, true);
}

/* The vector to deliver is the highest of the local APIC, or else what the PICs have. True: the
 * guest takes one as soon as it can. */
static bool deliver_by_software(struct vcpu *v, bool lapic, bool extint)
{
	int vector;

	if (!virt->irq_ready(&v->virt)) {
		if (!extint && !(lapic && vlapic_next(v->lapic) >= 0))
			return false;
		ask_irq_window(v);
		return true;
	}
	vector = lapic ? vlapic_take(v->lapic) : -1;
	if (vector < 0) {
		if (!extint)
			return false;
		vector = platform_extint_ack(&v->vm->platform);
		extint = false;
	}
	virt->inject_irq(&v->virt, (u8)vector);
	/* More to come: learn when the guest can take it. Of the local APIC's requests none is
	 * above the one that was taken. */
	if (unlikely(extint))
		ask_irq_window(v);
	return true;
}

static inline void set_tpr_threshold(struct vcpu *v, u8 threshold)
{
	if (likely(threshold == v->tpr_threshold))
		return;
	v->tpr_threshold = threshold;
	virt->apic_tpr_threshold(&v->virt, threshold);
}

static void tell_levels(struct vcpu *v)
{
	u64 level[4];

	if (vlapic_eoi_bitmap(v->lapic, level))
		virt->apic_eoi_exit(&v->virt, level);
}

/* Where hardware delivers: what is requested and in service, and whose EOI we must see. */
static void tell_hardware(struct vcpu *v)
{
	enum vlapic_status status = vlapic_status_changed(v->lapic);

	if (status == VLAPIC_REQUEST_CHANGED)
		virt->apic_set_request(&v->virt, vlapic_irr(v->lapic));
	else if (status == VLAPIC_SERVICE_CHANGED)
		virt->apic_set_status(&v->virt, vlapic_irr(v->lapic), vlapic_isr(v->lapic));
	tell_levels(v);
}

static __attribute__((noinline)) void deliver_displaced(struct vcpu *v)
{
	if (!virt->irq_ready(&v->virt)) {
		ask_irq_window(v);
		return;
	}
	v->displaced = false;
	virt->inject_irq(&v->virt, v->displaced_vector);
}

/* How hardware is to deliver: with an open window, not at all. */
static enum virt_delivery delivery(const struct vcpu *v)
{
	if (v->irq_window)
		return VIRT_DELIVER_NOT;
	return v->activity == VCPU_RUNS ? VIRT_DELIVER : VIRT_DELIVER_TELL;
}

/*
 * Where hardware delivers, in some modes of the local APIC or in all. Of what it cannot do,
 * an interrupt of the PICs that the guest cannot take yet, it may be unable to wait for the
 * moment: then software delivers everything until then.
 */
static __attribute__((noinline)) bool deliver_beside_hardware(struct vcpu *v, bool extint)
{
	bool taken, on = vlapic_mode(v->lapic) != VIRT_APIC_DISABLED;

	if (on && virt->apic_deliver(&v->virt, delivery(v))) {
		set_tpr_threshold(v, 0);
		tell_hardware(v);
		taken = (unlikely(extint) && deliver_by_software(v, false, true)) ||
			vlapic_next(v->lapic) >= 0;
		if (likely(!v->irq_window) || virt->apic_deliver(&v->virt, VIRT_DELIVER_NOT))
			return taken;
	}
	tell_levels(v);
	taken = deliver_by_software(v, true, extint);
	if (virt_caps.tpr_shadow)
		set_tpr_threshold(v, vlapic_tpr_threshold_scan(v->lapic));
	return taken;
}

/* Bring pending interrupts to the guest. True: it has one to take. */
static bool deliver_interrupts(struct vcpu *v)
{
	bool extint = extint_pending(v), taken;

	v->virt.own &= ~(u32)VCPU_OWN_IRQ;
	if (unlikely(v->displaced))
		deliver_displaced(v);
	vlapic_sync(v->lapic);
	if (virt_caps.virq_delivery)
		return deliver_beside_hardware(v, extint);
	taken = deliver_by_software(v, true, extint);
	if (virt_caps.tpr_shadow)
		set_tpr_threshold(v, vlapic_tpr_threshold(v->lapic));
	return taken;
}

/* Of a vCPU that does not run: whether it goes on so. */
static __attribute__((noinline)) bool rests(struct vcpu *v)
{
	sched_wake_ack(&v->sched);
	if (v->activity != VCPU_HALTED || v->halted_masked || !deliver_interrupts(v))
		return true;
	vcpu_set_activity(v, VCPU_RUNS);
	v->virt.own &= ~(u32)VCPU_OWN_IRQ;
	return false;
}

bool vcpu_attend(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);

	vv->own &= ~(u32)VCPU_OWN_LEAVE;
	do {
		if (vv->requests && !serve_requests(v))
			return false;
		if (unlikely(vv->own & VCPU_OWN_PASS))
			return false;
		if (unlikely(v->activity != VCPU_RUNS) && rests(v)) {
			/* A wake for what came before sched_wake_ack() is lost by it. */
			if (!__atomic_load_n(&vv->requests, __ATOMIC_ACQUIRE))
				return false;
		} else if (vv->own & VCPU_OWN_IRQ) {
			deliver_interrupts(v);
		}
	} while (unlikely(!virt_guest_mode(vv)));
	return true;
}

bool vcpu_fast_attend(struct virt_vcpu *vv)
{
	return likely(!(vv->own & VCPU_OWN_LEAVE)) && vcpu_attend(vv);
}

bool vcpu_fast_kick(struct virt_vcpu *vv, u8 vector)
{
	/* It may mean that there is an earlier timer, which only the run loop programs. */
	if (vector != IRQ_VECTOR_KICK || sched_must_yield() || timer_next() != vv->deadline)
		return false;
	container_of(vv, struct vcpu, virt)->exits[VIRT_EXIT_INTERRUPT]++;
	irq_dispatch(vector);
	return true;
}

bool vcpu_fast_irq_window(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);

	v->exits[VIRT_EXIT_IRQ_WINDOW]++;
	vcpu_end_irq_window(v);
	return true;
}

static __cold __attribute__((noinline)) void longer(struct vcpu *v, enum virt_exit_kind kind,
						    u32 ticks)
{
	v->longest[kind] = ticks;
}

/* How long handlers of exits take; but for those that are short and depend on no device. */
static inline enum vcpu_next handle(struct vcpu *v, const struct virt_exit *exit)
{
	enum virt_exit_kind kind = exit->kind;
	enum vcpu_next next;
	u32 start, ticks; /* no handler lasts long enough for 32 bits to wrap */

	v->exits[kind]++;
	if (exit->kind <= VIRT_EXIT_LAST_SHORT)
		return exit_handlers[kind](v, exit);
	start = (u32)rdtsc();
	next = exit_handlers[kind](v, exit);
	ticks = (u32)rdtsc() - start;
	if (unlikely(ticks > v->longest[kind]))
		longer(v, kind, ticks);
	return next;
}

/*
 * Whoever parked it works on it, perhaps on another CPU, until it changes the activity and
 * wakes it. What is asked for meanwhile (INIT, SIPI, NMI) waits.
 */
static bool parked(struct vcpu *v)
{
	if (likely(__atomic_load_n(&v->activity, __ATOMIC_ACQUIRE) != VCPU_PARKED))
		return false;
	sched_wake_ack(&v->sched);
	return __atomic_load_n(&v->activity, __ATOMIC_ACQUIRE) == VCPU_PARKED;
}

/* What vcpu_attend() has found. Who goes on, NULL: whom the scheduler chooses. */
static struct vcpu *stop(struct vcpu *v)
{
	struct vcpu *next = NULL;

	if (v->virt.own & VCPU_OWN_PASS) {
		v->virt.own &= ~(u32)VCPU_OWN_PASS;
		return NULL;
	}
	/* It halts in a lock perhaps: then that goes on soonest whose holder runs instead. */
	if (v->activity == VCPU_HALTED && __atomic_load_n(&v->vm->kicks, __ATOMIC_RELAXED))
		(void)pv_boost(v);
	else
		next = vcpu_turn_blocked(v);
	if (!next && sched_current() == &v->sched)
		sched_block(&v->sched);
	return next;
}

/* It may have been for a moment only that there was nothing to do. */
static bool has_paused(struct vcpu *v)
{
	return v->activity == VCPU_HALTED && !(v->virt.own & VCPU_OWN_PASS) && vcpu_poll(v);
}

/* Let the guest run until there is something to do. v is who goes on then. */
static inline enum vcpu_next enter(struct vcpu **v)
{
	struct virt_exit exit;

	(*v)->virt.deadline = timer_next();
	if (likely(virt_caps.deadline))
		virt->set_deadline(&(*v)->virt, (*v)->virt.deadline);
	else
		timer_program();
	virt->enter(&(*v)->virt, &exit);
	*v = percpu(vcpu_loaded);
	virt_host_mode(&(*v)->virt);
	return handle(*v, &exit);
}

/* v's turn is over. NULL: the scheduler has to see to it. */
static struct vcpu *next_turn(struct vcpu *v)
{
	struct virt_vcpu *next = sched_turn_may_do() ? vcpu_turn(&v->virt, 0) : NULL;

	v = next ? container_of(next, struct vcpu, virt) : NULL;
	return v && sched_current() == &v->sched ? v : NULL;
}

/* Until who runs has nothing to do, or others are to run. Returns who ran last. */
static inline struct vcpu *run_guests(struct vcpu *v)
{
	struct vcpu *next;

	for (;;) {
		if (unlikely(sched_must_yield())) {
			next = next_turn(v);
		} else if (unlikely(!virt_guest_mode(&v->virt)) && !vcpu_attend(&v->virt)) {
			next = has_paused(v) ? v : stop(v);
		} else {
			if (enter(&v) == VCPU_STOP)
				return v;
			continue;
		}
		if (!next)
			return v;
		v = next;
	}
}

void vcpu_run(struct sched_entity *e)
{
	struct vcpu *v = container_of(e, struct vcpu, sched);

	if (unlikely(parked(v))) {
		sched_block(e);
		return;
	}
	vcpu_load(v);
	/* What came due on the way here would end the guest's stay at its first instruction. */
	if (unlikely(time_tsc() >= timer_next()))
		timer_run_expired();
	if (v->pv.steal.page)
		pv_arrive(v);
	v->pv.spun = false;
	v = run_guests(v);
	if (sched_current() == &v->sched && v->activity != VCPU_HALTED)
		pv_leave(v);
}
