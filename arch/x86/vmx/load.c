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

/* --- debug registers: in hardware from the first MOV DR on, which exits until then ----------- */

static void debug_watch(struct vmx_vcpu *x, bool on)
{
	x->controls.proc = (x->controls.proc & ~(u32)PROC_MOV_DR) | (on ? (u32)PROC_MOV_DR : 0);
	vmwrite(VMCS_PROC_CONTROLS, x->controls.proc);
	x->debug_live = !on;
}

/* Without a breakpoint nothing but MOV DR has use for them: they stay in memory next time. */
static __attribute__((noinline)) void debug_save(struct vmx_vcpu *x, struct vmx_cpu *c)
{
	virt_dr_save(x->dr, c->dr);
	x->dr6 = c->dr6 = dr6_read();
	if (!(vmread(VMCS_GUEST_DR7) & DR7_ENABLED))
		debug_watch(x, true);
}

static __attribute__((noinline)) void debug_load(const struct vmx_vcpu *x, struct vmx_cpu *c)
{
	virt_dr_load(x->dr, c->dr);
	if (x->dr6 != c->dr6)
		dr6_write(x->dr6);
}

void vmx_debug_bring(struct vmx_vcpu *x)
{
	debug_watch(x, false);
	debug_load(x, &percpu(vmx_cpu));
}

u64 vmx_dr6_get(const struct vmx_vcpu *x)
{
	return x->loaded && x->debug_live ? dr6_read() : x->dr6;
}

void vmx_dr6_set(struct vmx_vcpu *x, u64 value)
{
	x->dr6 = value;
	if (x->loaded && x->debug_live)
		dr6_write(value);
}

/*
 * XCR0 is seen by, and matters to, a guest that has CR4.OSXSAVE only: others run with the host's,
 * so that all of the state can be moved without touching it. XMM registers are in use without it.
 */
static void xcr0_choose(struct vmx_vcpu *x)
{
	u64 host = xsave_host_xcr0(), before = x->hw_xcr0;

	x->hw_xcr0 = x->osxsave ? x->xcr0 : host;
	x->fpu_key = x->hw_xcr0 == host && xsave_form() ? xsave_form() : (u64)x;
	if (x->loaded && x->hw_xcr0 != before)
		xsetbv(x->hw_xcr0);
}

void vmx_xcr0_set(struct vmx_vcpu *x, u64 value)
{
	x->xcr0 = value;
	xcr0_choose(x);
}

void vmx_osxsave_set(struct vmx_vcpu *x, bool on)
{
	x->osxsave = on;
	xcr0_choose(x);
}

/* Translations cached on this processor by an earlier stay may be stale, the host state
 * is another; or all its VPIDs are others now. */
static __attribute__((noinline)) void processor_change(struct vmx_vcpu *x, const struct vmx_vm *vm)
{
	x->todo |= TODO_VPID;
	if (x->cpu == cpu_id())
		return;
	x->cpu = cpu_id();
	x->vpid_generation = 0; /* until it has been entered here */
	virt_spec_prepare(&x->spec, vm->spec_ctrl_passed);
	x->todo |= TODO_EPT;
	vmx_host_state_write();
}

static __attribute__((noinline)) void nested_root_change(struct vmx_vcpu *x,
							 const struct virt_vm *vm)
{
	x->nested_root = vm->nested_root.v;
	x->eptp = x->nested_root | EPT_POINTER_WB | EPT_POINTER_LEVELS(4);
	x->todo |= TODO_EPT;
	vmwrite(VMCS_EPT_POINTER, x->eptp);
}

/* --- all of it ------------------------------------------------------------------------------ */

static inline __attribute__((always_inline)) void state_load(struct virt_vcpu *v,
							     struct vmx_vcpu *x, struct vmx_cpu *c)
{
	BUG_ON(!vmptrld(&x->vmcs_at));
	c->current = x;
	x->loaded = true;
	if (unlikely(x->vpid_generation != c->vpid_generation))
		processor_change(x, vmx_vm_of(v->vm));
	if (unlikely(x->nested_root != v->vm->nested_root.v))
		nested_root_change(x, v->vm);
	virt_vm_switch(&c->last_vm, x->vm_id);
	kept_load(x, c);
	if (unlikely(x->debug_live))
		debug_load(x, c);
	cr2_write(x->cr2);
}

static inline __attribute__((always_inline)) void state_save(struct vmx_vcpu *x, struct vmx_cpu *c)
{
	x->cr2 = cr2_read();
	if (unlikely(x->debug_live))
		debug_save(x, c);
	kept_save(x, c);
	vmclear(&x->vmcs_at);
	x->spec.flags &= ~(u32)VMX_LAUNCHED;
	x->loaded = false;
}

void vmx_load(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	BUG_ON(c->current || x->loaded);
	state_load(v, x, c);
	virt_fpu_load(x->xsave, x->hw_xcr0);
}

void vmx_unload(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	BUG_ON(c->current != x);
	virt_fpu_save(x->xsave, x->hw_xcr0);
	state_save(x, c);
	c->current = NULL;
}

void vmx_swap(struct virt_vcpu *from, struct virt_vcpu *to)
{
	struct vmx_vcpu *old = vmx_of(from), *x = vmx_of(to);
	struct vmx_cpu *c = &percpu(vmx_cpu);

	if (likely(old->fpu_key == x->fpu_key)) {
		xsave_swap(old->fpu_key, old->xsave, x->xsave);
	} else {
		virt_fpu_save(old->xsave, old->hw_xcr0);
		virt_fpu_load(x->xsave, x->hw_xcr0);
	}
	state_save(old, c);
	state_load(to, x, c);
}
