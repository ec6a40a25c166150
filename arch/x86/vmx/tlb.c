/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cached translations (SDM vol. 3, 29.4).
 *
 * Guest-physical ones are tagged by the EPT pointer. When a VM's nested tables lost
 * something, each of its vCPUs is asked to flush before its next entry; one that comes to
 * another processor flushes there in any case, since it may have been there before.
 *
 * Linear ones are tagged by the VPID. Every processor hands out VPIDs in order, so that
 * flushing a vCPU's translations is taking the next one; when all are used up the
 * processor flushes once and starts over with a new generation.
 */
#include "arch/x86/vmx/vmx.h"

#define VPID_MAX 0xffff

void vmx_tlb_flush_vm(struct virt_vm *vm)
{
	for (struct vmx_vcpu *x = vmx_vm_of(vm)->vcpus; x; x = x->next)
		__atomic_fetch_or(&x->requests, (u32)TODO_EPT, __ATOMIC_SEQ_CST);
}

void vmx_tlb_flush_vcpu(struct virt_vcpu *v)
{
	vmx_of(v)->todo |= TODO_VPID;
}

void vmx_ept_flush(struct vmx_vcpu *x)
{
	if (vmx_caps.invept_single)
		invept(INVEPT_SINGLE, x->eptp);
	else
		invept(INVEPT_ALL, 0);
}

void vmx_vpid_renew(struct vmx_vcpu *x)
{
	struct vmx_cpu *c = &percpu(vmx_cpu);

	if (vmx_caps.vpid && c->vpid_next > VPID_MAX) {
		c->vpid_next = 1;
		c->vpid_generation++;
		invvpid(INVVPID_ALL, 0);
	}
	x->vpid_generation = c->vpid_generation;
	if (!vmx_caps.vpid)
		return;
	vmwrite(VMCS_VPID, c->vpid_next++);
}
