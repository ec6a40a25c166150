/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that waits: by HLT, or in a loop of PAUSEs, for something that a sibling without a
 * processor holds perhaps. Guests that do not halt and kick are helped by giving it to that one.
 */
#include "arch/x86/cpu/cpu.h"
#include "vmm/exit/exit.h"

enum vcpu_next exit_hlt(struct vcpu *v, const struct virt_exit *exit)
{
	virt->skip(&v->virt, exit->insn_len);
	if (unlikely(kick_ends_halt(&v->pv.kick))) {
		v->pv.kicked++;
		return VCPU_AGAIN;
	}
	v->halted_masked = !(virt->get_reg(&v->virt, VIRT_RFLAGS) & RFLAGS_IF);
	vcpu_set_activity(v, VCPU_HALTED);
	return VCPU_AGAIN;
}

enum vcpu_next exit_pause(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	v->pv.spins++;
	v->pv.spun = true;
	__atomic_store_n(&v->vm->contended, true, __ATOMIC_RELAXED);
	/* Who halts when it has spun for long gives its processor away then, and the kick knows
	 * whom to wake: a guess now would only disturb. With all siblings at work it is a matter of
	 * moments. */
	if (__atomic_load_n(&v->vm->kicks, __ATOMIC_RELAXED) || !pv_boost(v))
		return VCPU_AGAIN;
	return VCPU_STOP;
}
