/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One vCPU's turn on a processor ends and another one's begins, without the way over the
 * scheduler's loop: what is usual when processors are shared.
 */
#include "arch/x86/cpu/cpu.h"
#include "vmm/vcpu/poll.h"
#include "vmm/vcpu/run.h"

/* It runs here now. False: not before its own vcpu_run() has looked at it, since somebody may be
 * working on its state. */
static inline bool turn_begins(struct vcpu *old, struct vcpu *v)
{
	if (unlikely(__atomic_load_n(&v->activity, __ATOMIC_ACQUIRE) == VCPU_PARKED)) {
		sched_begin_anew();
		return false;
	}
	/* If loading takes long, since it has to be unloaded elsewhere, it is early: no harm. */
	v->virt.deadline = timer_next();
	v->pv.spun = false;
	vcpu_load_after(old, v);
	if (unlikely(v->pv.steal.page))
		pv_arrive(v);
	return true;
}

/* To the run loop: v's state stays here until that has returned. */
static struct virt_vcpu *leave(struct vcpu *v)
{
	v->virt.own |= (u32)VCPU_OWN_LEAVE;
	return &v->virt;
}

/* v is still here. */
static __attribute__((noinline)) struct virt_vcpu *no_turn(struct vcpu *v, u64 deadlines)
{
	v->exits[VIRT_EXIT_DEADLINE] -= deadlines;
	if (v->pv.steal.page)
		pv_arrive(v);
	return NULL;
}

struct virt_vcpu *vcpu_turn(struct virt_vcpu *vv, u64 deadlines)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);
	struct sched_entity *e;

	/* What has come is a timer. */
	if (unlikely(vv->deadline >= timer_heap_next()))
		return NULL;
	/* Now: then it may run elsewhere. */
	v->exits[VIRT_EXIT_DEADLINE] += deadlines;
	pv_leave(v);
	e = sched_turn(&v->sched);
	if (unlikely(!e))
		return no_turn(v, deadlines);
	if (unlikely(!turn_begins(v, container_of(e, struct vcpu, sched))))
		return leave(v);
	return &container_of(e, struct vcpu, sched)->virt;
}

struct vcpu *vcpu_turn_blocked(struct vcpu *v)
{
	struct sched_entity *e = sched_turn_blocked(&v->sched);
	struct vcpu *next;

	if (unlikely(!e))
		return NULL;
	next = container_of(e, struct vcpu, sched);
	return likely(turn_begins(v, next)) ? next : NULL;
}

/* Nothing that the run loop would have to do before it blocks? */
static inline bool only_halts(struct vcpu *v)
{
	if (unlikely(v->pv.kick.kept || v->irq_window || v->displaced || virt_caps.virq_delivery ||
		     __atomic_load_n(&v->vm->kicks, __ATOMIC_RELAXED)))
		return false;
	/* Who does not see that it must wake us has set its request before this. */
	sched_wake_ack(&v->sched);
	return likely(!__atomic_load_n(&v->virt.attention, __ATOMIC_ACQUIRE)) &&
	       (virt->get_reg(&v->virt, VIRT_RFLAGS) & RFLAGS_IF);
}

struct virt_vcpu *vcpu_fast_halt(struct virt_vcpu *vv, unsigned len)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt), *next;

	if (sched_alone() || !only_halts(v) || vcpu_poll(v))
		return NULL;
	v->exits[VIRT_EXIT_HLT]++;
	virt->skip(vv, len);
	v->halted_masked = false;
	vcpu_set_activity(v, VCPU_HALTED);
	next = vcpu_turn_blocked(v);
	if (likely(next))
		return &next->virt;
	/* The run loop looks whether to poll, as if for the first time. */
	if (sched_current() == &v->sched)
		v->halted_at = 0;
	return leave(v);
}
