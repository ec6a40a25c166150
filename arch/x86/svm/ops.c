/* SPDX-License-Identifier: BSD-2-Clause */
/* AMD-V behind arch/x86/virt.h. */
#include "arch/x86/svm/ops.h"

#include "arch/x86/mm/radix.h"
#include "arch/x86/svm/svm.h"

/* VMRUN finds the highest request by itself. */
static void request_ignore(struct virt_vcpu *v, u8 rvi)
{
	(void)v;
	(void)rvi;
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
    .swap = svm_swap,
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
    .apic_mode = svm_apic_mode,
    .apic_tpr_threshold = svm_tpr_threshold,
    .apic_deliver = svm_apic_deliver,
    .apic_set_status = svm_apic_set_status,
    .apic_set_request = request_ignore,
    .apic_eoi_exit = svm_apic_eoi_exit,
    .apic_post = svm_apic_post,
};
