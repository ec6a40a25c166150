/* SPDX-License-Identifier: BSD-2-Clause */
/* What hardware that works on the local APIC's page by itself leaves to us. */
#include "vmm/exit/exit.h"

enum vcpu_next exit_apic_write(struct vcpu *v, const struct virt_exit *exit)
{
	vlapic_after_write(v->lapic, exit->apic.offset);
	vcpu_look(v);
	return VCPU_AGAIN;
}

enum vcpu_next exit_eoi(struct vcpu *v, const struct virt_exit *exit)
{
	vlapic_after_eoi(v->lapic, exit->vector);
	vcpu_look(v);
	return VCPU_AGAIN;
}

enum vcpu_next exit_ipi(struct vcpu *v, const struct virt_exit *exit)
{
	vlapic_after_ipi(v->lapic, exit->ipi.icr, exit->ipi.requested);
	vcpu_look(v);
	return VCPU_AGAIN;
}
