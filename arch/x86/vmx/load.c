/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU comes onto a processor and leaves it. What the core has no use for stays in
 * the hardware's registers in between. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/vmx/vmx.h"

static const u32 kept_msrs[KEPT_MSRS] = {
    [KEPT_STAR] = MSR_IA32_STAR,
    [KEPT_LSTAR] = MSR_IA32_LSTAR,
    [KEPT_CSTAR] = MSR_IA32_CSTAR,
    [KEPT_SFMASK] = MSR_IA32_FMASK,
    [KEPT_KERNEL_GS_BASE] = MSR_IA32_KERNEL_GS_BASE,
    [KEPT_TSC_AUX] = MSR_IA32_TSC_AUX,
};

/* IA32_TSC_AUX, the last, exists with RDTSCP only. */
static unsigned kept_count(void)
{
	return cpu_features()->rdtscp ? KEPT_MSRS : KEPT_TSC_AUX;
}

void vmx_hardware_read(struct vmx_cpu *c)
{
	for (unsigned i = 0; i < kept_count(); i++)
		c->kept_msr[i] = rdmsr(kept_msrs[i]);
	c->dr[0] = dr0_read();
	c->dr[1] = dr1_read();
	c->dr[2] = dr2_read();
	c->dr[3] = dr3_read();
	c->dr6 = dr6_read();
}

u64 vmx_kept_get(struct vmx_vcpu *x, enum vmx_kept_msr msr)
{
	return x->loaded && msr < kept_count() ? rdmsr(kept_msrs[msr]) : x->kept_msr[msr];
}

void vmx_kept_set(struct vmx_vcpu *x, enum vmx_kept_msr msr, u64 value)
{
	x->kept_msr[msr] = value;
	if (x->loaded && msr < kept_count())
		wrmsr(kept_msrs[msr], value);
}

static void kept_save(struct vmx_vcpu *x, struct vmx_cpu *c)
{
	for (unsigned i = 0; i < kept_count(); i++)
		x->kept_msr[i] = c->kept_msr[i] = rdmsr(kept_msrs[i]);
}

static void kept_load(const struct vmx_vcpu *x, const struct vmx_cpu *c)
{
	for (unsigned i = 0; i < kept_count(); i++)
		if (x->kept_msr[i] != c->kept_msr[i])
			wrmsr(kept_msrs[i], x->kept_msr[i]);
}

static void debug_save(struct vmx_vcpu *x, struct vmx_cpu *c)
{
	x->dr[0] = c->dr[0] = dr0_read();
	x->dr[1] = c->dr[1] = dr1_read();
	x->dr[2] = c->dr[2] = dr2_read();
	x->dr[3] = c->dr[3] = dr3_read();
	x->dr6 = c->dr6 = dr6_read();
}

static void debug_load(const struct vmx_vcpu *x, const struct vmx_cpu *c)
{
	if (x->dr[0] != c->dr[0])
		dr0_write(x->dr[0]);
	if (x->dr[1] != c->dr[1])
		dr1_write(x->dr[1]);
	if (x->dr[2] != c->dr[2])
		dr2_write(x->dr[2]);
	if (x->dr[3] != c->dr[3])
		dr3_write(x->dr[3]);
	if (x->dr6 != c->dr6)
		dr6_write(x->dr6);
}

/* XCR0 while saving and restoring is the host's, which covers all components. */
static void fpu_save(struct vmx_vcpu *x)
{
	u64 host = xsave_host_xcr0();

	if (host && x->xcr0 != host)
		xsetbv(host);
	xsave_save(x->xsave);
}

static void fpu_load(const struct vmx_vcpu *x)
{
	u64 host = xsave_host_xcr0();

	xsave_restore(x->xsave);
	if (host && x->xcr0 != host)
		xsetbv(x->xcr0);
}

void vmx_xcr0_set(struct vmx_vcpu *x, u64 value)
{
	x->xcr0 = value;
	if (x->loaded && xsave_host_xcr0())
		xsetbv(value);
}

/* Bits that this processor's IA32_SPEC_CTRL has: others would fault outside of the guest. */
static u64 spec_ctrl_bits(void)
{
	const struct cpu_features *f = cpu_features();

	return (f->spec_ctrl ? SPEC_CTRL_IBRS : 0) | (f->stibp ? SPEC_CTRL_STIBP : 0) |
	       (f->ssbd ? SPEC_CTRL_SSBD : 0);
}

void vmx_spec_ctrl_set(struct vmx_vcpu *x, u64 value)
{
	x->spec_guest = (u32)(value & spec_ctrl_bits());
}

/* A guest that cannot write the register runs with the host's value: that costs nothing
 * where the processor's IBRS is enhanced, and elsewhere only the host's own write. */
static void spec_ctrl_prepare(struct vmx_vcpu *x, const struct virt_vm *vm)
{
	const struct cpu_mitigations *m = cpu_mitigations();
	bool passed = vmx_vm_of(vm)->spec_ctrl_passed;

	x->flags &= ~(u32)(VMX_SPEC_CTRL | VMX_SPEC_REWRITE);
	if (!passed)
		x->spec_guest = x->spec_host;
	if (m->spec_ctrl && (passed || m->ibrs_exit))
		x->flags |= VMX_SPEC_CTRL;
	if (m->ibrs_exit)
		x->flags |= VMX_SPEC_REWRITE;
}

/* Translations cached on this processor by an earlier stay may be stale, the host state
 * is another. */
static void processor_change(struct vmx_vcpu *x)
{
	x->cpu = cpu_id();
	x->todo |= TODO_VPID | TODO_EPT;
	vmx_host_state_write();
}

static void nested_root_update(struct vmx_vcpu *x, const struct virt_vm *vm)
{
	u64 eptp = vm->nested_root.v | EPT_POINTER_WB | EPT_POINTER_LEVELS(4);

	if (x->eptp == eptp)
		return;
	x->eptp = eptp;
	x->todo |= TODO_EPT;
	vmwrite(VMCS_EPT_POINTER, eptp);
}

static void vm_change(struct vmx_cpu *c, const struct virt_vm *vm)
{
	if (c->last_vm == vmx_vm_of(vm)->id)
		return;
	if (cpu_mitigations()->ibpb_switch && c->last_vm)
		wrmsr(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	c->last_vm = vmx_vm_of(vm)->id;
}

void vmx_load(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	BUG_ON(x->loaded || c->current);
	BUG_ON(!vmptrld(virt_to_hpa(x->vmcs)));
	c->current = x;
	x->loaded = true;
	if (x->cpu != cpu_id())
		processor_change(x);
	else if (x->vpid_generation != c->vpid_generation)
		x->todo |= TODO_VPID;
	nested_root_update(x, v->vm);
	vm_change(c, v->vm);
	spec_ctrl_prepare(x, v->vm);
	kept_load(x, c);
	debug_load(x, c);
	cr2_write(x->cr2);
	fpu_load(x);
}

void vmx_unload(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	BUG_ON(c->current != x);
	fpu_save(x);
	x->cr2 = cr2_read();
	debug_save(x, c);
	kept_save(x, c);
	vmclear(virt_to_hpa(x->vmcs));
	x->flags &= ~(u32)VMX_LAUNCHED;
	x->loaded = false;
	c->current = NULL;
}
