/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR0, CR4 and EFER: what the guest sees, and what the VMCB holds.
 *
 * There are no masks as VT-x has them: a register is intercepted, or the guest works on the VMCB's
 * value. It differs from what the guest wrote in two places: caching stays enabled, and machine
 * checks stay enabled, for without CR4.MCE one would shut the processor down. While the guest
 * wants it otherwise, reads are intercepted as well.
 *
 * Writes of CR0 exit only when they change more than TS and MP. The processor itself keeps
 * EFER.LMA right, and with nested paging it reads the PAE page-directory pointers from memory
 * (APM vol. 2, 15.25).
 */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/svm/svm.h"

#define CR0_CACHE (CR0_CD | CR0_NW)

static void intercepts_update(struct svm_vcpu *x)
{
	struct vmcb *b = x->vmcb;
	u32 cr = INTERCEPT_CR_WRITE(4);

	if (x->cr0_cache)
		cr |= INTERCEPT_CR_READ(0) | INTERCEPT_CR_WRITE(0);
	if ((b->cr4 & CR4_MCE) != x->cr4_mce)
		cr |= INTERCEPT_CR_READ(4);
	if (cr == b->cr_intercepts)
		return;
	b->cr_intercepts = cr;
	svm_dirty(x, CLEAN_INTERCEPTS);
}

u64 svm_cr0_get(const struct svm_vcpu *x)
{
	return (x->vmcb->cr0 & ~CR0_CACHE) | x->cr0_cache;
}

u64 svm_cr4_get(const struct svm_vcpu *x)
{
	return (x->vmcb->cr4 & ~CR4_MCE) | x->cr4_mce;
}

/* LMA follows from EFER.LME and CR0.PG. SVME must be set and is hidden. */
static void long_mode_update(struct svm_vcpu *x, u64 efer, u64 cr0)
{
	efer &= ~EFER_LMA;
	if ((efer & EFER_LME) && (cr0 & CR0_PG))
		efer |= EFER_LMA;
	x->vmcb->efer = efer | EFER_SVME;
	x->vmcb->cr0 = cr0;
	x->todo |= TODO_FLUSH;
	svm_dirty(x, CLEAN_CRX);
}

void svm_cr0_set(struct svm_vcpu *x, u64 value)
{
	x->cr0_cache = value & CR0_CACHE;
	long_mode_update(x, x->vmcb->efer, (value & ~CR0_CACHE) | CR0_ET);
	intercepts_update(x);
}

void svm_cr4_set(struct svm_vcpu *x, u64 value)
{
	x->cr4_mce = value & CR4_MCE;
	x->vmcb->cr4 = value | (cr4_read() & CR4_MCE);
	x->todo |= TODO_FLUSH;
	svm_dirty(x, CLEAN_CRX);
	intercepts_update(x);
}

void svm_efer_set(struct svm_vcpu *x, u64 value)
{
	long_mode_update(x, value, x->vmcb->cr0);
}
