/* SPDX-License-Identifier: BSD-2-Clause */
/* AMD-V behind arch/x86/virt.h. */
#include "arch/x86/svm/ops.h"

#include "arch/x86/mm/radix.h"
#include "arch/x86/svm/svm.h"

/* The local APIC is not virtualized by hardware but for CR8. */
static void mode_ignore(struct virt_vcpu *v, enum virt_apic_mode mode)
{
	(void)v;
	(void)mode;
}

static void status_ignore(struct virt_vcpu *v, u8 rvi, u8 svi)
{
	(void)v;
	(void)rvi;
	(void)svi;
}

static void request_ignore(struct virt_vcpu *v, u8 rvi)
{
	(void)v;
	(void)rvi;
}

static void eoi_exit_ignore(struct virt_vcpu *v, const u64 bitmap[4])
{
	(void)v;
	(void)bitmap;
}

static int post_refuse(struct virt_vcpu *v, u32 host_cpu)
{
	(void)v;
	(void)host_cpu;
	return ERR_UNSUPPORTED;
}

const struct virt_ops svm_ops = {
    .name = "AMD-V",
    .nested_format = &radix_format_npt,
    .present = svm_present,
    .check = svm_check,
    .cpu_on = svm_cpu_on,
    .cpu_off = svm_cpu_off,
    .vm_create = svm_vm_create,
    .vm_destroy = svm_vm_destroy,
    .vcpu_create = svm_vcpu_create,
    .vcpu_destroy = svm_vcpu_destroy,
    .vcpu_reset = svm_vcpu_reset,
    .load = svm_load,
    .unload = svm_unload,
    .enter = svm_enter,
    .get_reg = svm_get_reg,
    .set_reg = svm_set_reg,
    .get_seg = svm_get_seg,
    .cpl = svm_cpl,
    .get_code = svm_get_code,
    .set_seg = svm_set_seg,
    .skip = svm_skip,
    .event_pending = svm_event_pending,
    .inject_exception = svm_inject_exception,
    .inject_irq = svm_inject_irq,
    .inject_nmi = svm_inject_nmi,
    .irq_ready = svm_irq_ready,
    .nmi_ready = svm_nmi_ready,
    .irq_window = svm_irq_window,
    .nmi_window = svm_nmi_window,
    .set_deadline = svm_set_deadline,
    .set_tsc_offset = svm_set_tsc_offset,
    .tlb_flush_vm = svm_tlb_flush_vm,
    .tlb_flush_vcpu = svm_tlb_flush_vcpu,
    .msr_pass = svm_msr_pass,
    .io_pass = svm_io_pass,
    .apic_mode = mode_ignore,
    .apic_tpr_threshold = svm_tpr_threshold,
    .apic_set_status = status_ignore,
    .apic_set_request = request_ignore,
    .apic_eoi_exit = eoi_exit_ignore,
    .apic_post = post_refuse,
};
