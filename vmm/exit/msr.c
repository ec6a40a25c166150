/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Model-specific registers, default deny: one sorted table of what the guest may read
 * and write; anything else is #GP. Names and numbers: SDM vol. 4.
 */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/msr_amd.h"
#include "vmm/exit/msr_kvm.h"
#include "vmm/exit/msr_mtrr.h"
#include "vmm/vcpu/pvclock.h"
#include "vmm/vcpu/run.h"

/* What tells of the processor alone, and not of another MSR: those the guest does not get. */
#define ARCH_CAP_GUEST                                                                        \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_RSBA | ARCH_CAP_SKIP_L1DFL_VMENTRY | \
	 ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_IF_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO |   \
	 ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR |   \
	 ARCH_CAP_RRSBA | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO |             \
	 ARCH_CAP_RFDS_NO | ARCH_CAP_RFDS_CLEAR | ARCH_CAP_ITS_NO)
#define MSR_IA32_PLATFORM_ID 0x17
#define MSR_SMI_COUNT 0x34
#define MSR_PLATFORM_INFO 0xce
#define MSR_MISC_FEATURES_ENABLES 0x140
#define MSR_IA32_THERM_STATUS 0x19c
#define MSR_IA32_ENERGY_PERF_BIAS 0x1b0
#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_BTS_UNAVAILABLE BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)
#define MTRR_DEF_TYPE_ENABLE BIT(11)

struct msr_rule {
	u32 first, last;
	/* NULL: #GP. Return ERR_INVAL for #GP. */
	int (*read)(struct vcpu *v, u32 msr, u64 *value);
	int (*write)(struct vcpu *v, u32 msr, u64 value);
};

static int read_zero(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v;
	(void)msr;
	*value = 0;
	return 0;
}

static int write_ignored(struct vcpu *v, u32 msr, u64 value)
{
	(void)v;
	(void)msr;
	(void)value;
	return 0;
}

static int write_zero(struct vcpu *v, u32 msr, u64 value)
{
	(void)v;
	(void)msr;
	return value ? ERR_INVAL : 0;
}

static int read_tsc(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = rdtsc() + v->vm->tsc_offset;
	return 0;
}

static int read_apic(struct vcpu *v, u32 msr, u64 *value)
{
	return vlapic_msr_read(v->lapic, msr, value);
}

static int write_apic(struct vcpu *v, u32 msr, u64 value)
{
	enum virt_apic_mode mode = vlapic_mode(v->lapic);
	int err = vlapic_msr_write(v->lapic, msr, value);

	if (!err && unlikely(mode != vlapic_mode(v->lapic)))
		virt->apic_mode(&v->virt, vlapic_mode(v->lapic));
	return err;
}

static int read_feature_control(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v;
	(void)msr;
	*value = FEATURE_CONTROL_LOCK;
	return 0;
}

static int read_tsc_adjust(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = v->msrs.tsc_adjust;
	return 0;
}

/* The vCPUs of a VM share one TSC, which kvmclock promises to be stable: the guest may
 * keep a note here, but cannot shift it. */
static int write_tsc_adjust(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	v->msrs.tsc_adjust = value;
	return 0;
}

/* A microcode update is loaded; its revision is nobody's business. Intel's is in the upper half,
 * AMD's (PATCH_LEVEL) in the lower one. */
static int read_microcode(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v;
	(void)msr;
	*value = 1ull << 32 | 0x01000065;
	return 0;
}

static int read_misc_enable(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = v->msrs.misc_enable;
	return 0;
}

static int write_misc_enable(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	if ((value ^ v->msrs.misc_enable) & ~MISC_ENABLE_FAST_STRINGS)
		return 0; /* switches that this machine does not have */
	v->msrs.misc_enable = value;
	return 0;
}

static int read_pat(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = virt->get_reg(&v->virt, VIRT_PAT);
	return 0;
}

/* Types 0, 1, 4, 5, 6, 7 exist (SDM vol. 3, table 12-10). */
static int write_pat(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	for (unsigned i = 0; i < 64; i += 8)
		if (((value >> i) & 0xff) > 7 || !(BIT((value >> i) & 7) & 0xf3))
			return ERR_INVAL;
	virt->set_reg(&v->virt, VIRT_PAT, value);
	return 0;
}

static int read_efer(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = virt->get_reg(&v->virt, VIRT_EFER);
	return 0;
}

