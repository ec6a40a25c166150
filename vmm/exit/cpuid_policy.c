/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/cpuid_policy.h"

#include <string.h>

#include "arch/x86/cpu/xsave.h"
#include "kernel/mm/heap.h"

/* One row: (host & mask) | set, for each register. */
struct cpuid_rule {
	u32 leaf;
	u32 subleaves; /* how many matter; 0: ECX is ignored */
	struct cpuid_regs mask;
	struct cpuid_regs set;
};

#define ALL 0xffffffffu

/* Leaf 1 ECX: SSE3 PCLMULQDQ SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C
 * RDRAND; x2APIC, TSC-deadline and HYPERVISOR are ours to offer. */
#define LEAF1_ECX                                                                           \
	((u32)(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | \
	       BIT(22) | BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30)))
#define LEAF1_ECX_SET ((u32)(BIT(21) | BIT(24) | BIT(31)))
/* Leaf 1 EDX: FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH
 * MMX FXSR SSE SSE2. */
#define LEAF1_EDX                                                                            \
	((u32)(0x3ff | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(15) | BIT(16) | BIT(17) | \
	       BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26)))
#define LEAF1_EDX_SET ((u32)(BIT(9) | BIT(12) | BIT(16)))
/* Leaf 7 EBX: FSGSBASE TSC_ADJUST BMI1 AVX2 SMEP BMI2 ERMS INVPCID AVX512F/DQ RDSEED ADX SMAP
 * AVX512_IFMA CLFLUSHOPT CLWB AVX512CD SHA AVX512BW/VL. */
#define LEAF7_EBX                                                                                  \
	((u32)(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(16) | BIT(17) | \
	       BIT(18) | BIT(19) | BIT(20) | BIT(21) | BIT(23) | BIT(24) | BIT(28) | BIT(29) |     \
	       BIT(30) | BIT(31)))
#define LEAF7_EBX_SET ((u32)BIT(1))
/* Leaf 7 ECX: AVX512_VBMI UMIP PKU AVX512_VBMI2 GFNI VAES VPCLMULQDQ AVX512_VNNI
 * AVX512_BITALG AVX512_VPOPCNTDQ RDPID. No LA57: the nested tables have four levels. */
#define LEAF7_ECX                                                                                  \
	((u32)(BIT(1) | BIT(2) | BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | \
	       BIT(14) | BIT(22)))
/* Leaf 7 EDX: AVX512_VP2INTERSECT MD_CLEAR IBRS/IBPB STIBP L1D_FLUSH ARCH_CAPABILITIES SSBD. No
 * FSRM: REP MOVSB is not trustworthy on every processor that offers it. */
#define LEAF7_EDX ((u32)(BIT(8) | BIT(10) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(31)))

/* Leaf 0x80000008 EBX, AMD's: CLZERO XSAVEERPTR IBPB IBRS STIBP, IBRS and STIBP better always on,
 * IBRS preferred, SSBD SSB_NO BTC_NO IBPB_RET. */
#define LEAF80000008_EBX                                                                     \
	((u32)(BIT(0) | BIT(2) | BIT(12) | BIT(14) | BIT(15) | BIT(16) | BIT(17) | BIT(18) | \
	       BIT(24) | BIT(26) | BIT(29) | BIT(30)))
#define CMP_LEGACY ((u32)BIT(1)) /* leaf 0x80000001 ECX: HTT means cores, not threads */

static const struct cpuid_rule cpuid_rules[] = {
    {0x0, 0, {ALL, ALL, ALL, ALL}, {0}},
    {0x1, 0, {ALL, 0x0000ffff, LEAF1_ECX, LEAF1_EDX}, {0, 0, LEAF1_ECX_SET, LEAF1_EDX_SET}},
    {0x2, 0, {ALL, ALL, ALL, ALL}, {0}},
    {0x4, 5, {0x00003fff, ALL, ALL, ALL}, {0}},
    {0x6, 0, {0}, {BIT(2), 0, 0, 0}}, /* ARAT */
    {0x7, 1, {0, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX}, {0, LEAF7_EBX_SET, 0, 0}},
    {0xb, 3, {0}, {0}},
    {0xd, 63, {ALL, ALL, ALL, ALL}, {0}},
    {CPUID_LEAF_HYPERVISOR, 0, {0}, {CPUID_LEAF_TIMING, 0x4b4d564b, 0x564b4d56, 0x4d}},
    {CPUID_LEAF_KVM_FEATURES, 0, {0}, {0}},
    {CPUID_LEAF_TIMING, 0, {0}, {0}},
    {0x80000000, 0, {ALL, ALL, ALL, ALL}, {0}},
    /* LAHF LZCNT SSE4A MISALIGNSSE PREFETCHW; SYSCALL NX FXSR_OPT 1G RDTSCP LM */
    {0x80000001, 0, {ALL, 0, 0x1e1, 0x2e100800 | LEAF1_EDX}, {0}},
    {0x80000002, 0, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000003, 0, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000004, 0, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000005, 0, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000006, 0, {ALL, ALL, ALL, ALL}, {0}},
    /* No invariant TSC: the guest prefers its paravirtual clock, which survives migration. */
    {0x80000007, 0, {0}, {0}},
    {0x80000008, 0, {0x0000ffff, LEAF80000008_EBX, 0, 0}, {0}},
};

