/* SPDX-License-Identifier: BSD-2-Clause */
/* Events for the guest: injection, windows, and re-injection of what a VM exit
 * interrupted (SDM vol. 3, 25.8.3, 28.2.4). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/vmx/vmx.h"

static void event_set(struct vmx_vcpu *x, enum intr_type type, u8 vector, u32 flags, u32 error)
{
	x->event.info = (u32)INTR_VALID | flags | (u32)type << 8 | vector;
	x->event.error = error;
	x->event.insn_len = 0;
	x->todo |= TODO_EVENT;
}

bool vmx_event_pending(struct virt_vcpu *v)
{
	return vmx_of(v)->event.info;
}

/* Only exceptions combine with another one. */
static enum virt_combination combine(u32 first, u8 second)
{
	if (!first || INTR_TYPE(first) != INTR_EXCEPTION)
		return VIRT_SECOND_ALONE;
	return virt_combine(INTR_VECTOR(first), second);
}

/* Error codes are not pushed in real mode, and must not be asked for. */
static u32 error_flag(bool has_error)
{
	return has_error && (vmread(VMCS_GUEST_CR0) & CR0_PE) ? (u32)INTR_ERROR_VALID : 0;
}

void vmx_inject_exception(struct virt_vcpu *v, u8 vector, bool has_error, u32 error)
{
	struct vmx_vcpu *x = vmx_of(v);

	switch (combine(x->event.info, vector)) {
	case VIRT_SECOND_ALONE:
		event_set(x, INTR_EXCEPTION, vector, error_flag(has_error), error & 0xffff);
		break;
	case VIRT_DOUBLE_FAULT:
		event_set(x, INTR_EXCEPTION, VECTOR_DF, error_flag(true), 0);
		break;
	case VIRT_SHUTDOWN:
		x->todo |= TODO_FAULT;
		break;
	}
}

void vmx_inject_irq(struct virt_vcpu *v, u8 vector)
{
	event_set(vmx_of(v), INTR_EXTERNAL, vector, 0, 0);
}

void vmx_inject_nmi(struct virt_vcpu *v)
{
	event_set(vmx_of(v), INTR_NMI, VECTOR_NMI, 0, 0);
}

bool vmx_irq_ready(struct virt_vcpu *v)
{
	return !vmx_of(v)->event.info && (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
	       !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_SHADOW);
}

bool vmx_nmi_ready(struct virt_vcpu *v)
{
	return !vmx_of(v)->event.info && !(vmread(VMCS_GUEST_INTERRUPTIBILITY) &
					   (INTERRUPTIBILITY_SHADOW | INTERRUPTIBILITY_NMI));
}

static void proc_control_set(struct vmx_vcpu *x, u32 bit, bool on)
{
	u32 proc = on ? x->controls.proc | bit : x->controls.proc & ~bit;

	if (proc == x->controls.proc)
		return;
	x->controls.proc = proc;
	vmwrite(VMCS_PROC_CONTROLS, proc);
}

void vmx_irq_window(struct virt_vcpu *v, bool on)
{
	proc_control_set(vmx_of(v), (u32)PROC_IRQ_WINDOW, on);
}

void vmx_nmi_window(struct virt_vcpu *v, bool on)
{
	proc_control_set(vmx_of(v), (u32)PROC_NMI_WINDOW, on);
}

/* Not inlined: its registers would have to be saved on the usual way, too. */
static __cold __attribute__((noinline)) void skip_unusual(u64 rip, unsigned len, u64 state,
							  u64 rflags)
{
	/* Outside of 64-bit code, RIP ends at 4 GiB. */
	if ((u32)rip < len && !vmx_long_code())
		vmwrite(VMCS_GUEST_RIP, (u32)rip);
	if (state & INTERRUPTIBILITY_SHADOW)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, state & ~INTERRUPTIBILITY_SHADOW);
	/* In single-step mode an emulated instruction ends with a trap like any other. */
	if (rflags & RFLAGS_TF)
		vmwrite(VMCS_GUEST_PENDING_DEBUG,
			vmread(VMCS_GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
}

void vmx_skip(struct virt_vcpu *v, unsigned len)
{
	u64 rip = vmread(VMCS_GUEST_RIP) + len;
	u64 state = vmread(VMCS_GUEST_INTERRUPTIBILITY);
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);

	(void)v;
	vmwrite(VMCS_GUEST_RIP, rip);
	if (unlikely((state & INTERRUPTIBILITY_SHADOW) | (rflags & RFLAGS_TF)) ||
	    unlikely((u32)rip < len))
		skip_unusual(rip, len, state, rflags);
}

static void nmi_blocking_set(bool on)
{
	u64 state = vmread(VMCS_GUEST_INTERRUPTIBILITY);

	vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
		on ? state | INTERRUPTIBILITY_NMI : state & ~INTERRUPTIBILITY_NMI);
}

static bool software_event(u32 info)
{
	return INTR_TYPE(info) >= INTR_SOFT_INT;
}

static void event_keep(struct vmx_vcpu *x, u32 info, u32 error)
{
	x->event.info = info & (u32)INTR_DELIVERY;
	x->event.error = error;
	x->event.insn_len = software_event(info) ? (u32)vmread(VMCS_EXIT_INSN_LEN) : 0;
	x->todo |= TODO_EVENT;
}

/*
 * The interrupted delivery starts over. An NMI blocks NMIs from its delivery on, which
 * would forbid injecting it again; an IRET that faulted has unblocked them too early
 * (SDM vol. 3, 28.2.3).
 */
void vmx_event_requeue(struct vmx_vcpu *x, u64 unblock)
{
	u32 info = (u32)vmread(VMCS_IDT_VECTORING_INFO);

	if (likely(!(info & INTR_VALID))) {
		if (unlikely(unblock & INTR_NMI_UNBLOCKED))
			nmi_blocking_set(true);
		return;
	}
	if (INTR_TYPE(info) == INTR_NMI)
		nmi_blocking_set(false);
	event_keep(x, info, (u32)vmread(VMCS_IDT_VECTORING_ERROR));
}

void vmx_event_reflect(struct vmx_vcpu *x, u32 info)
{
	event_keep(x, info, info & INTR_ERROR_VALID ? (u32)vmread(VMCS_EXIT_INTR_ERROR) : 0);
}
