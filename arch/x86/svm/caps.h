/* SPDX-License-Identifier: BSD-2-Clause */
/* What this processor's AMD-V offers (APM vol. 2, 15.4; vol. 3, CPUID 8000_000A). */
#ifndef ARCH_X86_SVM_CAPS_H
#define ARCH_X86_SVM_CAPS_H

#include "arch/x86/virt.h"

/* CPUID 8000_000A EDX */
#define SVM_FEATURE_NPT BIT(0)
#define SVM_FEATURE_LOCK BIT(2)
#define SVM_FEATURE_NRIP BIT(3)
#define SVM_FEATURE_TSC_RATE BIT(4)
#define SVM_FEATURE_CLEAN BIT(5)
#define SVM_FEATURE_FLUSH_ASID BIT(6)
#define SVM_FEATURE_DECODE BIT(7)
#define SVM_FEATURE_PAUSE_FILTER BIT(10)
#define SVM_FEATURE_PAUSE_THRESHOLD BIT(12)
#define SVM_FEATURE_AVIC BIT(13)
#define SVM_FEATURE_X2AVIC BIT(18)
#define SVM_FEATURE_SPEC_CTRL BIT(20)
#define SVM_FEATURE_VNMI BIT(25)

#define MSR_VM_CR 0xc0010114
#define VM_CR_LOCK BIT(3)
#define VM_CR_SVMDIS BIT(4)
#define MSR_VM_HSAVE_PA 0xc0010117

/* As read. */
struct svm_cpuid {
	u32 revision, asids, features;
};

struct svm_caps {
	struct svm_cpuid cpuid;
	u32 asids;       /* numbers that guests may have are 1 to asids - 1 */
	u32 clean;       /* VMCB clean bits to set, 0 where there are none */
	bool nrip;       /* the processor tells an instruction's length */
	bool decode;     /* and the register of a MOV CR, the segment of OUTS */
	bool flush_asid; /* TLB_FLUSH_ASID */
	bool vnmi;
	bool pause_threshold;
	bool spec_ctrl; /* hardware swaps IA32_SPEC_CTRL */
	bool avic;      /* in x2APIC mode */
};

/* The boot processor's; valid after svm_check(). */
extern struct svm_caps svm_caps;

void svm_cpuid_read(struct svm_cpuid *c);

/*
 * From CPUID to what the back end and the core use. Pure but for features of cpu_features().
 * ERR_UNSUPPORTED: `why` names what is missing and what to do.
 */
int __must_check svm_caps_resolve(const struct svm_cpuid *c, struct svm_caps *sc,
				  struct virt_caps *caps, char *why, size_t size);

/* Whether VM_CR allows EFER.SVME; else `why` says what to do. Pure. */
int __must_check svm_vm_cr_check(u64 vm_cr, const struct svm_cpuid *c, char *why, size_t size);

#endif