static int write_efer(struct vcpu *v, u32 msr, u64 value)
{
	u64 allowed = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	u64 old = virt->get_reg(&v->virt, VIRT_EFER);

	(void)msr;
	if (cpuid_policy_has(&v->vm->cpuid, 0x80000001, 3, 25))
		allowed |= EFER_FFXSR;
	if (value & ~allowed)
		return ERR_INVAL;
	if (((old ^ value) & EFER_LME) && (virt->get_reg(&v->virt, VIRT_CR0) & CR0_PG))
		return ERR_INVAL;
	/* LMA is the processor's. */
	virt->set_reg(&v->virt, VIRT_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return 0;
}

/* Each of these registers belongs to one enum virt_reg. */
static const struct {
	u32 msr;
	enum virt_reg reg;
	enum { ANY, CANONICAL, LOW } form; /* LOW: has 32 bits */
} msr_regs[] = {
    {MSR_IA32_SYSENTER_CS, VIRT_SYSENTER_CS, ANY},
    {MSR_IA32_SYSENTER_ESP, VIRT_SYSENTER_ESP, CANONICAL},
    {MSR_IA32_SYSENTER_EIP, VIRT_SYSENTER_EIP, CANONICAL},
    {MSR_IA32_STAR, VIRT_STAR, ANY},
    {MSR_IA32_LSTAR, VIRT_LSTAR, CANONICAL},
    {MSR_IA32_CSTAR, VIRT_CSTAR, CANONICAL},
    {MSR_IA32_FMASK, VIRT_SFMASK, LOW},
    {MSR_IA32_FS_BASE, VIRT_FS_BASE, CANONICAL},
    {MSR_IA32_GS_BASE, VIRT_GS_BASE, CANONICAL},
    {MSR_IA32_KERNEL_GS_BASE, VIRT_KERNEL_GS_BASE, CANONICAL},
    {MSR_IA32_TSC_AUX, VIRT_TSC_AUX, LOW},
};

static int read_reg(struct vcpu *v, u32 msr, u64 *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(msr_regs); i++)
		if (msr_regs[i].msr == msr) {
			*value = virt->get_reg(&v->virt, msr_regs[i].reg);
			return 0;
		}
	return ERR_INVAL;
}

static int write_reg(struct vcpu *v, u32 msr, u64 value)
{
	for (size_t i = 0; i < ARRAY_SIZE(msr_regs); i++)
		if (msr_regs[i].msr == msr) {
			if (msr_regs[i].form == CANONICAL &&
			    (u64)((s64)(value << 16) >> 16) != value)
				return ERR_INVAL;
			if (msr_regs[i].form == LOW && value >> 32)
				return ERR_INVAL;
			virt->set_reg(&v->virt, msr_regs[i].reg, value);
			return 0;
		}
	return ERR_INVAL;
}

static int read_arch_capabilities(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	if (!cpuid_policy_has(&v->vm->cpuid, 7, 3, 29))
		return ERR_INVAL;
	*value = cpu_arch_capabilities() & ARCH_CAP_GUEST;
	return 0;
}

