/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core's first instructions, in the state that boot/handoff/handoff.h
 * describes: own stack, GS and FS base on the boot CPU's struct cpu, then C.
 */
	.section .text.entry, "ax", @progbits
	.globl core_entry
	.type core_entry, @function
core_entry:
	cli
	cld
	lea boot_stack_top(%rip), %rsp
	lea cpu_boot(%rip), %rax
	mov %rsp, 0x18(%rax)		/* struct cpu: stack_top */
	mov %rax, %rdx
	shr $32, %rdx
	mov $0xc0000100, %ecx		/* FS base */
	wrmsr
	inc %ecx			/* GS base */
	wrmsr
	xor %ebp, %ebp
	call boot_main
	ud2
	.size core_entry, . - core_entry

	.section .note.GNU-stack, "", @progbits
