/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs for the guest (APM vol. 2, 15.20 and 15.21).
 *
 * With vNMI the processor keeps one pending and knows whether the guest is in its handler. Else
 * IRET is intercepted from an NMI's delivery on. The handler ends when IRET has executed, which
 * is found out by single-stepping it with every exception intercepted: the trap behind it, or the
 * fault that it raised, opens NMIs again. What waits for the end of an interrupt
 * shadow is stepped over alike. What waits for another event's delivery has the guest exit right
 * after it, by an interrupt that is pending at the entry.
 */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/svm/svm.h"

#define DR6_BREAKPOINTS 0xfull

void svm_inject_nmi(struct virt_vcpu *v)
{
	struct svm_vcpu *x = svm_of(v);

	x->nmi_window = false;
	if (svm_caps.vnmi) {
		x->vmcb->virq_flags |= VNMI_PENDING;
		return;
	}
	x->vmcb->event_inj = EVENT_VALID | EVENT_NMI << 8 | VECTOR_NMI;
	x->nmi = NMI_BLOCKED;
	svm_intercept(x, SVM_EXIT_IRET, true);
}

bool svm_nmi_ready(struct virt_vcpu *v)
{
	const struct svm_vcpu *x = svm_of(v);

	if (svm_caps.vnmi)
		return !(x->vmcb->virq_flags & VNMI_PENDING);
	return x->nmi == NMI_OPEN && !(x->vmcb->event_inj & EVENT_VALID) &&
	       !(x->vmcb->interrupt_state & INTERRUPT_SHADOW);
}

void svm_nmi_window(struct virt_vcpu *v, bool on)
{
	struct svm_vcpu *x = svm_of(v);

	/* An NMI that comes while another one waits is the same one. */
	if (svm_caps.vnmi)
		return;
	x->nmi_window = on;
	if (!on || x->nmi != NMI_OPEN)
		return;
	if (x->vmcb->event_inj & EVENT_VALID)
		x->todo |= TODO_NMI;
	else
		svm_nmi_step(x, false);
}

void svm_nmi_prepare(struct svm_vcpu *x)
{
	if (x->nmi_window && x->nmi == NMI_OPEN)
		lapic_ipi(this_cpu()->apic_id, IRQ_VECTOR_KICK);
}

static void exceptions_set(struct svm_vcpu *x, u32 exceptions)
{
	x->vmcb->exceptions = exceptions;
	svm_dirty(x, CLEAN_INTERCEPTS);
}

void svm_nmi_reset(struct svm_vcpu *x)
{
	x->nmi = NMI_OPEN;
	x->nmi_window = false;
	x->vmcb->virq_flags &= (u8) ~(VNMI_PENDING | VNMI_BLOCKED);
	svm_intercept(x, SVM_EXIT_IRET, false);
	exceptions_set(x, SVM_EXCEPTIONS);
}

void svm_nmi_step(struct svm_vcpu *x, bool iret)
{
	x->nmi = NMI_STEP;
	x->step_loads_flags = iret;
	x->step_tf = x->vmcb->rflags & RFLAGS_TF;
	x->vmcb->rflags |= RFLAGS_TF;
	svm_intercept(x, SVM_EXIT_IRET, false);
	exceptions_set(x, SVM_EXCEPTIONS_STEP);
	svm_virq_update(x);
}

/* Behind IRET, RFLAGS are what it has loaded; everywhere else TF is still ours. */
bool svm_nmi_step_end(struct svm_vcpu *x, u8 vector)
{
	struct vmcb *b = x->vmcb;
	bool stepped = vector == VECTOR_DB && (b->dr6 & DR6_BS);

	x->nmi = NMI_OPEN;
	exceptions_set(x, SVM_EXCEPTIONS);
	svm_virq_update(x);
	if (x->nmi_window)
		x->todo |= TODO_NMI;
	if (!x->step_tf && !(stepped && x->step_loads_flags))
		b->rflags &= ~RFLAGS_TF;
	if (!stepped || x->step_tf)
		return false;
	b->dr6 &= ~DR6_BS;
	svm_dirty(x, CLEAN_DRX);
	return !(b->dr6 & DR6_BREAKPOINTS);
}