static void fix_topology(struct cpuid_entry *e, const struct cpuid_facts *f)
{
	if (e->leaf == 0x4) {
		u32 level = (e->regs.eax >> 5) & 7;

		/* One thread per core, all cores in one package, the last level shared. */
		if (e->regs.eax & 0x1f)
			e->regs.eax |= (f->cpus - 1) << 26 | (level >= 3 ? f->cpus - 1 : 0) << 14;
		return;
	}
	/* 0xb: level 0 is the thread, level 1 the core; shift 0 and 3 (up to 8 vCPUs). */
	e->regs.eax = e->subleaf == 1 ? 3 : 0;
	e->regs.ebx = e->subleaf == 0 ? 1 : e->subleaf == 1 ? f->cpus : 0;
	e->regs.ecx = e->subleaf | (e->subleaf < 2 ? (e->subleaf + 1) << 8 : 0);
}

static void fix_xsave(struct cpuid_entry *e, const struct cpuid_facts *f)
{
	u64 component = e->subleaf < 64 ? BIT(e->subleaf) : 0;

	if (e->subleaf == 0) {
		e->regs.eax &= (u32)f->xcr0;
		e->regs.edx &= (u32)(f->xcr0 >> 32);
	} else if (e->subleaf == 1) {
		/* XSAVEOPT, XSAVEC, XGETBV with ECX = 1; no supervisor components. */
		e->regs = (struct cpuid_regs){.eax = e->regs.eax & 7};
	} else if (!(f->xcr0 & component)) {
		memset(&e->regs, 0, sizeof(e->regs));
	}
}

bool cpuid_vendor_is_amd(u32 leaf0_ebx)
{
	return leaf0_ebx == 0x68747541 || leaf0_ebx == 0x6f677948; /* "Auth"..., "Hygo"... */
}

/* What AMD's processors tell of topology besides leaf 0xb: bits of the APIC ID that number cores,
 * and how many there are. */
static void fix_amd(struct cpuid_entry *e, const struct cpuid_facts *f)
{
	if (e->leaf == 0x80000008)
		e->regs.ecx = 3 << 12 | (f->cpus - 1);
	else if (e->leaf == 0x80000001 && f->cpus > 1)
		e->regs.ecx |= CMP_LEGACY;
}

static void fix_features(struct cpuid_entry *e, const struct cpuid_facts *f)
{
	if (e->leaf == 0x1) {
		e->regs.ebx |= f->cpus << 16;
		if (f->cpus > 1)
			e->regs.edx |= (u32)BIT(28); /* HTT */
		if (!f->xcr0)
			e->regs.ecx &= ~(u32)(BIT(26) | BIT(28) | BIT(29) | BIT(12));
	} else if (e->leaf == 0x7) {
		if (f->no_invpcid)
			e->regs.ebx &= ~(u32)BIT(10);
		if (!(f->xcr0 & XSTATE_PKRU))
			e->regs.ecx &= ~(u32)BIT(3);
		if (!(f->xcr0 & XSTATE_OPMASK)) {
			e->regs.ebx &=
			    ~(u32)(BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31));
			e->regs.ecx &= ~(u32)(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));
			e->regs.edx &= ~(u32)BIT(8);
		}
	} else if (e->leaf == 0x80000001 && f->no_rdtscp) {
		e->regs.edx &= ~(u32)BIT(27);
	}
}

static void fix_entry(struct cpuid_entry *e, const struct cpuid_facts *f)
{
	switch (e->leaf) {
	case 0x0:
		e->regs.eax = MIN(e->regs.eax, 0xdu);
		break;
	case 0x4:
	case 0xb:
		fix_topology(e, f);
		break;
	case 0xd:
		fix_xsave(e, f);
		break;
	case CPUID_LEAF_KVM_FEATURES:
		e->regs.eax = f->kvm_features;
		break;
	case CPUID_LEAF_TIMING:
		e->regs.eax = f->tsc_khz;
		e->regs.ebx = f->apic_khz;
		break;
	case 0x80000000:
		e->regs.eax = MIN(e->regs.eax, 0x80000008u);
		break;
	default:
		fix_features(e, f);
	}
}

static bool entry_empty(const struct cpuid_entry *e)
{
	return !(e->regs.eax | e->regs.ebx | e->regs.ecx | e->regs.edx);
}

