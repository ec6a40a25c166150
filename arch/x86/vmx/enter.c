/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens on the way into a guest, besides entry.S. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/vmx/vmx.h"

#define TIMER_MAX 0xffffffffull
#define NO_DEADLINE (~0ull)

static void timer_switch(struct vmx_vcpu *x, bool on)
{
	u32 pin = x->controls.pin & ~(u32)PIN_PREEMPTION_TIMER;
	u32 exit = x->controls.exit & ~(u32)EXIT_SAVE_TIMER;

	if (on) {
		pin |= (u32)PIN_PREEMPTION_TIMER;
		exit |= vmx_caps.available.exit & (u32)EXIT_SAVE_TIMER;
	}
	if (pin == x->controls.pin)
		return;
	vmwrite(VMCS_PIN_CONTROLS, pin);
	vmwrite(VMCS_EXIT_CONTROLS, exit);
	x->controls.pin = pin;
	x->controls.exit = exit;
}

/* The timer is off, or the deadline is past, or too far for the timer, or none. */
__cold void vmx_deadline_unusual(struct vmx_vcpu *x, u64 tsc)
{
	s64 ticks = (s64)(tsc - rdtsc());

	timer_switch(x, tsc != NO_DEADLINE);
	if (tsc == NO_DEADLINE)
		return;
	ticks = ticks < 0 ? 0 : ticks >> vmx_caps.timer_shift;
	vmwrite(VMCS_GUEST_PREEMPTION_TIMER, MIN((u64)ticks, TIMER_MAX));
}

void vmx_set_deadline(struct virt_vcpu *v, u64 tsc)
{
	vmx_of(v)->fast_left = vmx_caps.fast_exits;
	vmx_deadline_write(vmx_of(v), tsc);
}

void vmx_set_tsc_offset(struct virt_vcpu *v, u64 offset)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (x->tsc_offset == offset)
		return;
	x->tsc_offset = offset;
	if (!x->loaded)
		vmx_borrow(x);
	vmwrite(VMCS_TSC_OFFSET, offset);
	if (!x->loaded)
		vmx_give_back(x);
}

static void event_write(struct vmx_vcpu *x)
{
	vmwrite(VMCS_ENTRY_INTR_INFO, x->event.info);
	if (x->event.info & INTR_ERROR_VALID)
		vmwrite(VMCS_ENTRY_ERROR_CODE, x->event.error);
	if (x->event.insn_len)
		vmwrite(VMCS_ENTRY_INSN_LEN, x->event.insn_len);
	x->event.info = 0;
}

static __attribute__((noinline)) bool prepare_unusual(struct vmx_vcpu *x, struct virt_exit *exit)
{
	u32 todo = x->todo;

	if (todo & TODO_RETURN) {
		x->todo &= ~(u32)TODO_RETURN;
		exit->kind = VIRT_EXIT_HANDLED;
		exit->insn_len = 0;
		return false;
	}
	x->todo = 0;
	if (unlikely(x->requests))
		todo |= __atomic_exchange_n(&x->requests, 0, __ATOMIC_SEQ_CST);
	if (todo & TODO_EPT)
		vmx_ept_flush(x);
	if (todo & TODO_VPID)
		vmx_vpid_renew(x);
	if (todo & TODO_EVENT)
		event_write(x);
	if (likely(!(todo & TODO_FAULT)))
		return true;
	exit->kind = VIRT_EXIT_TRIPLE_FAULT;
	exit->insn_len = 0;
	return false;
}

bool vmx_prepare(struct virt_vcpu *v, struct virt_exit *exit)
{
	struct vmx_vcpu *x = vmx_of(v);

	if (unlikely(x->todo != TODO_EVENT || x->requests))
		return prepare_unusual(x, exit);
	x->todo = 0;
	event_write(x);
	return true;
}
