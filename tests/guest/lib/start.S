/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of a 64-bit test guest: Multiboot 1 header, the way from 32-bit protected mode to
 * long mode with the first 4 GiB mapped one to one, exception stubs, start of a second CPU. */
#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3 /* modules on page borders, memory map wanted */

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.code32
	.section .text.start, "ax"
	.globl start
start:
	movl $stack_top, %esp
	movl %eax, boot_magic
	movl %ebx, boot_info
	/* PML4[0] -> PDPT, PDPT[0..3] -> four page directories of 2 MiB pages. */
	movl $pdpt + 7, pml4
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $12, %eax
	addl $page_dirs + 7, %eax
	movl %eax, pdpt(,%ecx,8)
	incl %ecx
	cmpl $4, %ecx
	jne 1b
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $21, %eax
	orl $0x87, %eax
	movl %eax, page_dirs(,%ecx,8)
	incl %ecx
	cmpl $2048, %ecx
	jne 1b
	call enter_long_mode_tables
	ljmp $8, $start64

/* Paging on with the tables above; the caller jumps to 64-bit code. */
enter_long_mode_tables:
	movl %cr4, %eax
	orl $0x40620, %eax /* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
	movl %eax, %cr4
	movl $pml4, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80010001, %eax
	andl $0x9fffffff, %eax
	movl %eax, %cr0
	lgdt gdt_pointer
	ret

	.code64
start64:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack_top, %esp
	call traps_load
	call guest_main
1:	cli
	hlt
	jmp 1b

/* Copied to physical 0x8000: where SIPI 8 starts the second CPU, in real mode. */
	.code16
	.globl ap_start, ap_start_end
ap_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl (0x8000 + ap_gdt_pointer - ap_start)
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $24, $ap_start32
ap_gdt_pointer:
	.word gdt_end - gdt - 1
	.long gdt
ap_start_end:

	.code32
ap_start32:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %ss
	movl ap_stack, %esp
	call enter_long_mode_tables
	ljmp $8, $ap_start64
	.code64
ap_start64:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl ap_stack, %esp
	call traps_load
	call ap_main
1:	cli
	hlt
	jmp 1b

/* Stubs of vectors 0 to 255, 16 bytes each: vector on the stack, then the common part. */
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	/* Vectors for which the processor pushes an error code. */
	.if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21)
	.else
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

trap_common:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	movq %rsp, %rdi
	cld
	call trap_handler
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	.section .rodata
	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 8: 64-bit code */
	.quad 0x00cf93000000ffff /* 16: data */
	.quad 0x00cf9b000000ffff /* 24: 32-bit code */
gdt_end:
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.balign 4096
pml4:	.skip 4096
pdpt:	.skip 4096
page_dirs: .skip 4 * 4096
stack:	.skip 16384
stack_top:
	.globl boot_magic, boot_info, ap_stack
boot_magic: .skip 4
boot_info: .skip 4
ap_stack: .skip 4 /* top of the stack of the processor that starts next */

	.section .note.GNU-stack, "", @progbits
