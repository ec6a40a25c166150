/* SPDX-License-Identifier: BSD-2-Clause */
/* The state after RESET or INIT (SDM vol. 3, table 10-1). */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/vmx/ops.h"
#include "arch/x86/vmx/vmx.h"

/* Guest state that virt.h has no name for. */
static void hidden_reset(struct vmx_vcpu *x)
{
	vmx_borrow(x);
	x->controls.proc &= ~(u32)(PROC_IRQ_WINDOW | PROC_NMI_WINDOW);
	vmwrite(VMCS_PROC_CONTROLS, x->controls.proc);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmwrite(VMCS_GUEST_ACTIVITY, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	if (x->controls.proc2 & PROC2_VIRQ_DELIVERY)
		vmwrite(VMCS_GUEST_INTERRUPT_STATUS, 0);
	vmx_give_back(x);
}

void vmx_vcpu_reset(struct virt_vcpu *v, bool init)
{
	struct vmx_vcpu *x = vmx_of(v);
	bool loaded = x->loaded;

	/* Off the processor all state is in memory. */
	if (loaded)
		vmx_unload(v);
	memset(x->dr, 0, sizeof(x->dr));
	if (!init)
		xsave_area_init(x->xsave);
	x->event = (struct vmx_event){0};
	x->todo = TODO_VPID | TODO_EPT;
	hidden_reset(x);
	virt_reset_registers(v, &vmx_ops, init);
	if (loaded)
		vmx_load(v);
}
