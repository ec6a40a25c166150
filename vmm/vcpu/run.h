/* SPDX-License-Identifier: BSD-2-Clause */
/* The run loop, as the scheduler calls it. */
#ifndef VMM_VCPU_RUN_H
#define VMM_VCPU_RUN_H

#include "arch/x86/smp/smp.h"
#include "kernel/time/timer.h"
#include "vmm/vcpu/vcpu.h"

void vcpu_run(struct sched_entity *e);

/* Deal with what asks for attention. True: the guest may be entered. And the same for struct
 * virt_fast, which enters it without the run loop. */
bool vcpu_attend(struct virt_vcpu *vv);
bool vcpu_fast_attend(struct virt_vcpu *vv);
/* And the exits that only bring attention to something. */
bool vcpu_fast_kick(struct virt_vcpu *vv, u8 vector);
bool vcpu_fast_irq_window(struct virt_vcpu *vv);

/*
 * turn.c: v's turn is over, which struct virt_fast calls as well: then deadlines is 1, which is
 * counted. Who goes on here, loaded; NULL: nothing has changed. It is v where the run loop has
 * to return: sched_current() is another one then, and v is not to be touched.
 */
struct virt_vcpu *vcpu_turn(struct virt_vcpu *vv, u64 deadlines);
/* v has nothing to do: who goes on here, loaded. NULL: vcpu_run() returns, if sched_current() is
 * not v any more without touching it. */
struct vcpu *vcpu_turn_blocked(struct vcpu *v);
/* And from within enter(): see struct virt_fast. */
struct virt_vcpu *vcpu_fast_halt(struct virt_vcpu *vv, unsigned len);

/* VIRT_EXIT_IRQ_WINDOW: it is not asked for any more. */
static inline void vcpu_end_irq_window(struct vcpu *v)
{
	virt->irq_window(&v->virt, false);
	v->irq_window = false;
	vcpu_look(v);
}

/*
 * After what may have woken a sibling, in struct virt_fast: this processor may have to run that one
 * at once or in a while, and nobody else tells it.
 */
static inline void vcpu_has_woken(struct vcpu *v)
{
	if (unlikely(sched_must_yield() || timer_next() != v->virt.deadline))
		v->virt.own |= (u32)VCPU_OWN_LEAVE;
}

/* The vCPU whose state this CPU holds, if any: it stays loaded until another one runs
 * here, or until it is to run elsewhere. */
extern PERCPU(struct vcpu *, vcpu_loaded);

/* Bring the vCPU's state onto this CPU, from wherever it is loaded. */
void vcpu_load(struct vcpu *v);

/* The same where old's is loaded now. */
static inline void vcpu_load_after(struct vcpu *old, struct vcpu *v)
{
	if (unlikely(old == v || __atomic_load_n(&v->loaded_cpu, __ATOMIC_ACQUIRE))) {
		vcpu_load(v);
		return;
	}
	virt->swap(&old->virt, &v->virt);
	percpu(vcpu_loaded) = v;
	__atomic_store_n(&v->loaded_cpu, old->loaded_cpu, __ATOMIC_RELEASE);
	__atomic_store_n(&old->loaded_cpu, 0, __ATOMIC_RELEASE);
}

#endif
