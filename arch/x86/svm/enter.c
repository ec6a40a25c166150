/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens on the way into a guest, besides entry.S. */
#include "arch/x86/svm/svm.h"

/* Never called, since caps.deadline is false: the host's timer interrupt ends guest mode. */
void svm_set_deadline(struct virt_vcpu *v, u64 tsc)
{
	(void)v;
	(void)tsc;
}

void svm_set_tsc_offset(struct virt_vcpu *v, u64 offset)
{
	struct svm_vcpu *x = svm_of(v);

	x->vmcb->tsc_offset = offset;
	svm_dirty(x, CLEAN_INTERCEPTS);
}

static __cold __attribute__((noinline)) void prepare_rare(struct svm_vcpu *x, u32 todo)
{
	if (todo & TODO_NMI)
		svm_nmi_prepare(x);
	if (todo & TODO_AVIC)
		svm_avic_enter(x);
}

bool svm_prepare(struct virt_vcpu *v, struct virt_exit *exit)
{
	struct svm_vcpu *x = svm_of(v);
	u32 todo = x->todo;

	if (todo & TODO_RETURN) {
		x->todo &= ~(u32)TODO_RETURN;
		exit->kind = VIRT_EXIT_HANDLED;
		exit->insn_len = 0;
		return false;
	}
	x->todo = 0;
	if (unlikely(x->requests))
		todo |= __atomic_exchange_n(&x->requests, 0, __ATOMIC_SEQ_CST);
	if (todo & (TODO_FLUSH | TODO_ASID))
		svm_tlb_prepare(x, todo);
	if (unlikely(todo & (TODO_NMI | TODO_AVIC)))
		prepare_rare(x, todo);
	if (likely(!(todo & TODO_FAULT)))
		return true;
	exit->kind = VIRT_EXIT_TRIPLE_FAULT;
	exit->insn_len = 0;
	return false;
}
