/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly and C of both back ends agree on; checked in virt_common.h. */
#ifndef ARCH_X86_VIRT_ENTRY_H
#define ARCH_X86_VIRT_ENTRY_H

#define VIRT_OFFSET_BACKEND 0x98 /* in struct virt_vcpu */

/* struct virt_spec, and where a back end's vCPU has it. */
#define VIRT_OFFSET_SPEC 16
#define VIRT_SPEC_OFFSET_FLAGS 0
#define VIRT_SPEC_OFFSET_VERW 4
#define VIRT_SPEC_OFFSET_GUEST 8
#define VIRT_SPEC_OFFSET_HOST 12

#define VIRT_OFFSET_FLAGS (VIRT_OFFSET_SPEC + VIRT_SPEC_OFFSET_FLAGS)
#define VIRT_OFFSET_VERW (VIRT_OFFSET_SPEC + VIRT_SPEC_OFFSET_VERW)
#define VIRT_OFFSET_SPEC_GUEST (VIRT_OFFSET_SPEC + VIRT_SPEC_OFFSET_GUEST)
#define VIRT_OFFSET_SPEC_HOST (VIRT_OFFSET_SPEC + VIRT_SPEC_OFFSET_HOST)

#define VIRT_SPEC_OWN_BIT 0      /* bit 0: the back end's own */
#define VIRT_SPEC_L1D_FLUSH 0x02 /* before entry */
#define VIRT_SPEC_VERW 0x04      /* before entry */
#define VIRT_SPEC_SWAP 0x08      /* guest's SPEC_CTRL before entry, host's after exit */
#define VIRT_SPEC_REWRITE 0x10   /* host's value takes effect only by being written anew */

/* Return-stack entries overwritten after an exit: more than the calls that lead from the
 * scheduler's loop, which never returns, to the entry. */
#define VIRT_RSB_ENTRIES 6

#ifdef __ASSEMBLY__
/* clang-format off */
	.macro	fill_rsb		/* no return is predicted by the guest's calls */
	.rept	VIRT_RSB_ENTRIES
	call	2f
1:	lfence
	jmp	1b
2:
	.endr
	add	$(8 * VIRT_RSB_ENTRIES), %rsp
	lfence
	.endm
/* clang-format on */
#endif

#endif
