/* SPDX-License-Identifier: BSD-2-Clause */
/* The way into the guest and back: what every exit pays for. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/vmx/vmx.h"

void vmx_set_deadline(struct virt_vcpu *v, u64 tsc)
{
	vmx_of(v)->deadline = tsc;
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

/* The timer counts down in units of TSC >> shift. It never fires late: where its 32 bits
 * are not enough it fires early. */
static void timer_set(struct vmx_vcpu *x)
{
	bool want = x->deadline != VMX_NO_DEADLINE;
	u32 pin = x->controls.pin;

	if (want) {
		u64 now = rdtsc();
		u64 ticks = x->deadline > now ? (x->deadline - now) >> vmx_caps.timer_shift : 0;

		vmwrite(VMCS_GUEST_PREEMPTION_TIMER, MIN(ticks, (u64)0xffffffff));
		pin |= (u32)PIN_PREEMPTION_TIMER;
	} else {
		pin &= ~(u32)PIN_PREEMPTION_TIMER;
	}
	if (pin != x->controls.pin) {
		x->controls.pin = pin;
		vmwrite(VMCS_PIN_CONTROLS, pin);
	}
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

/* Do what .todo says. False: the guest is not to be entered. */
static bool todo_do(struct vmx_vcpu *x, struct virt_exit *exit)
{
	u32 todo = x->todo;

	x->todo = 0;
	if (todo & TODO_FAULT) {
		exit->kind = VIRT_EXIT_TRIPLE_FAULT;
		exit->insn_len = 0;
		return false;
	}
	if (todo & TODO_VPID)
		vmx_vpid_renew(x);
	if (todo & TODO_EVENT)
		event_write(x);
	return true;
}

void vmx_enter(struct virt_vcpu *v, struct virt_exit *exit)
{
	struct vmx_vcpu *x = v->backend;

	do {
		u64 generation = __atomic_load_n(&v->vm->flush_generation, __ATOMIC_ACQUIRE);

		if (unlikely(x->todo) && !todo_do(x, exit))
			break;
		if (unlikely(x->ept_seen != generation))
			vmx_ept_flush(x, generation);
		if (x->deadline != VMX_NO_DEADLINE || (x->controls.pin & PIN_PREEMPTION_TIMER))
			timer_set(x);
		if (unlikely(vmx_guest_run(v->gpr, x))) {
			vmx_entry_failed(v, true, exit);
			break;
		}
		x->flags |= VMX_LAUNCHED;
	} while (unlikely(!vmx_exit_translate(v, x, exit)));
	x->deadline = VMX_NO_DEADLINE;
}
