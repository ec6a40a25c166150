/* SPDX-License-Identifier: BSD-2-Clause */
/* What both back ends do alike. */
#ifndef ARCH_X86_VIRT_COMMON_H
#define ARCH_X86_VIRT_COMMON_H

#include "arch/x86/virt.h"
#include "arch/x86/virt_entry.h"

/* Work-arounds around an entry, for virt_entry.h's assembly; at VIRT_OFFSET_SPEC in the back
 * end's structure of a vCPU. */
struct virt_spec {
	u32 flags; /* VIRT_SPEC_* */
	u32 verw_selector;
	u32 guest, host; /* IA32_SPEC_CTRL in and outside of the guest */
};
static_assert(offsetof(struct virt_spec, flags) == VIRT_SPEC_OFFSET_FLAGS, "assembly");
static_assert(offsetof(struct virt_spec, verw_selector) == VIRT_SPEC_OFFSET_VERW, "assembly");
static_assert(offsetof(struct virt_spec, guest) == VIRT_SPEC_OFFSET_GUEST, "assembly");
static_assert(offsetof(struct virt_spec, host) == VIRT_SPEC_OFFSET_HOST, "assembly");
static_assert(offsetof(struct virt_vcpu, gpr) == 0, "assembly");
static_assert(offsetof(struct virt_vcpu, backend) == VIRT_OFFSET_BACKEND, "assembly");

/* For a new vCPU. */
void virt_spec_init(struct virt_spec *s);
/* When it is loaded. passed: the guest writes IA32_SPEC_CTRL without an exit. */
void virt_spec_prepare(struct virt_spec *s, bool passed);
/* VIRT_SPEC_CTRL: bits that this processor does not have are dropped. */
void virt_spec_set(struct virt_spec *s, u64 value);

/* A vCPU of the VM with this id follows on this CPU, where the one of *last ran. */
void virt_vm_switch(u64 *last, u64 id);

/* DR0 to DR3, which stay in the processor while a vCPU is loaded. held: what the processor
 * holds, so that equal values need not be written. */
void virt_dr_save(u64 dr[4], u64 held[4]);
void virt_dr_load(const u64 dr[4], u64 held[4]);

/* FPU and extended registers, and XCR0. While they are moved XCR0 is the host's. */
void virt_fpu_save(void *area, u64 xcr0);
void virt_fpu_load(const void *area, u64 xcr0);
void *virt_fpu_alloc(void);
void virt_fpu_free(void *area);

/* Give the registers of virt.h the values of RESET or INIT, by the back end's own get_reg(),
 * set_reg() and set_seg(), and clear the general-purpose registers. */
void virt_reset_registers(struct virt_vcpu *v, const struct virt_ops *ops, bool init);

#endif
