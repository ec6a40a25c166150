/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's work-arounds around a VM entry, called by entry.S where
 * struct vmx_vcpu.flags asks for one. %rsi: the vCPU. Clobber %rax, %rcx, %rdx.
 */
#include "arch/x86/vmx/entry.h"

	.text
	.globl	vmx_before_entry, vmx_after_exit
	.type	vmx_before_entry, @function
	.type	vmx_after_exit, @function
vmx_before_entry:
	testb	$VMX_L1D_FLUSH, VMX_OFFSET_FLAGS(%rsi)
	jz	1f
	mov	$0x10b, %ecx			/* IA32_FLUSH_CMD.L1D_FLUSH */
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
1:	testb	$VMX_SPEC_CTRL, VMX_OFFSET_FLAGS(%rsi)
	jz	2f
	mov	$0x48, %ecx			/* IA32_SPEC_CTRL */
	mov	VMX_OFFSET_SPEC_GUEST(%rsi), %eax
	xor	%edx, %edx
	wrmsr
2:	testb	$VMX_VERW, VMX_OFFSET_FLAGS(%rsi)
	jz	3f
	verw	VMX_OFFSET_VERW(%rsi)		/* overwrites the buffers, last */
3:	ret

vmx_after_exit:
	testb	$VMX_SPEC_CTRL, VMX_OFFSET_FLAGS(%rsi)
	jz	1f
	mov	$0x48, %ecx
	mov	VMX_OFFSET_SPEC_HOST(%rsi), %eax
	xor	%edx, %edx
	wrmsr
1:	testb	$VMX_RSB_FILL, VMX_OFFSET_FLAGS(%rsi)
	jz	4f
	mov	$32, %ecx			/* entries of the return stack */
2:	call	3f
5:	lfence					/* reached by speculation only */
	jmp	5b
3:	dec	%ecx
	jnz	2b
	add	$(32 * 8), %rsp
	lfence
4:	ret

	.size	vmx_before_entry, . - vmx_before_entry
	.section .note.GNU-stack, "", @progbits
