/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From real mode to the core, for the other processors. Copied to a page below
 * 1 MiB; smp_start.c fills the variables, whose order struct trampoline knows.
 * Everything is addressed relative to the page.
 */
	.section .rodata.trampoline, "a", @progbits
	.balign 16
	.globl trampoline_start, trampoline_end, trampoline_vars
#define REL(x) ((x) - trampoline_start)

	.code16
trampoline_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	movzwl %ax, %ebx
	shl $4, %ebx
	lgdtl REL(gdt_register)
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl *REL(far32)

	.code32
protected_mode:
	mov $0x10, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $0x20, %eax			/* CR4.PAE */
	mov %eax, %cr4
	mov REL(root)(%ebx), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx		/* EFER: LME, NXE */
	rdmsr
	or $0x900, %eax
	wrmsr
	mov $0x80010033, %eax		/* CR0: PG, WP, NE, ET, MP, PE */
	mov %eax, %cr0
	ljmp *REL(far64)(%ebx)

	.code64
long_mode:
	mov REL(cpu)(%rbx), %rsi
	mov %rsi, %rdx
	shr $32, %rdx
	mov %esi, %eax
	mov $0xc0000100, %ecx		/* FS base: stack protector */
	wrmsr
	inc %ecx			/* GS base */
	wrmsr
	mov 0x18(%rsi), %rsp		/* struct cpu: stack_top */
	xor %ebp, %ebp
	call *REL(entry)(%rbx)

	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 0x08: 32-bit code */
	.quad 0x00cf93000000ffff	/* 0x10: data */
	.quad 0x00af9b000000ffff	/* 0x18: 64-bit code */
trampoline_vars:
root:	.quad 0
cpu:	.quad 0
entry:	.quad 0
far32:	.long REL(protected_mode), 0x08
far64:	.long REL(long_mode), 0x18
gdt_register:
	.word 31
	.long REL(gdt)
trampoline_end:

	.section .note.GNU-stack, "", @progbits
