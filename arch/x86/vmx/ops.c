/* SPDX-License-Identifier: BSD-2-Clause */
/* VT-x behind arch/x86/virt.h. */
#include "arch/x86/vmx/ops.h"

#include "arch/x86/mm/radix.h"
#include "arch/x86/vmx/vmx.h"

const struct virt_ops vmx_ops = {
    .name = "VT-x",
    .nested_format = &radix_format_ept,
    .present = vmx_present,
    .check = vmx_check,
    .cpu_on = vmx_cpu_on,
    .cpu_off = vmx_cpu_off,
    .vm_create = vmx_vm_create,
    .vm_destroy = vmx_vm_destroy,
    .vcpu_create = vmx_vcpu_create,
    .vcpu_destroy = vmx_vcpu_destroy,
    .vcpu_reset = vmx_vcpu_reset,
    .load = vmx_load,
    .unload = vmx_unload,
    .enter = vmx_enter,
    .get_reg = vmx_get_reg,
    .set_reg = vmx_set_reg,
    .get_seg = vmx_get_seg,
    .get_code = vmx_get_code,
    .set_seg = vmx_set_seg,
    .skip = vmx_skip,
    .event_pending = vmx_event_pending,
    .inject_exception = vmx_inject_exception,
    .inject_irq = vmx_inject_irq,
    .inject_nmi = vmx_inject_nmi,
    .irq_ready = vmx_irq_ready,
    .nmi_ready = vmx_nmi_ready,
    .irq_window = vmx_irq_window,
    .nmi_window = vmx_nmi_window,
    .set_deadline = vmx_set_deadline,
    .set_tsc_offset = vmx_set_tsc_offset,
    .tlb_flush_vm = vmx_tlb_flush_vm,
    .tlb_flush_vcpu = vmx_tlb_flush_vcpu,
    .msr_pass = vmx_msr_pass,
    .io_pass = vmx_io_pass,
    .apic_mode = vmx_apic_mode,
    .apic_tpr_threshold = vmx_apic_tpr_threshold,
    .apic_set_status = vmx_apic_set_status,
    .apic_set_request = vmx_apic_set_request,
    .apic_eoi_exit = vmx_apic_eoi_exit,
    .apic_post = vmx_apic_post,
};
