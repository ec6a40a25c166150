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
	if (unlikely(sched_must_yield() || timer_next() != v->deadline))
		v->virt.own |= (u32)VCPU_OWN_LEAVE;
}

/* Bring the vCPU's state onto this CPU, from wherever it is loaded. */
void vcpu_load(struct vcpu *v);

#endif
