/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_X86_SVM_OPS_H
#define ARCH_X86_SVM_OPS_H

#include "arch/x86/virt.h"

/* The AMD-V back end, for virt_init(). */
extern const struct virt_ops svm_ops;

#endif
