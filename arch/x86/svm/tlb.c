/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cached translations (APM vol. 2, 15.16 and 15.25).
 *
 * The TLB tags everything that it caches for a guest by its ASID: translations of linear
 * addresses, already combined with the nested ones, and nested ones alone. So flushing either
 * kind is the same: no entry with this vCPU's ASID may be used any more.
 *
 * Every processor hands out ASIDs in order. A number is never given twice without a flush of
 * the whole TLB in between: when all are used up, a new generation starts, with
 * TLB_FLUSH_ALL at the entry that starts it. A vCPU whose number is of an older
 * generation, or of another processor, takes a new one: the number may be somebody else's by now,
 * and entries from an earlier stay on this processor may be stale. Only the loaded vCPU is
 * entered, so comparing generations when it is loaded is enough.
 *
 * A vCPU whose number is valid is flushed by TLB_FLUSH_ASID where that is offered, else by
 * taking the next number. Flushes are due
 *	- when nested tables lost something: tlb_flush_vm(); translations that were not there
 *	  before are not cached (5.5), so mapping needs none;
 *	- when the VM has another nested root;
 *	- when software writes what hardware would flush for: CR3, CR0.PG, CR4, EFER (5.5).
 *	  VMRUN does not compare them with what it had (15.16).
 * What the guest does itself (INVLPG, MOV CR3) is not intercepted and works on its ASID.
 */
#include "arch/x86/svm/svm.h"

void svm_tlb_flush_vm(struct virt_vm *vm)
{
	for (struct svm_vcpu *x = svm_vm_of(vm)->vcpus; x; x = x->next)
		__atomic_fetch_or(&x->requests, (u32)TODO_FLUSH, __ATOMIC_SEQ_CST);
}

void svm_tlb_flush_vcpu(struct virt_vcpu *v)
{
	svm_of(v)->todo |= TODO_FLUSH;
}

void svm_tlb_prepare(struct svm_vcpu *x, u32 todo)
{
	struct svm_cpu *c = &percpu(svm_cpu);

	if (svm_caps.flush_asid && !(todo & TODO_ASID)) {
		x->vmcb->tlb_control = TLB_FLUSH_ASID;
		return;
	}
	if (c->asid_next >= svm_caps.asids) {
		c->asid_next = 1;
		c->asid_generation++;
		x->vmcb->tlb_control = TLB_FLUSH_ALL;
	}
	x->asid_generation = c->asid_generation;
	x->vmcb->asid = c->asid_next++;
	svm_dirty(x, CLEAN_ASID);
}
