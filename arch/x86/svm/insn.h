/* SPDX-License-Identifier: BSD-2-Clause */
/* The SVM instructions that C needs (APM vol. 3); the others are in entry.S. */
#ifndef ARCH_X86_SVM_INSN_H
#define ARCH_X86_SVM_INSN_H

#include "kernel/lib/types.h"

/* Store FS, GS, TR, LDTR and the MSRs of system calls to a VMCB. */
static inline void vmsave(hpa_t vmcb)
{
#ifndef HANOK_HOST
	__asm__ volatile("vmsave %0" ::"a"(vmcb.v) : "memory");
#else
	(void)vmcb;
#endif
}

#endif
