/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/features.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/mitigations.h"

enum cpuid_reg { EAX, EBX, ECX, EDX };

struct feature_bit {
	u32 leaf;
	enum cpuid_reg reg;
	u8 bit;
	u16 flag; /* offset of the bool in struct cpu_features */
};
#define FEATURE(leaf, reg, bit, name)                               \
	{                                                           \
		leaf, reg, bit, offsetof(struct cpu_features, name) \
	}

/* SDM vol. 2 CPUID; all in sub-leaf 0. */
static const struct feature_bit feature_bits[] = {
    FEATURE(1, ECX, 5, vmx),
    FEATURE(1, ECX, 17, pcid),
    FEATURE(1, ECX, 3, monitor),
    FEATURE(1, ECX, 21, x2apic),
    FEATURE(1, ECX, 24, tsc_deadline),
    FEATURE(1, ECX, 26, xsave),
    FEATURE(1, ECX, 30, rdrand),
    FEATURE(1, ECX, 31, hypervisor),
    FEATURE(1, EDX, 7, mce),
    FEATURE(1, EDX, 12, mtrr),
    FEATURE(1, EDX, 13, pge),
    FEATURE(1, EDX, 16, pat),
    FEATURE(5, ECX, 1, mwait_break),
    FEATURE(6, EAX, 2, arat),
    FEATURE(7, EBX, 1, tsc_adjust),
    FEATURE(7, EBX, 7, smep),
    FEATURE(7, EBX, 9, erms),
    FEATURE(7, EBX, 10, invpcid),
    FEATURE(7, EBX, 20, smap),
    FEATURE(7, ECX, 2, umip),
    FEATURE(7, EDX, 4, fsrm),
    FEATURE(7, EDX, 10, md_clear),
    FEATURE(7, EDX, 26, spec_ctrl),
    FEATURE(7, EDX, 27, stibp),
    FEATURE(7, EDX, 28, l1d_flush),
    FEATURE(7, EDX, 29, arch_capabilities),
    FEATURE(7, EDX, 31, ssbd),
    FEATURE(0x80000001, ECX, 2, svm),
    FEATURE(0x80000001, EDX, 20, nx),
    FEATURE(0x80000001, EDX, 26, page_1g),
    FEATURE(0x80000001, EDX, 27, rdtscp),
    FEATURE(0x80000007, EDX, 8, tsc_invariant),
    FEATURE(0x80000008, EBX, 12, amd_ibpb),
    FEATURE(0x80000008, EBX, 14, amd_ibrs),
    FEATURE(0x80000008, EBX, 15, amd_stibp),
    FEATURE(0x80000008, EBX, 16, ibrs_always_on),
    FEATURE(0x80000008, EBX, 24, amd_ssbd),
};

static struct cpu_features features;
static struct cpu_mitigations mitigations;
static u64 arch_capabilities;

/* All zero for a leaf that the processor does not have. */
static struct cpuid_regs leaf_read(u32 leaf)
{
	u32 max = leaf & BIT(31) ? features.max_ext_leaf : features.max_leaf;

	return leaf <= max ? cpuid(leaf, 0) : (struct cpuid_regs){0};
}

static void features_read_name(void)
{
	struct cpuid_regs r = cpuid(0, 0);
	u32 vendor[3] = {r.ebx, r.edx, r.ecx};

	memcpy(features.vendor, vendor, sizeof(vendor));
	features.max_leaf = r.eax;
	features.intel = !strcmp(features.vendor, "GenuineIntel");
	features.amd = !strcmp(features.vendor, "AuthenticAMD");
	r = cpuid(0x80000000, 0);
	features.max_ext_leaf = r.eax & BIT(31) ? r.eax : 0x80000000;
	for (u32 i = 0; i < 3; i++) {
		r = leaf_read(0x80000002 + i);
		memcpy(features.brand + 16 * i, &r, 16);
	}
}

static void features_read_model(void)
{
	u32 eax = cpuid(1, 0).eax;

	features.stepping = eax & 0xf;
	features.model = (eax >> 4 & 0xf) | (eax >> 12 & 0xf0);
	features.family = eax >> 8 & 0xf;
	if (features.family == 0xf)
		features.family += eax >> 20 & 0xff;
}

static void features_read_bits(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(feature_bits); i++) {
		const struct feature_bit *f = &feature_bits[i];
		struct cpuid_regs r = leaf_read(f->leaf);
		const u32 regs[] = {r.eax, r.ebx, r.ecx, r.edx};

		*((bool *)&features + f->flag) = regs[f->reg] >> f->bit & 1;
	}
}

/* Whichever leaf tells of them, the MSRs are the same. */
static void features_join_vendors(void)
{
	features.ibpb = features.spec_ctrl || features.amd_ibpb;
	features.spec_ctrl |= features.amd_ibrs;
	features.stibp |= features.amd_stibp;
	features.ssbd |= features.amd_ssbd;
}

/*
 * Bochs 2.7, by its VMCS revision: a store by another processor does not always end MWAIT. A vCPU
 * that was put on the queue of a processor that slept so never ran.
 */
static void features_distrust(void)
{
	u64 basic;

	if (features.vmx && !rdmsr_safe(MSR_IA32_VMX_BASIC, &basic) &&
	    VMX_BASIC_REVISION(basic) == VMX_REVISION_BOCHS)
		features.mwait_break = false;
}

void cpu_features_init(void)
{
	u32 sizes;

	features_read_name();
	features_read_model();
	features_read_bits();
	features_join_vendors();
	features_distrust();
	sizes = leaf_read(0x80000008).eax;
	features.phys_bits = sizes ? sizes & 0xff : 36;
	features.virt_bits = sizes ? sizes >> 8 & 0xff : 48;
	if (features.arch_capabilities &&
	    rdmsr_safe(MSR_IA32_ARCH_CAPABILITIES, &arch_capabilities))
		features.arch_capabilities = false;
	mitigations_decide(&features, arch_capabilities, &mitigations);
}

const struct cpu_features *cpu_features(void)
{
	return &features;
}

const struct cpu_mitigations *cpu_mitigations(void)
{
	return &mitigations;
}

u64 cpu_arch_capabilities(void)
{
	return arch_capabilities;
}
