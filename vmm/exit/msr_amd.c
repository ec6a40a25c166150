/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What operating systems read of AMD's own registers without asking CPUID first: the values of a
 * machine that needs no work-around and has nothing to be configured. Writes change nothing.
 */
#include "vmm/exit/msr_amd.h"

#define HWCR_TSC_FREQ_SEL BIT(24) /* the TSC counts at the rate of P0 */
#define DE_CFG_LFENCE BIT(1)      /* LFENCE serializes */
#define VM_CR_LOCK BIT(3)
#define VM_CR_SVMDIS BIT(4)

/* Sorted. Names: AMD64 APM vol. 2, appendix A, and the processor programming references. */
static const struct amd_msr {
	u32 first, last;
	u64 value;
} amd_msrs[] = {
    {0xc0010010, 0xc0010010, 0},                 /* SYSCFG */
    {0xc0010015, 0xc0010015, HWCR_TSC_FREQ_SEL}, /* HWCR */
    {0xc001001a, 0xc001001a, 0},                 /* TOP_MEM */
    {0xc001001d, 0xc001001d, 0},                 /* TOP_MEM2 */
    {0xc001001f, 0xc001001f, 0},                 /* NB_CFG */
    {0xc0010055, 0xc0010055, 0},                 /* interrupt pending */
    {0xc0010058, 0xc0010058, 0},                 /* MMIO configuration base */
    {0xc0010061, 0xc001006b, 0},                 /* P-states: none is enabled */
    {0xc0010111, 0xc0010113, 0},                 /* SMBASE, TSEG */
    {0xc0010114, 0xc0010114, VM_CR_LOCK | VM_CR_SVMDIS},
    {0xc0011020, 0xc0011023, 0},             /* LS_CFG IC_CFG DC_CFG TW_CFG */
    {0xc0011029, 0xc0011029, DE_CFG_LFENCE}, /* DE_CFG */
    {0xc001102a, 0xc001102a, 0},             /* BU_CFG2 */
    {0xc001102c, 0xc001102c, 0},             /* EX_CFG */
};

int msr_amd_value(u32 msr, u64 *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(amd_msrs); i++)
		if (msr >= amd_msrs[i].first && msr <= amd_msrs[i].last) {
			*value = amd_msrs[i].value;
			return 0;
		}
	return ERR_INVAL;
}

static bool is_amd(const struct vcpu *v)
{
	const struct cpuid_entry *e = cpuid_policy_find(&v->vm->cpuid, 0, 0);

	return e && cpuid_vendor_is_amd(e->regs.ebx);
}

int msr_read_amd(struct vcpu *v, u32 msr, u64 *value)
{
	return is_amd(v) ? msr_amd_value(msr, value) : ERR_INVAL;
}

int msr_write_amd(struct vcpu *v, u32 msr, u64 value)
{
	(void)value;
	return is_amd(v) ? msr_amd_value(msr, &value) : ERR_INVAL;
}
