/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest 32-bit Multiboot kernel: says which boot magic it got. */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 0, -0x1badb002
	.section .text.start, "ax"
	.globl start
start:
	movl $good, %esi
	cmpl $0x2badb002, %eax
	je 1f
	movl $bad, %esi
1:	movw $0x3f8, %dx
2:	lodsb
	testb %al, %al
	jz 3f
	outb %al, %dx
	jmp 2b
3:	cli
	hlt
	jmp 3b
	.section .rodata
good:	.asciz "HELLO32 done\r\n"
bad:	.asciz "HELLO32 wrong magic\r\n"
	.section .note.GNU-stack, "", @progbits