/* Sorted by first. */
static const struct msr_rule msr_rules[] = {
    {MSR_IA32_TSC, MSR_IA32_TSC, read_tsc, write_ignored},
    {MSR_KVM_WALL_CLOCK, MSR_KVM_WALL_CLOCK, msr_read_wall_clock, msr_write_wall_clock},
    {MSR_KVM_SYSTEM_TIME, MSR_KVM_SYSTEM_TIME, msr_read_kvm_clock, msr_write_kvm_clock},
    {MSR_IA32_PLATFORM_ID, MSR_IA32_PLATFORM_ID, read_zero, NULL},
    {MSR_IA32_APIC_BASE, MSR_IA32_APIC_BASE, read_apic, write_apic},
    {MSR_SMI_COUNT, MSR_SMI_COUNT, read_zero, NULL},
    {MSR_IA32_FEATURE_CONTROL, MSR_IA32_FEATURE_CONTROL, read_feature_control, NULL},
    {MSR_IA32_TSC_ADJUST, MSR_IA32_TSC_ADJUST, read_tsc_adjust, write_tsc_adjust},
    {MSR_IA32_BIOS_SIGN_ID, MSR_IA32_BIOS_SIGN_ID, read_microcode, write_ignored},
    {MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, read_zero, NULL},
    {MSR_IA32_MTRRCAP, MSR_IA32_MTRRCAP, msr_read_mtrr_cap, NULL},
    {MSR_IA32_ARCH_CAPABILITIES, MSR_IA32_ARCH_CAPABILITIES, read_arch_capabilities, NULL},
    {MSR_MISC_FEATURES_ENABLES, MSR_MISC_FEATURES_ENABLES, read_zero, write_zero},
    {MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, read_reg, write_reg},
    {MSR_IA32_MCG_CAP, MSR_IA32_MCG_STATUS, read_zero, write_zero},
    {MSR_IA32_THERM_STATUS, MSR_IA32_THERM_STATUS, read_zero, write_zero},
    {MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE, read_misc_enable, write_misc_enable},
    {MSR_IA32_ENERGY_PERF_BIAS, MSR_IA32_ENERGY_PERF_BIAS, read_zero, write_ignored},
    {MSR_IA32_DEBUGCTL, MSR_IA32_DEBUGCTL, read_zero, write_zero},
    {MSR_IA32_MTRR_PHYSBASE0, MSR_IA32_MTRR_PHYSBASE0 + 2 * VCPU_MTRR_VARIABLE - 1, msr_read_mtrr,
     msr_write_mtrr},
    {MSR_IA32_MTRR_FIX64K_00000, MSR_IA32_MTRR_FIX64K_00000, msr_read_mtrr, msr_write_mtrr},
    {MSR_IA32_MTRR_FIX16K_80000, MSR_IA32_MTRR_FIX16K_A0000, msr_read_mtrr, msr_write_mtrr},
    {MSR_IA32_MTRR_FIX4K_C0000, MSR_IA32_MTRR_FIX4K_C0000 + 7, msr_read_mtrr, msr_write_mtrr},
    {MSR_IA32_PAT, MSR_IA32_PAT, read_pat, write_pat},
    {MSR_IA32_MTRR_DEF_TYPE, MSR_IA32_MTRR_DEF_TYPE, msr_read_mtrr, msr_write_mtrr},
    {MSR_KVM_WALL_CLOCK_NEW, MSR_KVM_WALL_CLOCK_NEW, msr_read_wall_clock, msr_write_wall_clock},
    {MSR_KVM_SYSTEM_TIME_NEW, MSR_KVM_SYSTEM_TIME_NEW, msr_read_kvm_clock, msr_write_kvm_clock},
    {MSR_KVM_STEAL_TIME, MSR_KVM_STEAL_TIME, msr_read_steal_time, msr_write_steal_time},
    {MSR_KVM_PV_EOI_EN, MSR_KVM_PV_EOI_EN, msr_read_pv_eoi, msr_write_pv_eoi},
    {MSR_IA32_EFER, MSR_IA32_EFER, read_efer, write_efer},
    {MSR_IA32_STAR, MSR_IA32_FMASK, read_reg, write_reg},
    {MSR_IA32_FS_BASE, MSR_IA32_TSC_AUX, read_reg, write_reg},
    {MSR_AMD_FIRST, MSR_AMD_LAST, msr_read_amd, msr_write_amd},
};

static const struct msr_rule *msr_find(u32 msr)
{
	size_t low = 0, high = ARRAY_SIZE(msr_rules);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (msr > msr_rules[mid].last)
			low = mid + 1;
		else if (msr < msr_rules[mid].first)
			high = mid;
		else
			return &msr_rules[mid];
	}
	return NULL;
}

/* The local APIC's registers are what guests use all the time: before any search. */
static inline bool msr_is_apic(u32 msr)
{
	return msr - MSR_X2APIC_BASE < 0x100 || msr == MSR_IA32_TSC_DEADLINE;
}

static int refuse(struct vcpu *v, const char *what, u32 msr)
{
	static struct klog_limit limit;

	klog_limited(&limit, KLOG_DEBUG, "vm %s: vCPU %u %s MSR %#x: #GP", v->vm->name, v->index,
		     what, msr);
	return ERR_INVAL;
}

static int msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	const struct msr_rule *rule;

	if (likely(msr_is_apic(msr)))
		return vlapic_msr_read(v->lapic, msr, value);
	rule = msr_find(msr);
	return rule && rule->read ? rule->read(v, msr, value) : refuse(v, "reads", msr);
}

static int msr_write(struct vcpu *v, u32 msr, u64 value)
{
	const struct msr_rule *rule;

	if (likely(msr_is_apic(msr))) {
		vcpu_look(v);
		return vlapic_msr_write(v->lapic, msr, value);
	}
	rule = msr_find(msr);
	return rule && rule->write ? rule->write(v, msr, value) : refuse(v, "writes", msr);
}

enum vcpu_next exit_msr_read(struct vcpu *v, const struct virt_exit *exit)
{
	u64 value = 0;

