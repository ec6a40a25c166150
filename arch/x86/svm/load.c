/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU comes onto a processor and leaves it. Debug registers, TSC_AUX, FPU and XCR0 stay in
 * hardware in between; everything else is in its VMCB after each exit. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/svm/svm.h"

void svm_hardware_read(struct svm_cpu *c)
{
	virt_dr_save(c->dr, c->dr);
	if (cpu_features()->rdtscp)
		c->tsc_aux = rdmsr(MSR_IA32_TSC_AUX);
}

u64 svm_tsc_aux_get(const struct svm_vcpu *x)
{
	return x->loaded && cpu_features()->rdtscp ? rdmsr(MSR_IA32_TSC_AUX) : x->tsc_aux;
}

void svm_tsc_aux_set(struct svm_vcpu *x, u64 value)
{
	x->tsc_aux = value;
	if (x->loaded && cpu_features()->rdtscp)
		wrmsr(MSR_IA32_TSC_AUX, value);
}

/* XSETBV is intercepted, but not by QEMU's TCG: what the processor holds is what counts. */
u64 svm_xcr0_get(const struct svm_vcpu *x)
{
	return x->loaded && xsave_host_xcr0() ? xgetbv() : x->xcr0;
}

void svm_xcr0_set(struct svm_vcpu *x, u64 value)
{
	x->xcr0 = value;
	if (x->loaded && xsave_host_xcr0())
		xsetbv(value);
}

static void tsc_aux_load(const struct svm_vcpu *x, const struct svm_cpu *c)
{
	if (cpu_features()->rdtscp && x->tsc_aux != c->tsc_aux)
		wrmsr(MSR_IA32_TSC_AUX, x->tsc_aux);
}

/* Nothing of the VMCB is cached here, and its ASID means nothing: see tlb.c. */
static void processor_change(struct svm_vcpu *x, const struct svm_cpu *c)
{
	x->cpu = cpu_id();
	x->host_pa = virt_to_hpa(c->host).v;
	x->vmcb->clean = 0;
	x->todo |= TODO_ASID;
}

static void nested_root_update(struct svm_vcpu *x, const struct virt_vm *vm)
{
	if (x->vmcb->nested_cr3 == vm->nested_root.v)
		return;
	x->vmcb->nested_cr3 = vm->nested_root.v;
	svm_dirty(x, CLEAN_NESTED);
	x->todo |= TODO_FLUSH;
}

/* With a virtual IA32_SPEC_CTRL (APM vol. 2, 3.2.9) hardware swaps the two values. */
static void spec_ctrl_prepare(struct svm_vcpu *x, const struct virt_vm *vm)
{
	virt_spec_prepare(&x->spec, svm_vm_of(vm)->spec_ctrl_passed);
	if (svm_caps.spec_ctrl)
		x->spec.flags &= ~(u32)(VIRT_SPEC_SWAP | VIRT_SPEC_REWRITE);
}

void svm_load(struct virt_vcpu *v)
{
	struct svm_vcpu *x = svm_of(v);
	struct svm_cpu *c = &percpu(svm_cpu);

	BUG_ON(x->loaded || c->current);
	c->current = x;
	x->loaded = true;
	if (x->cpu != cpu_id())
		processor_change(x, c);
	else if (x->asid_generation != c->asid_generation)
		x->todo |= TODO_ASID;
	if (x->avic_entry)
		svm_avic_load(x);
	nested_root_update(x, v->vm);
	virt_vm_switch(&c->last_vm, svm_vm_of(v->vm)->id);
	spec_ctrl_prepare(x, v->vm);
	tsc_aux_load(x, c);
	virt_dr_load(x->dr, c->dr);
	virt_fpu_load(x->xsave, x->xcr0);
}

void svm_unload(struct virt_vcpu *v)
{
	struct svm_vcpu *x = svm_of(v);
	struct svm_cpu *c = &percpu(svm_cpu);

	BUG_ON(c->current != x);
	if (x->avic_entry)
		svm_avic_unload(x);
	x->xcr0 = svm_xcr0_get(x);
	x->tsc_aux = c->tsc_aux = svm_tsc_aux_get(x);
	virt_fpu_save(x->xsave, x->xcr0);
	virt_dr_save(x->dr, c->dr);
	x->loaded = false;
	c->current = NULL;
}

void svm_swap(struct virt_vcpu *from, struct virt_vcpu *to)
{
	svm_unload(from);
	svm_load(to);
}
