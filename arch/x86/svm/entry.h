/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly and C agree on: the first fields of struct svm_vcpu and some of the VMCB's,
 * checked in svm.h. */
#ifndef ARCH_X86_SVM_ENTRY_H
#define ARCH_X86_SVM_ENTRY_H

#include "arch/x86/virt_entry.h"

#define SVM_OFFSET_VMCB 0
#define SVM_OFFSET_TODO 8
/* VIRT_OFFSET_SPEC is 16 */
#define SVM_OFFSET_VMCB_PA 32
#define SVM_OFFSET_HOST_PA 40
#define SVM_OFFSET_TPR 48

#define VMCB_OFFSET_TPR 0x60
#define VMCB_OFFSET_RAX 0x5f8

#endif
