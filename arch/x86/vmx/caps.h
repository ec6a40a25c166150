/* SPDX-License-Identifier: BSD-2-Clause */
/* What this processor's VT-x offers, and which controls follow from it. */
#ifndef ARCH_X86_VMX_CAPS_H
#define ARCH_X86_VMX_CAPS_H

#include "arch/x86/virt.h"

/* Exits in a row that are handled without returning from enter(). */
#define VMX_FAST_EXITS 16

/* The capability MSRs as read; the five control MSRs hold the bits that must be 1 in
 * their low half and those that may be 1 in their high half. */
struct vmx_msrs {
	u64 basic;
	u64 pin, proc, proc2, exit, entry;
	u64 misc;
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	u64 ept_vpid;
};

/* Values of the control fields for a vCPU. */
struct vmx_controls {
	u32 pin, proc, proc2, exit, entry;
};

struct vmx_caps {
	struct vmx_msrs msrs;
	u32 revision;
	unsigned timer_shift; /* the preemption timer counts TSC >> this */
	u32 fast_exits;       /* in a row that need no new deadline */
	bool vpid;
	bool invept_single;
	struct vmx_controls available; /* everything wanted that this processor has */
};

/* The boot processor's; valid after vmx_check(). */
extern struct vmx_caps vmx_caps;

/* Read the capability MSRs of this CPU. Those that do not exist read as 0. */
void vmx_msrs_read(struct vmx_msrs *m);

/*
 * From the MSRs to controls and to what the core is told. Pure.
 * ERR_UNSUPPORTED: `why` names what is missing and what to do.
 */
int __must_check vmx_caps_resolve(const struct vmx_msrs *m, struct vmx_caps *vc,
				  struct virt_caps *caps, char *why, size_t size);

/* Controls of a new vCPU: what is available less what the core turned off in caps. Pure.
 * has_vapic: the vCPU has a virtual-APIC page. */
void vmx_controls_choose(const struct vmx_caps *vc, const struct virt_caps *caps, bool has_vapic,
			 struct vmx_controls *c);

/* Whether IA32_FEATURE_CONTROL allows VMXON, or leaves it open; else `why` says what to do. */
int __must_check vmx_feature_control_check(u64 value, char *why, size_t size);

#endif
