/* SPDX-License-Identifier: BSD-2-Clause */
/* Creation of a vCPU: its VMCS and what is in it for good. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/vmx/vmx.h"

/*
 * #DB and #AC come back to the guest at once, but must not be its own business: a guest
 * whose handler faults the same way again would keep the processor for ever, deaf to
 * interrupts (CVE-2015-8104, CVE-2015-5307). #MC is the host's.
 */
#define EXCEPTIONS (BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC))

/* PAUSE-loop exiting, in TSC ticks: PAUSEs closer than the gap are one loop, which may
 * last as long as the window. */
#define PLE_GAP 128
#define PLE_WINDOW 4096

void vmx_borrow(struct vmx_vcpu *x)
{
	if (!vmptrld(&x->vmcs_at))
		log_err("VMPTRLD of vCPU state failed");
}

void vmx_give_back(struct vmx_vcpu *x)
{
	struct vmx_vcpu *current = percpu(vmx_cpu).current;

	vmclear(&x->vmcs_at);
	x->spec.flags &= ~(u32)VMX_LAUNCHED;
	if (current && !vmptrld(&current->vmcs_at))
		log_err("VMPTRLD of vCPU state failed");
}

static void controls_write(const struct vmx_controls *c)
{
	vmwrite(VMCS_PIN_CONTROLS, c->pin);
	vmwrite(VMCS_PROC_CONTROLS, c->proc);
	vmwrite(VMCS_PROC2_CONTROLS, c->proc2);
	vmwrite(VMCS_EXIT_CONTROLS, c->exit);
	vmwrite(VMCS_ENTRY_CONTROLS, c->entry);
	vmwrite(VMCS_EXCEPTION_BITMAP, EXCEPTIONS);
	vmwrite(VMCS_PF_ERROR_MASK, 0);
	vmwrite(VMCS_PF_ERROR_MATCH, 0);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	vmwrite(VMCS_GUEST_LINK_POINTER, ~0ull);
	vmwrite(VMCS_TSC_OFFSET, 0);
}

/* Fields that exist, or matter, only with a control. */
static void optional_write(const struct vmx_controls *c)
{
	if (c->proc2 & PROC2_PAUSE_LOOP) {
		vmwrite(VMCS_PLE_GAP, PLE_GAP);
		vmwrite(VMCS_PLE_WINDOW, PLE_WINDOW);
	}
	if (c->proc2 & PROC2_XSAVES)
		vmwrite(VMCS_XSS_EXITING_BITMAP, ~0ull);
	if (c->proc2 & PROC2_ENCLS)
		vmwrite(VMCS_ENCLS_EXITING_BITMAP, ~0ull);
	if (c->proc2 & PROC2_ENCLV)
		vmwrite(VMCS_ENCLV_EXITING_BITMAP, ~0ull);
}

static void memory_write(struct virt_vcpu *v, const struct vmx_controls *c)
{
	hpa_t io = virt_to_hpa(v->vm->io_bitmap);

	vmwrite(VMCS_IO_BITMAP_A, io.v);
	vmwrite(VMCS_IO_BITMAP_B, io.v + PAGE_SIZE);
	vmwrite(VMCS_MSR_BITMAP, virt_to_hpa(v->vm->msr_bitmap).v);
	if (c->proc & PROC_TPR_SHADOW) {
		vmwrite(VMCS_VIRTUAL_APIC_ADDR, virt_to_hpa(v->vapic_page).v);
		vmwrite(VMCS_TPR_THRESHOLD, 0);
	}
	if (v->vm->apic_page.v)
		vmwrite(VMCS_APIC_ACCESS_ADDR, v->vm->apic_page.v);
	if (c->proc2 & PROC2_VIRQ_DELIVERY)
		for (unsigned i = 0; i < 4; i++)
			vmwrite(VMCS_EOI_EXIT_BITMAP0 + 2 * i, 0);
	if (c->pin & PIN_POSTED_INTERRUPTS) {
		vmwrite(VMCS_POSTED_VECTOR, IRQ_VECTOR_PI);
		vmwrite(VMCS_POSTED_DESC_ADDR, virt_to_hpa(v->pi).v);
	}
}

static int buffers_alloc(struct vmx_vcpu *x)
{
	x->vmcs = pages_alloc(0);
	x->xsave = virt_fpu_alloc();
	if (!x->vmcs || !x->xsave)
		return trace_err(ERR_NOMEM, "no memory for a vCPU's state");
	*(u32 *)x->vmcs = vmx_caps.revision;
	x->vmcs_at = virt_to_hpa(x->vmcs);
	if (!vmclear(&x->vmcs_at))
		return trace_err(ERR_IO, "VMCLEAR of a new vCPU's state failed");
	return ERR_OK;
}

int vmx_vcpu_create(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = pages_alloc(0);
	int err;

	v->backend = x;
	if (!x)
		return trace_err(ERR_NOMEM, "no memory for a vCPU's state");
	err = buffers_alloc(x);
	if (err) {
		vmx_vcpu_destroy(v);
		return err;
	}
	x->cpu = VMX_NO_CPU;
	x->fast_left = 1; /* the run loop gives it more */
	x->vm_id = vmx_vm_of(v->vm)->id;
	x->vapic_page = v->vapic_page;
	virt_spec_init(&x->spec);
	vmx_controls_choose(&vmx_caps, &virt_caps, v->vapic_page, &x->controls);
	if (!v->pi)
		x->controls.pin &= ~(u32)PIN_POSTED_INTERRUPTS;
	if (v->vm->no_pause_exit)
		x->controls.proc2 &= ~(u32)PROC2_PAUSE_LOOP;
	vmx_borrow(x);
	controls_write(&x->controls);
	optional_write(&x->controls);
	memory_write(v, &x->controls);
	vmx_cr_masks_write();
	vmx_give_back(x);
	vmx_vcpu_reset(v, false);
	x->next = vmx_vm_of(v->vm)->vcpus;
	vmx_vm_of(v->vm)->vcpus = x;
	return ERR_OK;
}

static void list_remove(struct vmx_vm *vm, const struct vmx_vcpu *x)
{
	struct vmx_vcpu **link = &vm->vcpus;

	while (*link && *link != x)
		link = &(*link)->next;
	if (*link)
		*link = x->next;
}

void vmx_vcpu_destroy(struct virt_vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (!x)
		return;
	if (x->loaded)
		vmx_unload(v);
	list_remove(vmx_vm_of(v->vm), x);
	virt_fpu_free(x->xsave);
	pages_free(x->vmcs, 0);
	pages_free(x, 0);
	v->backend = NULL;
}
