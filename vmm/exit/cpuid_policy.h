/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID tells a guest (SDM vol. 2, CPUID): for every leaf a mask of what the
 * host may show and bits that are set anyway, in one table; a leaf that is not in
 * the table reads as zeros. Default deny: a feature unknown to us is not shown.
 *
 * The answers are computed once per VM. What depends on the vCPU or on its
 * registers (APIC ID, OSXSAVE, the size of the XSAVE area) is filled in per exit.
 */
#ifndef VMM_EXIT_CPUID_POLICY_H
#define VMM_EXIT_CPUID_POLICY_H

#include "arch/x86/cpu/cpu.h"
#include "kernel/lib/err.h"

#define CPUID_LEAF_HYPERVISOR 0x40000000u
#define CPUID_LEAF_KVM_FEATURES 0x40000001u
#define CPUID_LEAF_TIMING 0x40000010u

/* Bits of leaf 0x40000001 (Linux, Documentation/virt/kvm/x86/cpuid.rst). */
#define KVM_FEATURE_CLOCKSOURCE BIT(0)
#define KVM_FEATURE_NOP_IO_DELAY BIT(1)
#define KVM_FEATURE_CLOCKSOURCE2 BIT(3)
#define KVM_FEATURE_STEAL_TIME BIT(5)
#define KVM_FEATURE_PV_EOI BIT(6)
#define KVM_FEATURE_PV_UNHALT BIT(7)
#define KVM_FEATURE_PV_TLB_FLUSH BIT(9)
#define KVM_FEATURE_PV_SEND_IPI BIT(11)
#define KVM_FEATURE_PV_SCHED_YIELD BIT(13)
#define KVM_FEATURE_CLOCKSOURCE_STABLE BIT(24)

/* What the policy depends on besides the processor. */
struct cpuid_facts {
	/* The processor's own answer; tests give a fake. */
	struct cpuid_regs (*host)(u32 leaf, u32 subleaf);
	u32 cpus;
	u64 xcr0; /* components the core can switch */
	u32 tsc_khz;
	u32 apic_khz; /* rate of the local APIC timer */
	u32 kvm_features;
	bool no_rdtscp, no_invpcid; /* the back end cannot let the guest use them */
};

#define CPUID_ANY_SUBLEAF 0xffffffffu
struct cpuid_entry {
	u32 leaf;
	u32 subleaf; /* CPUID_ANY_SUBLEAF where ECX is ignored */
	struct cpuid_regs regs;
};

/* Leaves 0 to 0x1f and 0x80000000 to 0x8000001f are found without a search. */
#define CPUID_DIRECT 0x20
struct cpuid_policy {
	struct cpuid_entry *entries; /* sorted by leaf, then subleaf */
	u32 count;
	/* The answer to a leaf that is the same for every vCPU and subleaf, or NULL. */
	const struct cpuid_regs *constant[CPUID_DIRECT];
	u8 basic[CPUID_DIRECT]; /* index + 1 of the leaf's first entry, 0: none */
	u8 extended[CPUID_DIRECT];
	u8 hypervisor;
};

int __must_check cpuid_policy_build(struct cpuid_policy *policy, const struct cpuid_facts *facts);
void cpuid_policy_destroy(struct cpuid_policy *policy);

/* The entry for (leaf, subleaf), or NULL: zeros. Out-of-range basic leaves answer as the
 * highest basic leaf, as Intel's processors do. */
const struct cpuid_entry *cpuid_policy_find(const struct cpuid_policy *policy, u32 leaf,
					    u32 subleaf);

/* Whether EBX of leaf 0 names AMD or Hygon: what the guest takes its processor for decides
 * which of the vendors' own registers it has. */
bool cpuid_vendor_is_amd(u32 leaf0_ebx);

/* Whether an entry's registers depend on the vCPU: see exit_cpuid(). */
static inline bool cpuid_entry_dynamic(const struct cpuid_entry *e)
{
	return e->leaf == 0x1 || e->leaf == 0x7 || e->leaf == 0xb || e->leaf == 0xd;
}

/* Whether the guest was shown this bit; reg: 0 EAX, 1 EBX, 2 ECX, 3 EDX. */
bool cpuid_policy_has(const struct cpuid_policy *policy, u32 leaf, unsigned reg, unsigned bit);

#endif
