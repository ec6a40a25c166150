/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU comes onto a processor and leaves it. What the core has no use for stays in
 * the hardware's registers in between. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
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

/*
 * Guests write all but IA32_KERNEL_GS_BASE, which SWAPGS changes, by an exit only, seldom enough:
 * so it is known what a vCPU and the hardware hold, and only that one has to be read.
 */
bool vmx_msr_is_known(u32 msr)
{
	for (unsigned i = 0; i < KEPT_MSRS; i++)
		if (kept_msrs[i] == msr)
			return i != KEPT_KERNEL_GS_BASE;
	return false;
}

void vmx_hardware_read(struct vmx_cpu *c)
{
	for (unsigned i = 0; i < kept_count(); i++)
		c->kept_msr[i] = rdmsr(kept_msrs[i]);
	virt_dr_save(c->dr, c->dr);
	c->dr6 = dr6_read();
}

u64 vmx_kept_get(struct vmx_vcpu *x, enum vmx_kept_msr msr)
{
	return x->loaded && msr == KEPT_KERNEL_GS_BASE ? rdmsr(kept_msrs[msr]) : x->kept_msr[msr];
}

void vmx_kept_set(struct vmx_vcpu *x, enum vmx_kept_msr msr, u64 value)
{
	x->kept_msr[msr] = value;
	if (!x->loaded || msr >= kept_count())
		return;
	wrmsr(kept_msrs[msr], value);
	percpu(vmx_cpu).kept_msr[msr] = value;
}

static void kept_save(struct vmx_vcpu *x, struct vmx_cpu *c)
{
	x->kept_msr[KEPT_KERNEL_GS_BASE] = c->kept_msr[KEPT_KERNEL_GS_BASE] =
	    rdmsr(MSR_IA32_KERNEL_GS_BASE);
}

static __attribute__((noinline)) void kept_write(const struct vmx_vcpu *x, struct vmx_cpu *c)
{
	for (unsigned i = 0; i < kept_count(); i++) {
		if (x->kept_msr[i] == c->kept_msr[i])
			continue;
		wrmsr(kept_msrs[i], x->kept_msr[i]);
		c->kept_msr[i] = x->kept_msr[i];
	}
}

static void kept_load(const struct vmx_vcpu *x, struct vmx_cpu *c)
{
	u64 differ = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < KEPT_MSRS; i++)
		differ |= x->kept_msr[i] ^ c->kept_msr[i];
	if (unlikely(differ))
		kept_write(x, c);
}

static void debug_save(struct vmx_vcpu *x, struct vmx_cpu *c)
{
	virt_dr_save(x->dr, c->dr);
	x->dr6 = c->dr6 = dr6_read();
}

static void debug_load(const struct vmx_vcpu *x, struct vmx_cpu *c)
{
	virt_dr_load(x->dr, c->dr);
	if (x->dr6 != c->dr6)
		dr6_write(x->dr6);
}

void vmx_xcr0_set(struct vmx_vcpu *x, u64 value)
{
	x->xcr0 = value;
	if (x->loaded && xsave_host_xcr0())
		xsetbv(value);
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

void vmx_load(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	BUG_ON(x->loaded || c->current);
	BUG_ON(!vmptrld(&x->vmcs_at));
	c->current = x;
	x->loaded = true;
	if (x->cpu != cpu_id())
		processor_change(x);
	else if (x->vpid_generation != c->vpid_generation)
		x->todo |= TODO_VPID;
	nested_root_update(x, v->vm);
	virt_vm_switch(&c->last_vm, vmx_vm_of(v->vm)->id);
	virt_spec_prepare(&x->spec, vmx_vm_of(v->vm)->spec_ctrl_passed);
	kept_load(x, c);
	debug_load(x, c);
	cr2_write(x->cr2);
	virt_fpu_load(x->xsave, x->xcr0);
}

void vmx_unload(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	BUG_ON(c->current != x);
	virt_fpu_save(x->xsave, x->xcr0);
	x->cr2 = cr2_read();
	debug_save(x, c);
	kept_save(x, c);
	vmclear(&x->vmcs_at);
	x->spec.flags &= ~(u32)VMX_LAUNCHED;
	x->loaded = false;
	c->current = NULL;
}
