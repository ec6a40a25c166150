/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/virt_common.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/mm/pages.h"

void virt_spec_init(struct virt_spec *s)
{
	const struct cpu_mitigations *m = cpu_mitigations();

	s->flags = (m->l1d_flush ? VIRT_SPEC_L1D_FLUSH : 0) | (m->verw ? VIRT_SPEC_VERW : 0);
	s->host = (u32)m->host_spec_ctrl;
	__asm__ volatile("mov %%ss, %0" : "=r"(s->verw_selector));
}

/* A guest that cannot write the register runs with the host's value: that costs nothing
 * where the processor's IBRS is enhanced, and elsewhere only the host's own write. */
void virt_spec_prepare(struct virt_spec *s, bool passed)
{
	const struct cpu_mitigations *m = cpu_mitigations();

	s->flags &= ~(u32)(VIRT_SPEC_SWAP | VIRT_SPEC_REWRITE);
	if (!passed)
		s->guest = s->host;
	if (m->spec_ctrl && (passed || m->ibrs_exit))
		s->flags |= VIRT_SPEC_SWAP;
	if (m->ibrs_exit)
		s->flags |= VIRT_SPEC_REWRITE;
}

/* Bits that this processor's IA32_SPEC_CTRL has: others would fault outside of the guest. */
static u64 spec_ctrl_bits(void)
{
	const struct cpu_features *f = cpu_features();

	return (f->spec_ctrl ? SPEC_CTRL_IBRS : 0) | (f->stibp ? SPEC_CTRL_STIBP : 0) |
	       (f->ssbd ? SPEC_CTRL_SSBD : 0);
}

void virt_spec_set(struct virt_spec *s, u64 value)
{
	s->guest = (u32)(value & spec_ctrl_bits());
}

void virt_vm_switch(u64 *last, u64 id)
{
	if (*last == id)
		return;
	if (cpu_mitigations()->ibpb_switch && *last)
		wrmsr(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	*last = id;
}

void virt_dr_save(u64 dr[4], u64 held[4])
{
	dr[0] = held[0] = dr0_read();
	dr[1] = held[1] = dr1_read();
	dr[2] = held[2] = dr2_read();
	dr[3] = held[3] = dr3_read();
}

void virt_dr_load(const u64 dr[4], u64 held[4])
{
	if (dr[0] != held[0])
		dr0_write(dr[0]);
	if (dr[1] != held[1])
		dr1_write(dr[1]);
	if (dr[2] != held[2])
		dr2_write(dr[2]);
	if (dr[3] != held[3])
		dr3_write(dr[3]);
}

/* The host's XCR0 covers all components. */
void virt_fpu_save(void *area, u64 xcr0)
{
	u64 host = xsave_host_xcr0();

	if (host && xcr0 != host)
		xsetbv(host);
	xsave_save(area);
}

void virt_fpu_load(const void *area, u64 xcr0)
{
	u64 host = xsave_host_xcr0();

	xsave_restore(area);
	if (host && xcr0 != host)
		xsetbv(xcr0);
}

static unsigned area_order(void)
{
	return pages_order(MAX(xsave_area_size(), (u32)XSAVE_AREA_MIN));
}

void *virt_fpu_alloc(void)
{
	return pages_alloc(area_order());
}

void virt_fpu_free(void *area)
{
	pages_free(area, area_order());
}

/* SDM vol. 3, table 10-1; APM vol. 2, table 14-1. */
#define PAT_RESET 0x0007040600070406ull
#define XCR0_RESET 1

static const struct virt_seg reset_segs[VIRT_SEGS] = {
    [VIRT_ES] = {0, 0xffff, 0, 0x93},   [VIRT_CS] = {0xffff0000, 0xffff, 0xf000, 0x9b},
    [VIRT_SS] = {0, 0xffff, 0, 0x93},   [VIRT_DS] = {0, 0xffff, 0, 0x93},
    [VIRT_FS] = {0, 0xffff, 0, 0x93},   [VIRT_GS] = {0, 0xffff, 0, 0x93},
    [VIRT_LDTR] = {0, 0xffff, 0, 0x82}, [VIRT_TR] = {0, 0xffff, 0, 0x8b},
    [VIRT_GDTR] = {0, 0xffff, 0, 0},    [VIRT_IDTR] = {0, 0xffff, 0, 0},
};

/* kept: INIT leaves it as it is, as it does the FPU. */
static const struct {
	enum virt_reg reg;
	u64 value;
	bool kept;
} reset_regs[] = {
    {VIRT_RIP, 0xfff0, false},
    {VIRT_RSP_REG, 0, false},
    {VIRT_RFLAGS, RFLAGS_FIXED, false},
    {VIRT_EFER, 0, false},
    {VIRT_CR2, 0, false},
    {VIRT_CR3, 0, false},
    {VIRT_CR4, 0, false},
    {VIRT_DR6, DR6_FIXED, false},
    {VIRT_DR7, DR7_FIXED, false},
    {VIRT_XCR0, XCR0_RESET, true},
    {VIRT_PAT, PAT_RESET, true},
    {VIRT_SYSENTER_CS, 0, true},
    {VIRT_SYSENTER_ESP, 0, true},
    {VIRT_SYSENTER_EIP, 0, true},
    {VIRT_STAR, 0, true},
    {VIRT_LSTAR, 0, true},
    {VIRT_CSTAR, 0, true},
    {VIRT_SFMASK, 0, true},
    {VIRT_KERNEL_GS_BASE, 0, true},
    {VIRT_TSC_AUX, 0, true},
    {VIRT_SPEC_CTRL, 0, true},
    {VIRT_PDPTE0, 0, false},
    {VIRT_PDPTE1, 0, false},
    {VIRT_PDPTE2, 0, false},
    {VIRT_PDPTE3, 0, false},
};

void virt_reset_registers(struct virt_vcpu *v, const struct virt_ops *ops, bool init)
{
	/* INIT also leaves the caches as they are. */
	u64 caching = init ? ops->get_reg(v, VIRT_CR0) & (CR0_CD | CR0_NW) : CR0_CD | CR0_NW;

	memset(v->gpr, 0, sizeof(v->gpr));
	for (size_t i = 0; i < ARRAY_SIZE(reset_regs); i++)
		if (!init || !reset_regs[i].kept)
			ops->set_reg(v, reset_regs[i].reg, reset_regs[i].value);
	ops->set_reg(v, VIRT_CR0, CR0_ET | caching);
	for (unsigned i = 0; i < VIRT_SEGS; i++)
		ops->set_seg(v, i, &reset_segs[i]);
}
