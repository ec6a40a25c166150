/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory type range registers, SDM vol. 3, 12.11. */
#include "vmm/exit/msr_mtrr.h"

#include "arch/x86/cpu/msr.h"

#define MTRRCAP_FIXED BIT(8)

int msr_read_mtrr_cap(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v;
	(void)msr;
	*value = MTRRCAP_FIXED | VCPU_MTRR_VARIABLE;
	return 0;
}

/* MTRRs are kept for the guest to read back; all its RAM is write-back in any case, and
 * devices are never mapped cacheable. */
static u64 *mtrr_slot(struct vcpu *v, u32 msr)
{
	if (msr >= MSR_IA32_MTRR_PHYSBASE0 &&
	    msr < MSR_IA32_MTRR_PHYSBASE0 + 2 * VCPU_MTRR_VARIABLE)
		return &v->msrs.mtrr_variable[msr - MSR_IA32_MTRR_PHYSBASE0];
	if (msr == MSR_IA32_MTRR_FIX64K_00000)
		return &v->msrs.mtrr_fixed[0];
	if (msr >= MSR_IA32_MTRR_FIX16K_80000 && msr <= MSR_IA32_MTRR_FIX16K_A0000)
		return &v->msrs.mtrr_fixed[1 + msr - MSR_IA32_MTRR_FIX16K_80000];
	if (msr >= MSR_IA32_MTRR_FIX4K_C0000 && msr < MSR_IA32_MTRR_FIX4K_C0000 + 8)
		return &v->msrs.mtrr_fixed[3 + msr - MSR_IA32_MTRR_FIX4K_C0000];
	return &v->msrs.mtrr_def_type;
}

int msr_read_mtrr(struct vcpu *v, u32 msr, u64 *value)
{
	*value = *mtrr_slot(v, msr);
	return 0;
}

/* Memory types 0, 1, 4, 5, 6 exist (SDM vol. 3, table 12-8). */
static bool mtrr_type_valid(u64 type)
{
	return type < 8 && (BIT(type) & 0x73);
}

static bool mtrr_value_valid(u32 msr, u64 value)
{
	if (msr == MSR_IA32_MTRR_DEF_TYPE)
		return !(value & ~0xcffull) && mtrr_type_valid(value & 0xff);
	if (msr < MSR_IA32_MTRR_FIX64K_00000)
		return (msr & 1) || (!(value & 0xf00) && mtrr_type_valid(value & 0xff));
	for (unsigned i = 0; i < 64; i += 8)
		if (!mtrr_type_valid((value >> i) & 0xff))
			return false;
	return true;
}

int msr_write_mtrr(struct vcpu *v, u32 msr, u64 value)
{
	if (!mtrr_value_valid(msr, value))
		return ERR_INVAL;
	*mtrr_slot(v, msr) = value;
	return 0;
}
