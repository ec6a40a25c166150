/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions of the core itself (SDM vol. 3 ch. 6). */
#ifndef ARCH_X86_CPU_TRAP_H
#define ARCH_X86_CPU_TRAP_H

#define TRAP_NMI 2
#define TRAP_INVALID_OPCODE 6
#define TRAP_DOUBLE_FAULT 8
#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT 14
#define TRAP_MACHINE_CHECK 18
#define TRAP_EXCEPTIONS 32
#define TRAP_STUB_SIZE 16

#ifndef __ASSEMBLER__

#include "kernel/lib/types.h"

/* What trap_entry.S pushes, lowest address first. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector;
	u64 error; /* 0 where the processor pushes none */
	u64 rip, cs, rflags, rsp, ss;
};

/* Called by trap_entry.S for exceptions; for interrupts it calls irq_dispatch(). */
void trap_dispatch(struct trap_frame *frame);

/* An NMI has arrived: by the IDT, or as a VM exit. Stops here for ever when
 * a panic on another CPU sent it. */
void trap_nmi(void);

/* A machine check has happened: by the IDT, or as a VM exit. Reports the
 * banks and panics when the processor's state is lost. */
void trap_machine_check(void);

/* "#GP" and the like; "?" for a number without name. */
const char *trap_name(u64 vector);

#endif
#endif
