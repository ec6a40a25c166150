/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU with its VMCB, on a processor that has what the test says. */
#ifndef TESTS_HOST_SVM_FAKE_VMCB_H
#define TESTS_HOST_SVM_FAKE_VMCB_H

#include "arch/x86/svm/svm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#undef skip

extern struct vmcb fake_vmcb;
extern struct svm_vcpu fake_x;
extern struct virt_vcpu fake_v;
extern struct virt_vm fake_vm;
extern struct svm_vm fake_own;
extern struct virt_fast fake_fast;
extern unsigned fake_kicks;  /* interrupts sent to this processor itself */
extern unsigned fake_length; /* what virt_fast.insn_length() answers */
extern bool fake_fast_does;  /* what the fast handlers answer */
extern unsigned fake_fast_calls;
extern bool fake_attended; /* what virt_fast.attend() answers */

/* Everything 0, and a processor as QEMU's TCG is: nested paging, 16 ASIDs. */
int fake_setup(void **state);

struct svm_cpuid fake_cpuid_tcg(void);
struct svm_cpuid fake_cpuid_all(void);
void fake_processor(struct svm_cpuid c);

#endif
