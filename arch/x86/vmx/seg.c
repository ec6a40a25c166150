/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/vmx/vmx.h"

/* virt.h has AVL, L, D/B, G in bits 8 to 11, the VMCS in bits 12 to 15. */
u16 vmx_attr_from_rights(u32 rights)
{
	u16 attr = (u16)((rights & 0xff) | ((rights >> 4) & 0xf00));

	return rights & RIGHTS_UNUSABLE ? (u16)(attr & ~VIRT_SEG_P) : attr;
}

u32 vmx_rights_from_attr(u16 attr)
{
	u32 rights = (attr & 0xff) | (u32)(attr & 0xf00) << 4;

	return attr & VIRT_SEG_P ? rights : rights | (u32)RIGHTS_UNUSABLE;
}

void vmx_get_code(struct virt_vcpu *v, struct virt_code *code)
{
	(void)v;
	code->rip = vmread(VMCS_GUEST_RIP);
	code->cr3 = vmread(VMCS_GUEST_CR3);
	code->mode = vmread(VMCS_SEG(VMCS_GUEST_ES_RIGHTS, VIRT_CS)) & (BIT(13) | BIT(14));
	code->mode |= vmread(VMCS_ENTRY_CONTROLS) & ENTRY_IA32E;
	/* There is one way of paging in 64-bit code, and no base. */
	if (likely((code->mode & (BIT(13) | ENTRY_IA32E)) == (BIT(13) | ENTRY_IA32E)))
		return;
	code->rip = (u32)(code->rip + vmread(VMCS_SEG(VMCS_GUEST_ES_BASE, VIRT_CS)));
	code->mode |= vmread(VMCS_GUEST_CR0) & CR0_PG;
	code->mode |= (vmread(VMCS_GUEST_CR4) & (CR4_PAE | CR4_PSE)) << 32;
}

/* The DPL of SS (SDM vol. 3, 25.4.1). */
unsigned vmx_cpl(struct virt_vcpu *v)
{
	(void)v;
	return VIRT_SEG_DPL((u32)vmread(VMCS_SEG(VMCS_GUEST_ES_RIGHTS, VIRT_SS)));
}

bool vmx_long_code(void)
{
	u32 rights = (u32)vmread(VMCS_SEG(VMCS_GUEST_ES_RIGHTS, VIRT_CS));

	return (rights & BIT(13)) && (vmread(VMCS_ENTRY_CONTROLS) & ENTRY_IA32E);
}

static void table_get(enum virt_seg_name name, struct virt_seg *seg)
{
	bool gdt = name == VIRT_GDTR;

	*seg = (struct virt_seg){
	    .base = vmread(gdt ? VMCS_GUEST_GDTR_BASE : VMCS_GUEST_IDTR_BASE),
	    .limit = (u32)vmread(gdt ? VMCS_GUEST_GDTR_LIMIT : VMCS_GUEST_IDTR_LIMIT),
	};
}

static void table_set(enum virt_seg_name name, const struct virt_seg *seg)
{
	bool gdt = name == VIRT_GDTR;

	vmwrite(gdt ? VMCS_GUEST_GDTR_BASE : VMCS_GUEST_IDTR_BASE, seg->base);
	vmwrite(gdt ? VMCS_GUEST_GDTR_LIMIT : VMCS_GUEST_IDTR_LIMIT, seg->limit & 0xffff);
}

static void current_get(enum virt_seg_name name, struct virt_seg *seg)
{
	if (unlikely(name >= VIRT_GDTR)) {
		table_get(name, seg);
		return;
	}
	seg->selector = (u16)vmread(VMCS_SEG(VMCS_GUEST_ES_SELECTOR, name));
	seg->limit = (u32)vmread(VMCS_SEG(VMCS_GUEST_ES_LIMIT, name));
	seg->base = vmread(VMCS_SEG(VMCS_GUEST_ES_BASE, name));
	seg->attr = vmx_attr_from_rights((u32)vmread(VMCS_SEG(VMCS_GUEST_ES_RIGHTS, name)));
}

void vmx_get_seg(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (likely(x->loaded)) {
		current_get(name, seg);
		return;
	}
	vmx_borrow(x);
	current_get(name, seg);
	vmx_give_back(x);
}

void vmx_set_seg(struct virt_vcpu *v, enum virt_seg_name name, const struct virt_seg *seg)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (!x->loaded)
		vmx_borrow(x);
	if (name >= VIRT_GDTR) {
		table_set(name, seg);
	} else {
		vmwrite(VMCS_SEG(VMCS_GUEST_ES_SELECTOR, name), seg->selector);
		vmwrite(VMCS_SEG(VMCS_GUEST_ES_LIMIT, name), seg->limit);
		vmwrite(VMCS_SEG(VMCS_GUEST_ES_BASE, name), seg->base);
		vmwrite(VMCS_SEG(VMCS_GUEST_ES_RIGHTS, name), vmx_rights_from_attr(seg->attr));
	}
	if (!x->loaded)
		vmx_give_back(x);
}
