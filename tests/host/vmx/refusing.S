/* SPDX-License-Identifier: BSD-2-Clause */
/* The real way into the guest, on a processor that refuses every entry. IA32_SPEC_CTRL is a
 * variable, and the only MSR. */
#define vmresume nop
#define vmlaunch nop
#define vmwrite no_vmwrite
#define verw no_verw
#define wrmsr call fake_wrmsr
#define rdmsr call fake_rdmsr
	.macro	no_vmwrite value, field
	.endm
	.macro	no_verw selector
	.endm
	.text
fake_wrmsr:
	mov	%eax, fake_spec_ctrl(%rip)
	ret
fake_rdmsr:
	mov	fake_spec_ctrl(%rip), %eax
	ret
#include "arch/x86/virt_entry.S"
#include "arch/x86/vmx/entry.S"
