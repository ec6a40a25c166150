/* SPDX-License-Identifier: BSD-2-Clause */
/* VMX operation on and off, per processor. */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/vmx/vmx.h"

PERCPU(struct vmx_cpu, vmx_cpu);

bool vmx_present(void)
{
	return cpu_features()->vmx;
}

/* A notification that comes while no guest runs: the vCPU looks at its descriptor
 * before it enters, so there is nothing to do. */
static void notification_ignore(void *arg)
{
	(void)arg;
}

int vmx_check(struct virt_caps *caps, char *why, size_t size)
{
	struct vmx_msrs msrs;
	int err = vmx_feature_control_check(rdmsr(MSR_IA32_FEATURE_CONTROL), why, size);

	if (err)
		return err;
	vmx_msrs_read(&msrs);
	err = vmx_caps_resolve(&msrs, &vmx_caps, caps, why, size);
	if (err)
		return err;
	caps->spec_ctrl = cpu_mitigations()->spec_ctrl;
	if (caps->posted)
		irq_vector_set(IRQ_VECTOR_PI, notification_ignore, NULL);
	return ERR_OK;
}

/* Allow VMXON where the firmware left the choice to us. */
static int feature_control_enable(void)
{
	u64 value = rdmsr(MSR_IA32_FEATURE_CONTROL);
	char why[160];
	int err = vmx_feature_control_check(value, why, sizeof(why));

	if (err)
		return trace_err(err, "cpu %u: %s", cpu_id(), why);
	if (!(value & FEATURE_CONTROL_LOCK))
		wrmsr(MSR_IA32_FEATURE_CONTROL,
		      value | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX);
	return ERR_OK;
}

/* The VMCS of a vCPU must mean the same on every processor. */
static int same_as_boot_cpu(void)
{
	struct vmx_msrs msrs;

	vmx_msrs_read(&msrs);
	if (memcmp(&msrs, &vmx_caps.msrs, sizeof(msrs)) == 0)
		return ERR_OK;
	return trace_err(ERR_UNSUPPORTED,
			 "cpu %u: its VT-x differs from the boot processor's; update the firmware "
			 "or disable this processor there",
			 cpu_id());
}

static int operation_enter(struct vmx_cpu *c)
{
	const struct vmx_msrs *m = &vmx_caps.msrs;
	hpa_t at = virt_to_hpa(c->vmxon);

	*(u32 *)c->vmxon = vmx_caps.revision;
	cr0_write((cr0_read() | m->cr0_fixed0) & m->cr0_fixed1);
	cr4_write((cr4_read() | m->cr4_fixed0 | CR4_VMXE) & m->cr4_fixed1);
	if (vmxon(&at))
		return ERR_OK;
	cr4_write(cr4_read() & ~CR4_VMXE);
	return trace_err(ERR_IO, "cpu %u: VMXON failed; is another hypervisor active?", cpu_id());
}

int vmx_cpu_on(void)
{
	struct vmx_cpu *c = &percpu(vmx_cpu);
	int err;

	if (c->on)
		return ERR_OK;
	err = same_as_boot_cpu();
	if (!err)
		err = feature_control_enable();
	if (err)
		return err;
	if (!c->vmxon)
		c->vmxon = pages_alloc(0);
	if (!c->vmxon)
		return trace_err(ERR_NOMEM, "cpu %u: no page for VMXON", cpu_id());
	err = operation_enter(c);
	if (err)
		return err;
	c->on = true;
	/* Of this processor only, and so tells also that it is this one. */
	c->vpid_generation = ((u64)cpu_id() + 1) << 32 | (u32)(c->vpid_generation + 1);
	c->vpid_next = 1;
	vmx_hardware_read(c);
	/* What an earlier owner of the machine left in the TLBs. */
	invept(vmx_caps.msrs.ept_vpid & EPT_CAP_INVEPT_ALL ? INVEPT_ALL : INVEPT_SINGLE, 0);
	if (vmx_caps.vpid)
		invvpid(INVVPID_ALL, 0);
	return ERR_OK;
}

void vmx_cpu_off(void)
{
	struct vmx_cpu *c = &percpu(vmx_cpu);

	if (!c->on)
		return;
	if (c->current)
		vmclear(&c->current->vmcs_at);
	c->current = NULL;
	vmxoff();
	cr4_write(cr4_read() & ~CR4_VMXE);
	c->on = false;
}
