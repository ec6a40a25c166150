/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest registers outside of struct virt_vcpu. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
#include "arch/x86/vmx/vmx.h"

#define APIC_TPR 0x80

/* How a register is reached: by its VMCS field, or in another way. SET_BY_FUNCTION: it is
 * read from its field, but more depends on it. */
enum access { BY_FIELD, SET_BY_FUNCTION, BY_KEPT_MSR, BY_FUNCTION };
static const struct reg_desc {
	u16 where; /* VMCS field, or enum vmx_kept_msr */
	u8 access;
} reg_descs[VIRT_REGS] = {
    [VIRT_RIP] = {VMCS_GUEST_RIP, BY_FIELD},
    [VIRT_RSP_REG] = {VMCS_GUEST_RSP, BY_FIELD},
    [VIRT_RFLAGS] = {VMCS_GUEST_RFLAGS, BY_FIELD},
    [VIRT_CR0] = {0, BY_FUNCTION},
    [VIRT_CR2] = {0, BY_FUNCTION},
    [VIRT_CR3] = {VMCS_GUEST_CR3, BY_FIELD},
    [VIRT_CR4] = {0, BY_FUNCTION},
    [VIRT_CR8] = {0, BY_FUNCTION},
    [VIRT_DR6] = {0, BY_FUNCTION},
    [VIRT_DR7] = {VMCS_GUEST_DR7, BY_FIELD},
    [VIRT_XCR0] = {0, BY_FUNCTION},
    [VIRT_EFER] = {VMCS_GUEST_EFER, SET_BY_FUNCTION},
    [VIRT_PAT] = {VMCS_GUEST_PAT, BY_FIELD},
    [VIRT_SYSENTER_CS] = {VMCS_GUEST_SYSENTER_CS, BY_FIELD},
    [VIRT_SYSENTER_ESP] = {VMCS_GUEST_SYSENTER_ESP, BY_FIELD},
    [VIRT_SYSENTER_EIP] = {VMCS_GUEST_SYSENTER_EIP, BY_FIELD},
    [VIRT_STAR] = {KEPT_STAR, BY_KEPT_MSR},
    [VIRT_LSTAR] = {KEPT_LSTAR, BY_KEPT_MSR},
    [VIRT_CSTAR] = {KEPT_CSTAR, BY_KEPT_MSR},
    [VIRT_SFMASK] = {KEPT_SFMASK, BY_KEPT_MSR},
    [VIRT_FS_BASE] = {VMCS_SEG(VMCS_GUEST_ES_BASE, VIRT_FS), BY_FIELD},
    [VIRT_GS_BASE] = {VMCS_SEG(VMCS_GUEST_ES_BASE, VIRT_GS), BY_FIELD},
    [VIRT_KERNEL_GS_BASE] = {KEPT_KERNEL_GS_BASE, BY_KEPT_MSR},
    [VIRT_TSC_AUX] = {KEPT_TSC_AUX, BY_KEPT_MSR},
    [VIRT_SPEC_CTRL] = {0, BY_FUNCTION},
    [VIRT_PDPTE0] = {VMCS_GUEST_PDPTE0, BY_FIELD},
    [VIRT_PDPTE1] = {VMCS_GUEST_PDPTE0 + 2, BY_FIELD},
    [VIRT_PDPTE2] = {VMCS_GUEST_PDPTE0 + 4, BY_FIELD},
    [VIRT_PDPTE3] = {VMCS_GUEST_PDPTE0 + 6, BY_FIELD},
};

static u64 function_get(struct vmx_vcpu *x, enum virt_reg reg)
{
	switch (reg) {
	case VIRT_CR0:
		return vmx_cr0_get();
	case VIRT_CR2:
		return x->loaded ? cr2_read() : x->cr2;
	case VIRT_CR4:
		return vmx_cr4_get();
	case VIRT_CR8:
		return x->vapic_page ? ((u8 *)x->vapic_page)[APIC_TPR] >> 4 : 0;
	case VIRT_DR6:
		return vmx_dr6_get(x);
	case VIRT_XCR0:
		return x->xcr0;
	case VIRT_SPEC_CTRL:
		return x->spec.guest;
	default:
		return 0;
	}
}

static void function_set(struct vmx_vcpu *x, enum virt_reg reg, u64 value)
{
	switch (reg) {
	case VIRT_CR0:
		vmx_cr0_set(x, value);
		break;
	case VIRT_CR2:
		x->cr2 = value;
		if (x->loaded)
			cr2_write(value);
		break;
	case VIRT_CR4:
		vmx_cr4_set(x, value);
		break;
	case VIRT_CR8:
		if (x->vapic_page)
			((u8 *)x->vapic_page)[APIC_TPR] = (u8)(value << 4);
		break;
	case VIRT_DR6:
		vmx_dr6_set(x, value);
		break;
	case VIRT_XCR0:
		vmx_xcr0_set(x, value);
		break;
	case VIRT_EFER:
		vmx_efer_set(x, value);
		break;
	case VIRT_SPEC_CTRL:
		virt_spec_set(&x->spec, value);
		break;
	default:
		break;
	}
}

static u64 current_get(struct vmx_vcpu *x, enum virt_reg reg)
{
	const struct reg_desc *d = &reg_descs[reg];

	if (d->access <= SET_BY_FUNCTION)
		return vmread(d->where);
	if (d->access == BY_KEPT_MSR)
		return vmx_kept_get(x, d->where);
	return function_get(x, reg);
}

static void current_set(struct vmx_vcpu *x, enum virt_reg reg, u64 value)
{
	const struct reg_desc *d = &reg_descs[reg];

	if (reg == VIRT_RFLAGS)
		value |= RFLAGS_FIXED;
	if (reg == VIRT_CR3)
		x->todo |= TODO_VPID;
	if (likely(d->access == BY_FIELD))
		vmwrite(d->where, value);
	else if (d->access == BY_KEPT_MSR)
		vmx_kept_set(x, d->where, value);
	else
		function_set(x, reg, value);
}

static __attribute__((noinline)) u64 get_unusual(struct vmx_vcpu *x, enum virt_reg reg)
{
	u64 value;

	if (x->loaded)
		return current_get(x, reg);
	vmx_borrow(x);
	value = current_get(x, reg);
	vmx_give_back(x);
	return value;
}

u64 vmx_get_reg(struct virt_vcpu *v, enum virt_reg reg)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (likely(x->loaded && reg_descs[reg].access <= SET_BY_FUNCTION))
		return vmread(reg_descs[reg].where);
	return get_unusual(x, reg);
}

void vmx_set_reg(struct virt_vcpu *v, enum virt_reg reg, u64 value)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (likely(x->loaded)) {
		current_set(x, reg, value);
		return;
	}
	vmx_borrow(x);
	current_set(x, reg, value);
	vmx_give_back(x);
}
