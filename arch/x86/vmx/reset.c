/* SPDX-License-Identifier: BSD-2-Clause */
/* The state after RESET or INIT (SDM vol. 3, table 10-1). */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/vmx/vmx.h"

#define PAT_RESET 0x0007040600070406ull
#define DR6_RESET 0xffff0ff0
#define DR7_RESET 0x400
#define XCR0_RESET 1

static const struct virt_seg reset_segs[VIRT_SEGS] = {
    [VIRT_ES] = {0, 0xffff, 0, 0x93},   [VIRT_CS] = {0xffff0000, 0xffff, 0xf000, 0x9b},
    [VIRT_SS] = {0, 0xffff, 0, 0x93},   [VIRT_DS] = {0, 0xffff, 0, 0x93},
    [VIRT_FS] = {0, 0xffff, 0, 0x93},   [VIRT_GS] = {0, 0xffff, 0, 0x93},
    [VIRT_LDTR] = {0, 0xffff, 0, 0x82}, [VIRT_TR] = {0, 0xffff, 0, 0x8b},
    [VIRT_GDTR] = {0, 0xffff, 0, 0},    [VIRT_IDTR] = {0, 0xffff, 0, 0},
};

static const struct {
	enum virt_reg reg;
	u64 value;
} reset_regs[] = {
    {VIRT_RIP, 0xfff0},
    {VIRT_RSP_REG, 0},
    {VIRT_RFLAGS, RFLAGS_FIXED},
    {VIRT_EFER, 0},
    {VIRT_CR0, CR0_CD | CR0_NW | CR0_ET},
    {VIRT_CR2, 0},
    {VIRT_CR3, 0},
    {VIRT_CR4, 0},
    {VIRT_DR6, DR6_RESET},
    {VIRT_DR7, DR7_RESET},
    {VIRT_XCR0, XCR0_RESET},
    {VIRT_PAT, PAT_RESET},
    {VIRT_SYSENTER_CS, 0},
    {VIRT_SYSENTER_ESP, 0},
    {VIRT_SYSENTER_EIP, 0},
    {VIRT_STAR, 0},
    {VIRT_LSTAR, 0},
    {VIRT_CSTAR, 0},
    {VIRT_SFMASK, 0},
    {VIRT_KERNEL_GS_BASE, 0},
    {VIRT_TSC_AUX, 0},
    {VIRT_SPEC_CTRL, 0},
    {VIRT_PDPTE0, 0},
    {VIRT_PDPTE1, 0},
    {VIRT_PDPTE2, 0},
    {VIRT_PDPTE3, 0},
};

/* Guest state that virt.h has no name for. */
static void hidden_reset(struct vmx_vcpu *x)
{
	vmx_borrow(x);
	x->controls.proc &= ~(u32)(PROC_IRQ_WINDOW | PROC_NMI_WINDOW);
	vmwrite(VMCS_PROC_CONTROLS, x->controls.proc);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmwrite(VMCS_GUEST_ACTIVITY, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	if (x->controls.proc2 & PROC2_VIRQ_DELIVERY)
		vmwrite(VMCS_GUEST_INTERRUPT_STATUS, 0);
	vmx_give_back(x);
}

void vmx_vcpu_reset(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	bool loaded = x->loaded;

	/* Off the processor all state is in memory. */
	if (loaded)
		vmx_unload(v);
	memset(v->gpr, 0, sizeof(v->gpr));
	memset(x->dr, 0, sizeof(x->dr));
	xsave_area_init(x->xsave);
	x->event = (struct vmx_event){0};
	x->todo = TODO_VPID | TODO_EPT;
	hidden_reset(x);
	for (size_t i = 0; i < ARRAY_SIZE(reset_regs); i++)
		vmx_set_reg(v, reset_regs[i].reg, reset_regs[i].value);
	for (unsigned i = 0; i < VIRT_SEGS; i++)
		vmx_set_seg(v, i, &reset_segs[i]);
	if (loaded)
		vmx_load(v);
}
