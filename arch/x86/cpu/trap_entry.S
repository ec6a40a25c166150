/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stub per vector: makes the stack the same for all vectors, then the
 * common part, of exceptions or of interrupts, saves registers. GS and FS base are always the core's
 * own, since nothing runs in ring 3.
 */
#include "arch/x86/cpu/trap.h"

/* Vectors with an error code: 8, 10 to 14, 17, 21, 29, 30. */
#define HAS_ERROR 0x60227d00

	.section .text
	.balign TRAP_STUB_SIZE
	.globl trap_stubs
trap_stubs:
	.set .Lvector, 0
	.rept 256
	.balign TRAP_STUB_SIZE
	.if .Lvector >= 32 || ((HAS_ERROR >> (.Lvector & 31)) & 1) == 0
	push $0
	.endif
	push $.Lvector
	.if .Lvector >= TRAP_EXCEPTIONS
	jmp irq_common
	.else
	jmp trap_common
	.endif
	.set .Lvector, .Lvector + 1
	.endr

	.type trap_common, @function
trap_common:
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	call trap_dispatch
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rbp
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rbx
	pop %rax
	add $16, %rsp
	iretq
	.size trap_common, . - trap_common

/* An interrupt: nobody looks at its frame, so only what C may change is saved. */
	.type irq_common, @function
irq_common:
	.irp r, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	push %\r
	.endr
	cld
	mov 72(%rsp), %edi		/* the vector */
	call irq_dispatch
	.irp r, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
	pop %\r
	.endr
	add $16, %rsp
	iretq
	.size irq_common, . - irq_common

	.section .note.GNU-stack, "", @progbits
