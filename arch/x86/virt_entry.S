/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's work-arounds around a VM entry, for the back ends'
 * entry.S where struct virt_spec.flags asks for one. %rsi: the back end's vCPU.
 */
#include "arch/x86/virt_entry.h"

	.text
	.globl	virt_before_entry, virt_after_exit
	.type	virt_before_entry, @function
	.type	virt_after_exit, @function
virt_before_entry:			/* called; clobbers %rax, %rcx, %rdx */
	testb	$VIRT_SPEC_L1D_FLUSH, VIRT_OFFSET_FLAGS(%rsi)
	jz	1f
	mov	$0x10b, %ecx			/* IA32_FLUSH_CMD.L1D_FLUSH */
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
1:	testb	$VIRT_SPEC_SWAP, VIRT_OFFSET_FLAGS(%rsi)
	jz	2f
	mov	VIRT_OFFSET_SPEC_GUEST(%rsi), %eax
	cmp	VIRT_OFFSET_SPEC_HOST(%rsi), %eax
	je	2f
	mov	$0x48, %ecx			/* IA32_SPEC_CTRL */
	xor	%edx, %edx
	wrmsr
2:	testb	$VIRT_SPEC_VERW, VIRT_OFFSET_FLAGS(%rsi)
	jz	3f
	verw	VIRT_OFFSET_VERW(%rsi)		/* overwrites the buffers, last */
3:	ret

virt_after_exit:				/* the guest writes the register without an exit */
	mov	$0x48, %ecx
	rdmsr
	mov	%eax, VIRT_OFFSET_SPEC_GUEST(%rsi)
	testb	$VIRT_SPEC_REWRITE, VIRT_OFFSET_FLAGS(%rsi)
	jnz	1f
	cmp	VIRT_OFFSET_SPEC_HOST(%rsi), %eax
	je	2f
1:	mov	VIRT_OFFSET_SPEC_HOST(%rsi), %eax
	xor	%edx, %edx
	wrmsr
2:	ret

	.size	virt_before_entry, . - virt_before_entry
	.section .note.GNU-stack, "", @progbits
