/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/cpu.h"
#include "vmm/exit/exit.h"

/* Fill in what depends on this vCPU rather than on the VM. */
static void cpuid_dynamic(struct vcpu *v, const struct cpuid_entry *e, struct cpuid_regs *r)
{
	if (e->leaf == 0x1) {
		r->ebx |= v->index << 24;
		if (virt->get_reg(&v->virt, VIRT_CR4) & CR4_OSXSAVE)
			r->ecx |= (u32)BIT(27);
	} else if (e->leaf == 0x7) {
		/* OSPKE mirrors CR4.PKE. */
		if (virt->get_reg(&v->virt, VIRT_CR4) & CR4_PKE)
			r->ecx |= (u32)BIT(4);
	} else if (e->leaf == 0xb) {
		r->edx = v->index;
	} else if (e->leaf == 0xd && e->subleaf <= 1) {
		/* EBX is the area's size for the XCR0 in force, which is the guest's. */
		r->ebx = cpuid(0xd, e->subleaf).ebx;
	}
}

static struct cpuid_regs cpuid_answer(struct vcpu *v, u32 leaf, u32 subleaf)
{
	const struct cpuid_entry *e = cpuid_policy_find(&v->vm->cpuid, leaf, subleaf);
	struct cpuid_regs r = {0};

	if (e) {
		r = e->regs;
		if (cpuid_entry_dynamic(e))
			cpuid_dynamic(v, e, &r);
	} else if (leaf == 0xb) {
		/* Levels beyond the last: ECX echoes the level, EDX is still the APIC ID. */
		r.ecx = subleaf & 0xff;
		r.edx = v->index;
	}
	return r;
}

static inline void set_regs(u64 *gpr, const struct cpuid_regs *r)
{
	gpr[VIRT_RAX] = r->eax;
	gpr[VIRT_RBX] = r->ebx;
	gpr[VIRT_RCX] = r->ecx;
	gpr[VIRT_RDX] = r->edx;
}

bool fast_cpuid(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);
	u32 leaf = (u32)vv->gpr[VIRT_RAX];
	const struct cpuid_regs *r;

	if (unlikely(leaf >= CPUID_DIRECT))
		return false;
	r = v->vm->cpuid.constant[leaf];
	if (unlikely(!r))
		return false;
	v->exits[VIRT_EXIT_CPUID]++;
	set_regs(vv->gpr, r);
	return true;
}

enum vcpu_next exit_cpuid(struct vcpu *v, const struct virt_exit *exit)
{
	u64 *gpr = v->virt.gpr;
	struct cpuid_regs r = cpuid_answer(v, (u32)gpr[VIRT_RAX], (u32)gpr[VIRT_RCX]);

	set_regs(gpr, &r);
	return exit_skip(v, exit);
}