	if (unlikely(msr_read(v, (u32)v->virt.gpr[VIRT_RCX], &value))) {
		vcpu_inject_gp(v);
		return VCPU_AGAIN;
	}
	exit_set_edx_eax(v, value);
	return exit_skip(v, exit);
}

enum vcpu_next exit_msr_write(struct vcpu *v, const struct virt_exit *exit)
{
	if (unlikely(msr_write(v, (u32)v->virt.gpr[VIRT_RCX], exit_edx_eax(v)))) {
		vcpu_inject_gp(v);
		return VCPU_AGAIN;
	}
	return exit_skip(v, exit);
}

/* Those that a guest reads often and that have no side effect. */
bool fast_msr_read(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);

	if ((u32)vv->gpr[VIRT_RCX] != MSR_IA32_APIC_BASE)
		return false;
	v->exits[VIRT_EXIT_MSR_READ]++;
	exit_set_edx_eax(v, vlapic_base(v->lapic));
	return true;
}

/* Registers whose writes mean nothing; EOI; IPIs, which may be for the vCPU itself; and a deadline
 * that has passed. What that leaves to be delivered is dealt with by vcpu_attend(). */
bool fast_msr_write(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);
	u32 msr = (u32)vv->gpr[VIRT_RCX];

	if (likely(msr == MSR_X2APIC_EOI)) {
		if (!vlapic_fast_eoi(v->lapic, exit_edx_eax(v)))
			return false;
	} else if (msr == MSR_X2APIC_ICR) {
		if (!vlapic_fast_icr(v->lapic, exit_edx_eax(v)))
			return false;
		vcpu_has_woken(v);
	} else if (msr == MSR_IA32_TSC_DEADLINE) {
		if (!vlapic_fast_deadline(v->lapic, exit_edx_eax(v)))
			return false;
	} else {
		v->exits[VIRT_EXIT_MSR_WRITE] += msr == MSR_IA32_BIOS_SIGN_ID;
		return msr == MSR_IA32_BIOS_SIGN_ID;
	}
	if (vlapic_has_request(v->lapic) || unlikely(virt_caps.virq_delivery))
		vcpu_look(v);
	v->exits[VIRT_EXIT_MSR_WRITE]++;
	return true;
}

void exit_msr_reset(struct vcpu *v)
{
	v->msrs = (struct vcpu_msrs){0};
	v->msrs.misc_enable =
	    MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE;
	/* As firmware leaves it: MTRRs on, everything write-back. */
	v->msrs.mtrr_def_type = MTRR_DEF_TYPE_ENABLE | MEM_WB;
}

/* IBRS of either vendor; AMD's STIBP and SSBD, which may be there alone. */
static bool has_spec_ctrl(const struct cpuid_policy *p)
{
	return cpuid_policy_has(p, 7, 3, 26) || cpuid_policy_has(p, 0x80000008, 1, 14) ||
	       cpuid_policy_has(p, 0x80000008, 1, 15) || cpuid_policy_has(p, 0x80000008, 1, 24);
}

void exit_msr_pass(struct vm *vm)
{
	static const struct {
		u32 msr;
		bool read, write;
	} pass[] = {
	    {MSR_IA32_SYSENTER_CS, true, true},  {MSR_IA32_SYSENTER_ESP, true, true},
	    {MSR_IA32_SYSENTER_EIP, true, true}, {MSR_IA32_STAR, true, true},
	    {MSR_IA32_LSTAR, true, true},        {MSR_IA32_CSTAR, true, true},
	    {MSR_IA32_FMASK, true, true},        {MSR_IA32_FS_BASE, true, true},
	    {MSR_IA32_GS_BASE, true, true},      {MSR_IA32_KERNEL_GS_BASE, true, true},
	    {MSR_IA32_TSC, true, false},         {MSR_IA32_EFER, true, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pass); i++)
		virt->msr_pass(&vm->virt, pass[i].msr, pass[i].read, pass[i].write);
	if (has_spec_ctrl(&vm->cpuid))
		virt->msr_pass(&vm->virt, MSR_IA32_SPEC_CTRL, true, true);
	if (cpuid_policy_has(&vm->cpuid, 7, 3, 26) ||
	    cpuid_policy_has(&vm->cpuid, 0x80000008, 1, 12))
		virt->msr_pass(&vm->virt, MSR_IA32_PRED_CMD, false, true);
	if (cpuid_policy_has(&vm->cpuid, 7, 3, 28))
		virt->msr_pass(&vm->virt, MSR_IA32_FLUSH_CMD, false, true);
}
