/* SPDX-License-Identifier: BSD-2-Clause */
/* The core, so that one file is enough to boot from. */
	.section .rodata.core, "a"
	.balign 4096
	.globl core_image, core_image_size
core_image:
	.incbin "build/core.elf.stripped"
core_image_end:
	.balign 8
core_image_size:
	.quad core_image_end - core_image
	.section .note.GNU-stack, "", @progbits
