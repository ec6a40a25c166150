/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/msr_kvm.h"

#include "vmm/vcpu/pvclock.h"

static bool offered(const struct vcpu *v, u32 feature)
{
	return v->vm->kvm_features & feature;
}

int msr_read_kvm_clock(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = v->msrs.kvm_clock;
	return 0;
}

int msr_write_kvm_clock(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	return pvclock_enable(v, value) ? ERR_INVAL : 0;
}

int msr_read_wall_clock(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	*value = v->vm->wall_clock_gpa;
	return 0;
}

int msr_write_wall_clock(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	if (pvclock_wall_clock(v->vm, value))
		return ERR_INVAL;
	v->vm->wall_clock_gpa = value;
	return 0;
}

int msr_read_steal_time(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	if (!offered(v, KVM_FEATURE_STEAL_TIME))
		return ERR_INVAL;
	*value = v->pv.steal_msr;
	return 0;
}

int msr_write_steal_time(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	return offered(v, KVM_FEATURE_STEAL_TIME) ? pv_steal_enable(v, value) : ERR_INVAL;
}

int msr_read_pv_eoi(struct vcpu *v, u32 msr, u64 *value)
{
	(void)msr;
	if (!offered(v, KVM_FEATURE_PV_EOI))
		return ERR_INVAL;
	*value = v->pv.eoi_msr;
	return 0;
}

int msr_write_pv_eoi(struct vcpu *v, u32 msr, u64 value)
{
	(void)msr;
	return offered(v, KVM_FEATURE_PV_EOI) ? pv_eoi_enable(v, value) : ERR_INVAL;
}
