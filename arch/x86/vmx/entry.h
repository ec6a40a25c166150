/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly and C agree on: the first fields of struct vmx_vcpu, checked in vmx.h. */
#ifndef ARCH_X86_VMX_ENTRY_H
#define ARCH_X86_VMX_ENTRY_H

#include "arch/x86/virt_entry.h"

#define VMX_OFFSET_HOST_RSP 0
#define VMX_OFFSET_TODO 8

#define VMX_FIELD_HOST_RSP 0x6c14

/* The back end's own bit of struct virt_spec.flags: nothing but it is the fast way. */
#define VMX_LAUNCHED_BIT VIRT_SPEC_OWN_BIT
#define VMX_LAUNCHED 0x01 /* VMRESUME, not VMLAUNCH */

#endif
