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

enum vcpu_next exit_cpuid(struct vcpu *v, const struct virt_exit *exit)
{
	u64 *gpr = v->virt.gpr;
	u32 leaf = (u32)gpr[VIRT_RAX], subleaf = (u32)gpr[VIRT_RCX];
	const struct cpuid_entry *e = cpuid_policy_find(&v->vm->cpuid, leaf, subleaf);
	struct cpuid_regs r = {0};

	if (likely(e)) {
		r = e->regs;
		if ((e->leaf & 0xf) && e->leaf <= 0xd)
			cpuid_dynamic(v, e, &r);
	} else if (leaf == 0xb) {
		/* Levels beyond the last: ECX echoes the level, EDX is still the APIC ID. */
		r.ecx = subleaf & 0xff;
		r.edx = v->index;
	}
	gpr[VIRT_RAX] = r.eax;
	gpr[VIRT_RBX] = r.ebx;
	gpr[VIRT_RCX] = r.ecx;
	gpr[VIRT_RDX] = r.edx;
	return exit_skip(v, exit);
}
