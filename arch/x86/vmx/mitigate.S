/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's work-arounds around a VM entry, for entry.S where
 * struct vmx_vcpu.flags asks for one. %rsi: the vCPU.
 */
#include "arch/x86/vmx/entry.h"

	.text
	.globl	vmx_before_entry, vmx_after_exit
	.type	vmx_before_entry, @function
	.type	vmx_after_exit, @function
vmx_before_entry:			/* called; clobbers %rax, %rcx, %rdx */
	testb	$VMX_L1D_FLUSH, VMX_OFFSET_FLAGS(%rsi)
	jz	1f
	mov	$0x10b, %ecx			/* IA32_FLUSH_CMD.L1D_FLUSH */
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
1:	testb	$VMX_SPEC_CTRL, VMX_OFFSET_FLAGS(%rsi)
	jz	2f
	mov	VMX_OFFSET_SPEC_GUEST(%rsi), %eax
	cmp	VMX_OFFSET_SPEC_HOST(%rsi), %eax
	je	2f
	mov	$0x48, %ecx			/* IA32_SPEC_CTRL */
	xor	%edx, %edx
	wrmsr
2:	testb	$VMX_VERW, VMX_OFFSET_FLAGS(%rsi)
	jz	3f
	verw	VMX_OFFSET_VERW(%rsi)		/* overwrites the buffers, last */
3:	ret

vmx_after_exit:				/* the guest writes the register without an exit */
	mov	$0x48, %ecx
	rdmsr
	mov	%eax, VMX_OFFSET_SPEC_GUEST(%rsi)
	testb	$VMX_SPEC_REWRITE, VMX_OFFSET_FLAGS(%rsi)
	jnz	1f
	cmp	VMX_OFFSET_SPEC_HOST(%rsi), %eax
	je	2f
1:	mov	VMX_OFFSET_SPEC_HOST(%rsi), %eax
	xor	%edx, %edx
	wrmsr
2:	ret

	.size	vmx_before_entry, . - vmx_before_entry
	.section .note.GNU-stack, "", @progbits
