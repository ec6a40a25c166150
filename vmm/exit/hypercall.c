/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls as Linux makes them on KVM (Documentation/virt/kvm/x86/hypercalls.rst): number in
 * RAX, result in RAX. */
#include "vmm/exit/exit.h"

#define KVM_ENOSYS 1000

enum vcpu_next exit_hypercall(struct vcpu *v, const struct virt_exit *exit)
{
	v->virt.gpr[VIRT_RAX] = (u64)-KVM_ENOSYS;
	return exit_skip(v, exit);
}
