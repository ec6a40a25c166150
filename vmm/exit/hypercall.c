/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls as Linux makes them on KVM (Documentation/virt/kvm/x86/hypercalls.rst): number in
 * RAX, arguments in RBX, RCX, RDX and RSI, result in RAX. */
#include "vmm/exit/hypercall.h"
#include "arch/x86/cpu/cpu.h"
#include "vmm/exit/exit.h"
#include "vmm/vcpu/run.h"

_Static_assert(CONFIG_CPUS_MAX <= 64, "sets of APIC IDs are 64 bits wide");

/* Results: errors are negative numbers of these. */
#define KVM_EPERM 1
#define KVM_EINVAL 22
#define KVM_ENOSYS 1000

static struct vcpu *by_apic_id(const struct vm *vm, u64 id)
{
	return (u32)id < vm->cpus ? vm->vcpus[(u32)id] : NULL;
}

static s64 kick_cpu(struct vcpu *v, const u64 *gpr)
{
	struct vcpu *to = by_apic_id(v->vm, gpr[VIRT_RCX]);

	if (!to)
		return -KVM_EINVAL;
	pv_kick(v, to);
	return 0;
}

static s64 sched_yield(struct vcpu *v, const u64 *gpr)
{
	struct vcpu *to = by_apic_id(v->vm, gpr[VIRT_RBX]);

	if (to)
		pv_yield(v, to);
	return 0;
}

/* In 64-bit code the bitmap is 128 bits wide, else 64. */
static bool is_64_bit(struct vcpu *v)
{
	struct virt_seg cs;

	virt->get_seg(&v->virt, VIRT_CS, &cs);
	return (virt->get_reg(&v->virt, VIRT_EFER) & EFER_LMA) && (cs.attr & VIRT_SEG_L);
}

static s64 send_ipi(struct vcpu *v, const u64 *gpr)
{
	u64 low = gpr[VIRT_RBX], high = gpr[VIRT_RCX];
	int sent;

	if (!is_64_bit(v)) {
		low = (u32)low | high << 32;
		high = 0;
	}
	sent = vlapic_send_many(v->lapic, hypercall_ipi_targets(low, high, (u32)gpr[VIRT_RDX]),
				(u32)gpr[VIRT_RSI]);
	vcpu_look(v);
	return sent < 0 ? -KVM_EINVAL : sent;
}

struct hypercall {
	s64 (*fn)(struct vcpu *v, const u64 *gpr);
	u32 feature; /* KVM_FEATURE_* that the guest must have been told of */
};

/* By number. */
static const struct hypercall hypercalls[] = {
    [5] = {kick_cpu, KVM_FEATURE_PV_UNHALT},
    [10] = {send_ipi, KVM_FEATURE_PV_SEND_IPI},
    [11] = {sched_yield, KVM_FEATURE_PV_SCHED_YIELD},
};

static s64 call(struct vcpu *v, const struct hypercall *h)
{
	struct virt_seg ss;

	if (!(v->vm->kvm_features & h->feature))
		return -KVM_ENOSYS;
	virt->get_seg(&v->virt, VIRT_SS, &ss);
	if (VIRT_SEG_DPL(ss.attr)) /* not for a guest's user programs */
		return -KVM_EPERM;
	return h->fn(v, v->virt.gpr);
}

/* On its own, so that a number which is not known costs nothing of it. */
static __attribute__((noinline)) bool known(struct vcpu *v, u32 number)
{
	v->virt.gpr[VIRT_RAX] = (u64)call(v, &hypercalls[number]);
	vcpu_has_woken(v);
	return true;
}

bool fast_hypercall(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);
	u32 number = (u32)vv->gpr[VIRT_RAX];

	v->exits[VIRT_EXIT_HYPERCALL]++;
	if (number < ARRAY_SIZE(hypercalls) && hypercalls[number].fn)
		return known(v, number);
	vv->gpr[VIRT_RAX] = (u64)-KVM_ENOSYS;
	return true;
}
