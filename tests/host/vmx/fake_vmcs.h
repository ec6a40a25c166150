/* SPDX-License-Identifier: BSD-2-Clause */
/* A VMCS in an array, and one vCPU whose VMCS it is. */
#ifndef TESTS_HOST_VMX_FAKE_VMCS_H
#define TESTS_HOST_VMX_FAKE_VMCS_H

#include "arch/x86/vmx/vmx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Natural-width, 32-bit, 64-bit and 16-bit fields all have encodings below this. */
#define FAKE_FIELDS 0x7000
extern u64 fake_vmcs[FAKE_FIELDS];

extern struct vmx_vcpu fake_x;
extern struct virt_vcpu fake_v;

/* All fields 0, a loaded vCPU, capabilities of a processor that has everything. */
int fake_setup(void **state);

/* Capability MSRs of such a processor: required bits as Bochs has them. */
struct vmx_msrs fake_msrs(void);

#endif
