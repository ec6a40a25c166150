/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bool vmx_guest_run(u64 gpr[VIRT_GPRS], struct vmx_vcpu *x)
 *
 * Enter the guest with its general-purpose registers and return after the VM
 * exit with them stored back (RSP is in the VMCS). True: VM entry failed with
 * CF or ZF, and the guest did not run.
 */
#include "arch/x86/vmx/entry.h"

	.text
	.globl	vmx_guest_run, vmx_guest_exit
	.type	vmx_guest_run, @function
	.type	vmx_guest_exit, @function
vmx_guest_run:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi
	push	%rdi
	cmp	%rsp, VMX_OFFSET_HOST_RSP(%rsi)
	jne	.Lnew_stack
.Lstack_known:
	testb	$VMX_BEFORE_ENTRY, VMX_OFFSET_FLAGS(%rsi)
	jnz	.Lbefore_entry
.Lmitigated:
	testb	$VMX_LAUNCHED, VMX_OFFSET_FLAGS(%rsi)	/* MOV keeps the flags */
	mov	0x00(%rdi), %rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x28(%rdi), %rbp
	mov	0x30(%rdi), %rsi
	mov	0x40(%rdi), %r8
	mov	0x48(%rdi), %r9
	mov	0x50(%rdi), %r10
	mov	0x58(%rdi), %r11
	mov	0x60(%rdi), %r12
	mov	0x68(%rdi), %r13
	mov	0x70(%rdi), %r14
	mov	0x78(%rdi), %r15
	mov	0x38(%rdi), %rdi
	jz	.Llaunch
	vmresume
	jmp	.Lfailed
.Llaunch:
	vmlaunch
.Lfailed:
	pop	%rdi
	pop	%rsi
	mov	$1, %eax
	jmp	.Lout

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
	mov	%r8, 0x40(%rdi)
	mov	%r9, 0x48(%rdi)
	mov	%r10, 0x50(%rdi)
	mov	%r11, 0x58(%rdi)
	mov	%r12, 0x60(%rdi)
	mov	%r13, 0x68(%rdi)
	mov	%r14, 0x70(%rdi)
	mov	%r15, 0x78(%rdi)
	pop	%rdi
	pop	%rsi
	.rept	VMX_RSB_ENTRIES		/* no return is predicted by the guest's calls */
	call	2f
1:	lfence
	jmp	1b
2:
	.endr
	add	$(8 * VMX_RSB_ENTRIES), %rsp
	lfence
	testb	$VMX_AFTER_EXIT, VMX_OFFSET_FLAGS(%rsi)
	jnz	.Lafter_exit
.Lclean:
	xor	%eax, %eax		/* nothing of the guest's is speculated on */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
.Lout:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

.Lnew_stack:
	mov	%rsp, VMX_OFFSET_HOST_RSP(%rsi)
	mov	$VMX_FIELD_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	jmp	.Lstack_known
.Lbefore_entry:
	call	vmx_before_entry
	jmp	.Lmitigated
.Lafter_exit:
	call	vmx_after_exit
	jmp	.Lclean

	.size	vmx_guest_run, . - vmx_guest_run
	.section .note.GNU-stack, "", @progbits