static struct cpuid_entry make_entry(const struct cpuid_rule *rule, u32 subleaf,
				     const struct cpuid_facts *facts)
{
	struct cpuid_regs h = {0};
	struct cpuid_entry e = {.leaf = rule->leaf, .subleaf = subleaf};

	if ((rule->leaf >> 28) != 4)
		h = facts->host(rule->leaf, subleaf);
	e.regs.eax = (h.eax & rule->mask.eax) | rule->set.eax;
	e.regs.ebx = (h.ebx & rule->mask.ebx) | rule->set.ebx;
	e.regs.ecx = (h.ecx & rule->mask.ecx) | rule->set.ecx;
	e.regs.edx = (h.edx & rule->mask.edx) | rule->set.edx;
	fix_entry(&e, facts);
	if (cpuid_vendor_is_amd(facts->host(0, 0).ebx))
		fix_amd(&e, facts);
	return e;
}

static void index_entry(struct cpuid_policy *p, u32 leaf, u8 index)
{
	u8 *slot;

	if (leaf < CPUID_DIRECT)
		slot = &p->basic[leaf];
	else if (leaf - 0x80000000u < CPUID_DIRECT)
		slot = &p->extended[leaf - 0x80000000u];
	else
		slot = &p->hypervisor;
	if (!*slot)
		*slot = (u8)(index + 1);
}

/* Append the entries of one rule, leaving out subleaves that say nothing. */
static void build_rule(struct cpuid_policy *p, const struct cpuid_rule *rule,
		       const struct cpuid_facts *facts)
{
	for (u32 sub = 0; sub < MAX(rule->subleaves, 1u); sub++) {
		struct cpuid_entry e = make_entry(rule, sub, facts);

		e.subleaf = rule->subleaves ? sub : CPUID_ANY_SUBLEAF;
		if (sub > 1 && rule->leaf == 0xd && entry_empty(&e))
			continue;
		index_entry(p, rule->leaf, (u8)p->count);
		p->entries[p->count++] = e;
	}
}

int cpuid_policy_build(struct cpuid_policy *policy, const struct cpuid_facts *facts)
{
	u32 basic_max = facts->host(0, 0).eax;
	u32 extended_max = facts->host(0x80000000, 0).eax;
	u32 total = 0;

	memset(policy, 0, sizeof(*policy));
	for (size_t i = 0; i < ARRAY_SIZE(cpuid_rules); i++)
		total += MAX(cpuid_rules[i].subleaves, 1u);
	policy->entries = heap_alloc(total * sizeof(*policy->entries));
	if (!policy->entries)
		return trace_err(ERR_NOMEM, "no memory for the CPUID answers of a VM");
	for (size_t i = 0; i < ARRAY_SIZE(cpuid_rules); i++) {
		const struct cpuid_rule *rule = &cpuid_rules[i];

		if (rule->leaf < CPUID_DIRECT && rule->leaf > basic_max)
			continue;
		if (rule->leaf >= 0x80000000 && rule->leaf > extended_max)
			continue;
		build_rule(policy, rule, facts);
	}
	for (u32 i = 0; i < policy->count; i++) {
		const struct cpuid_entry *e = &policy->entries[i];

		if (e->leaf < CPUID_DIRECT && e->subleaf == CPUID_ANY_SUBLEAF &&
		    !cpuid_entry_dynamic(e))
			policy->constant[e->leaf] = &e->regs;
	}
	return 0;
}

void cpuid_policy_destroy(struct cpuid_policy *policy)
{
	heap_free(policy->entries);
	memset(policy, 0, sizeof(*policy));
}

static u8 first_of_leaf(const struct cpuid_policy *p, u32 leaf)
{
	if (likely(leaf < CPUID_DIRECT))
		return p->basic[leaf];
	if (leaf - 0x80000000u < CPUID_DIRECT)
		return p->extended[leaf - 0x80000000u];
	return (leaf >> 28) == 4 ? p->hypervisor : 0;
}

const struct cpuid_entry *cpuid_policy_find(const struct cpuid_policy *policy, u32 leaf,
					    u32 subleaf)
{
	u32 i = first_of_leaf(policy, leaf);

	if (unlikely(!i)) {
		u32 max = policy->count ? policy->entries[0].regs.eax : 0;

		if (leaf < 0x40000000 && leaf > max)
			return cpuid_policy_find(policy, max, subleaf);
		return NULL;
	}
	for (const struct cpuid_entry *e = &policy->entries[i - 1];
	     e < policy->entries + policy->count && (e->leaf == leaf || (e->leaf >> 28) == 4); e++)
		if (likely(e->leaf == leaf &&
			   (e->subleaf == CPUID_ANY_SUBLEAF || e->subleaf == subleaf)))
			return e;
	return NULL;
}

bool cpuid_policy_has(const struct cpuid_policy *policy, u32 leaf, unsigned reg, unsigned bit)
{
	const struct cpuid_entry *e = cpuid_policy_find(policy, leaf, 0);
	u32 regs[4];

	if (!e)
		return false;
	regs[0] = e->regs.eax;
	regs[1] = e->regs.ebx;
	regs[2] = e->regs.ecx;
	regs[3] = e->regs.edx;
	return regs[reg] & BIT(bit);
}
