/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls as Linux makes them on KVM (Documentation/virt/kvm/x86/hypercalls.rst): number in
 * RAX, result in RAX. */
#include "vmm/exit/exit.h"

#define KVM_ENOSYS 1000

bool fast_hypercall(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);

	v->exits[VIRT_EXIT_HYPERCALL]++;
	vv->gpr[VIRT_RAX] = (u64)-KVM_ENOSYS;
	return true;
}
