/* SPDX-License-Identifier: BSD-2-Clause */
/* Events for the guest: injection, the interrupt window, and re-injection of what an exit
 * interrupted (APM vol. 2, 15.20 and 15.21). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
#include "arch/x86/svm/svm.h"

#define VECTOR_BP 3
#define VECTOR_OF 4
#define HIGHEST_PRIORITY 0xf

static void event_set(struct svm_vcpu *x, enum vmcb_event_type type, u8 vector, bool has_error,
		      u32 error)
{
	u64 event = EVENT_VALID | (u64)type << 8 | vector;

	/* Error codes are not pushed in real mode, and must not be asked for. */
	if (has_error && (x->vmcb->cr0 & CR0_PE))
		event |= EVENT_ERROR_VALID | (u64)(error & 0xffff) << 32;
	x->vmcb->event_inj = event;
}

bool svm_event_pending(struct virt_vcpu *v)
{
	return svm_of(v)->vmcb->event_inj & EVENT_VALID;
}

/* Only exceptions combine with another one. */
static enum virt_combination combine(u64 first, u8 second)
{
	if (!(first & EVENT_VALID) || EVENT_TYPE(first) != EVENT_EXCEPTION)
		return VIRT_SECOND_ALONE;
	return virt_combine(EVENT_VECTOR(first), second);
}

void svm_inject_exception(struct virt_vcpu *v, u8 vector, bool has_error, u32 error)
{
	struct svm_vcpu *x = svm_of(v);

	switch (combine(x->vmcb->event_inj, vector)) {
	case VIRT_SECOND_ALONE:
		event_set(x, EVENT_EXCEPTION, vector, has_error, error);
		break;
	case VIRT_DOUBLE_FAULT:
		event_set(x, EVENT_EXCEPTION, VECTOR_DF, true, 0);
		break;
	case VIRT_SHUTDOWN:
		x->todo |= TODO_FAULT;
		break;
	}
}

void svm_inject_irq(struct virt_vcpu *v, u8 vector)
{
	event_set(svm_of(v), EVENT_IRQ, vector, false, 0);
}

bool svm_irq_ready(struct virt_vcpu *v)
{
	const struct svm_vcpu *x = svm_of(v);
	const struct vmcb *b = x->vmcb;

	return !(b->event_inj & EVENT_VALID) && (b->rflags & RFLAGS_IF) &&
	       !(b->interrupt_state & INTERRUPT_SHADOW) && x->nmi != NMI_STEP;
}

/*
 * A virtual interrupt is pending whose delivery exits before it happens: at once when the guest
 * can take any interrupt, or when its task priority is below the threshold. While one instruction
 * is single-stepped there is none, or that instruction would never be executed.
 */
void svm_virq_update(struct svm_vcpu *x)
{
	struct vmcb *b = x->vmcb;
	bool on = (x->irq_window || x->tpr_threshold) && x->nmi != NMI_STEP;

	b->virq_priority = x->irq_window ? VIRQ_IGNORE_TPR | HIGHEST_PRIORITY : x->tpr_threshold;
	if (on == (b->virq_flags & VIRQ_PENDING))
		return;
	b->virq_flags ^= VIRQ_PENDING;
	svm_intercept(x, SVM_EXIT_VINTR, on);
}

void svm_irq_window(struct virt_vcpu *v, bool on)
{
	svm_of(v)->irq_window = on;
	svm_virq_update(svm_of(v));
}

void svm_tpr_threshold(struct virt_vcpu *v, u8 threshold)
{
	svm_of(v)->tpr_threshold = threshold;
	svm_virq_update(svm_of(v));
}

static __cold __attribute__((noinline)) void skip_unusual(struct virt_vcpu *v, unsigned len)
{
	struct svm_vcpu *x = svm_of(v);
	struct vmcb *b = x->vmcb;

	/* Outside of 64-bit code, RIP ends at 4 GiB. */
	if ((u32)b->rip < len && !svm_long_code(x))
		b->rip = (u32)b->rip;
	b->interrupt_state &= ~INTERRUPT_SHADOW;
	if (x->nmi == NMI_STEP)
		svm_nmi_step_end(x, NMI_STEP_EMULATED);
	/* In single-step mode an emulated instruction ends with a trap like any other. */
	if (b->rflags & RFLAGS_TF) {
		b->dr6 |= DR6_BS;
		svm_dirty(x, CLEAN_DRX);
		svm_inject_exception(v, VECTOR_DB, false, 0);
	}
}

void svm_skip(struct virt_vcpu *v, unsigned len)
{
	struct vmcb *b = svm_of(v)->vmcb;

	b->rip += len;
	if (unlikely((b->interrupt_state & INTERRUPT_SHADOW) | (b->rflags & RFLAGS_TF)) ||
	    unlikely((u32)b->rip < len))
		skip_unusual(v, len);
}

/*
 * The interrupted delivery starts over. INT n, INT3 and INTO are executed again instead: RIP is
 * still at them.
 */
void svm_event_requeue(struct svm_vcpu *x)
{
	u64 info = x->vmcb->exit_int_info;
	u8 vector = EVENT_VECTOR(info);

	if (likely(!(info & EVENT_VALID)) || EVENT_TYPE(info) == EVENT_SOFTWARE)
		return;
	if (EVENT_TYPE(info) == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF))
		return;
	x->vmcb->event_inj = info;
}
