/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtualization of the local APIC (SDM vol. 3, chapter 30). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/vmx/vmx.h"

#define X2APIC_MSR(offset) (0x800 + ((offset) >> 4))
#define APIC_TPR 0x80
#define APIC_PPR 0xa0
#define APIC_EOI 0xb0
#define APIC_SELF_IPI 0x3f0

/* Registers that the page always holds the right value of, so that reading needs no exit.
 * ICR and the timer's current count are the virtual APIC's business. */
static const struct {
	u16 first, last;
} readable[] = {
    {0x020, 0x030}, /* ID, version */
    {0x080, 0x080}, /* TPR */
    {0x0d0, 0x0d0}, /* LDR */
    {0x0f0, 0x0f0}, /* spurious-interrupt vector */
    {0x100, 0x270}, /* ISR, TMR, IRR */
    {0x320, 0x370}, /* LVT */
    {0x380, 0x380}, /* initial count */
    {0x3e0, 0x3e0}, /* divide configuration */
};

/* In x2APIC mode these do not reach the hardware's APIC: the processor looks into the
 * page (30.5). The bitmap must never be in use in another mode. */
void vmx_apic_bitmap_init(u8 *bitmap, const struct virt_caps *caps)
{
	for (size_t i = 0; i < ARRAY_SIZE(readable); i++)
		for (u32 reg = readable[i].first; reg <= readable[i].last; reg += 0x10)
			vmx_bitmap_pass(bitmap, X2APIC_MSR(reg), true, false);
	vmx_bitmap_pass(bitmap, X2APIC_MSR(APIC_TPR), true, true);
	if (!caps->virq_delivery)
		return;
	vmx_bitmap_pass(bitmap, X2APIC_MSR(APIC_PPR), true, false);
	vmx_bitmap_pass(bitmap, X2APIC_MSR(APIC_EOI), false, true);
	vmx_bitmap_pass(bitmap, X2APIC_MSR(APIC_SELF_IPI), false, true);
}

static u32 mode_control(const struct virt_vm *vm, enum virt_apic_mode mode)
{
	if (mode == VIRT_APIC_XAPIC && vm->apic_page.v)
		return (u32)PROC2_APIC_ACCESSES;
	if (mode == VIRT_APIC_X2APIC && vmx_vm_of(vm)->x2apic_msr_bitmap)
		return (u32)PROC2_X2APIC;
	return 0;
}

static void mode_write(struct virt_vcpu *v, struct vmx_vcpu *x, enum virt_apic_mode mode)
{
	u32 control = mode_control(v->vm, mode);
	const u8 *bitmap =
	    control == PROC2_X2APIC ? vmx_vm_of(v->vm)->x2apic_msr_bitmap : v->vm->msr_bitmap;

	x->controls.proc2 &= ~(u32)(PROC2_APIC_ACCESSES | PROC2_X2APIC);
	x->controls.proc2 |= control;
	vmwrite(VMCS_PROC2_CONTROLS, x->controls.proc2);
	vmwrite(VMCS_MSR_BITMAP, virt_to_hpa(bitmap).v);
	/* Whether the APIC page is the real page changes with the control (29.4.3.1). */
	x->todo |= TODO_VPID | TODO_EPT;
}

void vmx_apic_mode(struct virt_vcpu *v, enum virt_apic_mode mode)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (x->apic_mode == mode || !(x->controls.proc & PROC_TPR_SHADOW))
		return;
	x->apic_mode = mode;
	if (!x->loaded)
		vmx_borrow(x);
	mode_write(v, x, mode);
	if (!x->loaded)
		vmx_give_back(x);
}

/* A threshold above the TPR itself would be refused at entry. */
void vmx_apic_tpr_threshold(struct virt_vcpu *v, u8 threshold)
{
	struct vmx_vcpu *x = vmx_of(v);
	u8 class;

	if (!(x->controls.proc & PROC_TPR_SHADOW) || (x->controls.proc2 & PROC2_VIRQ_DELIVERY))
		return;
	class = ((const u8 *)x->vapic_page)[APIC_TPR] >> 4;
	threshold = MIN(threshold, class);
	if (x->tpr_threshold == threshold)
		return;
	x->tpr_threshold = threshold;
	vmwrite(VMCS_TPR_THRESHOLD, threshold);
}

/* What a window is asked for comes beside what hardware delivers. */
bool vmx_apic_deliver(struct virt_vcpu *v, enum virt_delivery how)
{
	(void)how;
	return vmx_of(v)->controls.proc2 & PROC2_VIRQ_DELIVERY;
}

void vmx_apic_set_status(struct virt_vcpu *v, u8 rvi, u8 svi)
{
	if (vmx_of(v)->controls.proc2 & PROC2_VIRQ_DELIVERY)
		vmwrite(VMCS_GUEST_INTERRUPT_STATUS, (u32)svi << 8 | rvi);
}

void vmx_apic_set_request(struct virt_vcpu *v, u8 rvi)
{
	if (vmx_of(v)->controls.proc2 & PROC2_VIRQ_DELIVERY)
		vmwrite(VMCS_GUEST_INTERRUPT_STATUS,
			(vmread(VMCS_GUEST_INTERRUPT_STATUS) & 0xff00) | rvi);
}

void vmx_apic_eoi_exit(struct virt_vcpu *v, const u64 bitmap[4])
{
	if (!(vmx_of(v)->controls.proc2 & PROC2_VIRQ_DELIVERY))
		return;
	for (unsigned i = 0; i < 4; i++)
		vmwrite(VMCS_EOI_EXIT_BITMAP0 + 2 * i, bitmap[i]);
}

int vmx_apic_post(struct virt_vcpu *v, u32 host_cpu)
{
	if (!(vmx_of(v)->controls.pin & PIN_POSTED_INTERRUPTS))
		return ERR_UNSUPPORTED;
	lapic_ipi(cpu_by_id(host_cpu)->apic_id, IRQ_VECTOR_PI);
	return ERR_OK;
}
