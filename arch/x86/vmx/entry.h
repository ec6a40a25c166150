/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly and C agree on: the first fields of struct vmx_vcpu, checked in vmx.h. */
#ifndef ARCH_X86_VMX_ENTRY_H
#define ARCH_X86_VMX_ENTRY_H

#define VMX_OFFSET_HOST_RSP 0
#define VMX_OFFSET_TODO 8
#define VMX_OFFSET_FLAGS 16
#define VMX_OFFSET_VERW 20
#define VMX_OFFSET_SPEC_GUEST 24
#define VMX_OFFSET_SPEC_HOST 28
#define VIRT_OFFSET_BACKEND 0x98 /* in struct virt_vcpu */

#define VMX_FIELD_HOST_RSP 0x6c14

/* struct vmx_vcpu.flags: nothing but LAUNCHED is the fast way. */
#define VMX_LAUNCHED_BIT 0
#define VMX_LAUNCHED 0x01     /* VMRESUME, not VMLAUNCH */
#define VMX_L1D_FLUSH 0x02    /* before entry */
#define VMX_VERW 0x04         /* before entry */
#define VMX_SPEC_CTRL 0x08    /* guest's value before entry, host's after exit */
#define VMX_SPEC_REWRITE 0x10 /* host's value takes effect only by being written anew */

/* Return-stack entries overwritten after an exit: more than the calls that lead from the
 * scheduler's loop, which never returns, to vmx_enter(). */
#define VMX_RSB_ENTRIES 6

#endif
