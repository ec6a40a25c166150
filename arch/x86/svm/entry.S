/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void svm_enter(struct virt_vcpu *v, struct virt_exit *exit)
 *
 * Enter the guest (APM vol. 2, 15.5). After the exit, its general-purpose registers stored,
 * svm_exit_fast(v, x) is asked whether it has done all there was, so that the guest can be
 * entered again. Otherwise control goes on in svm_exit_translate(v, x, exit), which returns
 * to the caller.
 *
 * From CLGI to STGI nothing interrupts, not even an NMI: FS, GS and TR are the guest's. IF has
 * to be set when VMRUN is executed, or physical interrupts would not end the guest's turn
 * (15.21.1). It is off again before STGI, so that a pending interrupt waits for the core; a
 * pending NMI is taken right there, by the host's own handler.
 */
#include "arch/x86/svm/entry.h"

	.macro	load_host
	pop	%rdi
	pop	%rdx
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	.irp	r, r15, r14, r13, r12, rbx, rbp
	pop	%\r
	.endr
	.endm

	.text
	.globl	svm_enter
	.type	svm_enter, @function
svm_enter:
	.irp	r, rbp, rbx, r12, r13, r14, r15, rsi, rdi
	push	%\r
	.endr
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
.Lenter:
	cmpq	$0, SVM_OFFSET_TODO(%rsi)
	jne	.Lprepare
.Lprepared:
	mov	SVM_OFFSET_TPR(%rsi), %rdx	/* the task priority that the guest has as CR8 */
	movzbl	(%rdx), %ecx
	shr	$4, %ecx
	mov	SVM_OFFSET_VMCB(%rsi), %rdx
	mov	%cl, VMCB_OFFSET_TPR(%rdx)
	mov	0x00(%rdi), %rax
	mov	%rax, VMCB_OFFSET_RAX(%rdx)
	clgi
	sti
	cmpl	$0, VIRT_OFFSET_FLAGS(%rsi)
	jne	.Lbefore
.Lready:
	mov	SVM_OFFSET_VMCB_PA(%rsi), %rax
	vmload	%rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x28(%rdi), %rbp
	mov	0x30(%rdi), %rsi
	.irp	i, 8, 9, 10, 11, 12, 13, 14, 15
	mov	8 * \i(%rdi), %r\i
	.endr
	mov	0x38(%rdi), %rdi
	vmrun	%rax
	vmsave	%rax
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rcx, 0x08(%rdi)
	mov	%rdx, 0x10(%rdi)
	mov	%rbx, 0x18(%rdi)
	mov	%rbp, 0x28(%rdi)
	mov	%rsi, 0x30(%rdi)
	pop	0x38(%rdi)
	.irp	i, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\i, 8 * \i(%rdi)
	.endr
	.irp	i, 8, 9, 10, 11		/* nothing of the guest's is speculated on */
	xor	%r\i\()d, %r\i\()d
	.endr
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	mov	SVM_OFFSET_VMCB(%rsi), %rdx
	mov	VMCB_OFFSET_RAX(%rdx), %rax
	mov	%rax, 0x00(%rdi)
	mov	SVM_OFFSET_HOST_PA(%rsi), %rax
	vmload	%rax
	testb	$VIRT_SPEC_SWAP, VIRT_OFFSET_FLAGS(%rsi)
	jnz	.Lafter
.Lspec_is_host:
	cli
	stgi
	call	svm_exit_fast		/* a call with its own return, so before the RSB's turn */
	mov	(%rsp), %rdi
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	test	%al, %al
	jnz	.Lenter
	fill_rsb
	load_host
	jmp	svm_exit_translate

.Lprepare:				/* %rdi: v, %rsi: exit */
	mov	8(%rsp), %rsi
	call	svm_prepare
	mov	(%rsp), %rdi
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	test	%al, %al
	jnz	.Lprepared
	fill_rsb
	load_host
	ret
.Lbefore:
	call	virt_before_entry
	jmp	.Lready
.Lafter:
	call	virt_after_exit
	jmp	.Lspec_is_host

	.size	svm_enter, . - svm_enter
	.section .note.GNU-stack, "", @progbits
