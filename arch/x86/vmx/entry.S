/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void vmx_enter(struct virt_vcpu *v, struct virt_exit *exit)
 *
 * Enter the guest. After the VM exit, its general-purpose registers stored (RSP is in the
 * VMCS), vmx_exit_fast(v, x) is asked whether it has done all there was, so that the guest,
 * or another one that is loaded by then, can be entered again: it returns which. Otherwise
 * control goes on in vmx_exit_translate(v, x, exit), which returns to the caller.
 */
#include "arch/x86/vmx/entry.h"

	.macro	load_guest		/* leaves the flags alone */
	mov	0x00(%rdi), %rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x28(%rdi), %rbp
	mov	0x30(%rdi), %rsi
	.irp	i, 8, 9, 10, 11, 12, 13, 14, 15
	mov	8 * \i(%rdi), %r\i
	.endr
	mov	0x38(%rdi), %rdi
	.endm
	.macro	load_host
	pop	%rdi
	pop	%rdx
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	.irp	r, r15, r14, r13, r12, rbx, rbp
	pop	%\r
	.endr
	.endm

	.text
	.globl	vmx_enter, vmx_guest_exit
	.type	vmx_enter, @function
	.type	vmx_guest_exit, @function
vmx_enter:
	.irp	r, rbp, rbx, r12, r13, r14, r15, rsi, rdi
	push	%\r
	.endr
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
.Lenter:
	cmpq	$0, VMX_OFFSET_TODO(%rsi)
	jne	.Lprepare
.Lprepared:
	cmp	%rsp, VMX_OFFSET_HOST_RSP(%rsi)
	jne	.Lnew_stack
.Lstack_known:
	cmpl	$VMX_LAUNCHED, VIRT_OFFSET_FLAGS(%rsi)
	jne	.Lmore_to_do
	load_guest
	vmresume
	jmp	.Lrefused

vmx_guest_exit:				/* HOST_RIP */
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, 0x00(%rdi)
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
	testb	$VIRT_SPEC_SWAP, VIRT_OFFSET_FLAGS(%rsi)
	jnz	.Lspec_ctrl
.Lspec_is_host:
	call	vmx_exit_fast		/* a call with its own return, so before the RSB's turn */
	test	%rax, %rax
	jz	.Ltranslate
	mov	%rax, %rdi
	mov	%rax, (%rsp)		/* who is loaded now */
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	jmp	.Lenter
.Ltranslate:
	fill_rsb
	load_host
	jmp	vmx_exit_translate

.Lprepare:				/* %rdi: v, %rsi: exit */
	mov	8(%rsp), %rsi
	call	vmx_prepare
	mov	(%rsp), %rdi
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	test	%al, %al
	jnz	.Lprepared
	fill_rsb
	load_host
	ret
.Lspec_ctrl:
	call	virt_after_exit
	jmp	.Lspec_is_host
.Lnew_stack:
	mov	%rsp, VMX_OFFSET_HOST_RSP(%rsi)
	mov	$VMX_FIELD_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	jmp	.Lstack_known
.Lmore_to_do:
	cmpl	$0, VIRT_OFFSET_FLAGS(%rsi)
	jne	.Lbefore_entry
	movl	$VMX_LAUNCHED, VIRT_OFFSET_FLAGS(%rsi)
	load_guest
	vmlaunch
	jmp	.Lrefused
.Lbefore_entry:
	call	virt_before_entry
	btsl	$VMX_LAUNCHED_BIT, VIRT_OFFSET_FLAGS(%rsi)
	load_guest
	jnc	.Llaunch
	vmresume
	jmp	.Lrefused
.Llaunch:
	vmlaunch
.Lrefused:				/* the guest's SPEC_CTRL may be in force */
	mov	(%rsp), %rdi
	mov	VIRT_OFFSET_BACKEND(%rdi), %rsi
	testb	$VIRT_SPEC_SWAP, VIRT_OFFSET_FLAGS(%rsi)
	jz	1f
	call	virt_after_exit
1:	load_host
	jmp	vmx_entry_refused

	.size	vmx_enter, . - vmx_enter
	.section .note.GNU-stack, "", @progbits
