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

/* How likely it is that v holds what others spin for, or is next in line. */
enum { HOLDS_NOTHING, MAY_BE_NEXT, MAY_HOLD };

static unsigned candidate(const struct vcpu *v)
{
	if (!sched_waiting(&v->sched) || !v->pv.in_kernel)
		return HOLDS_NOTHING;
	return v->pv.spun ? MAY_BE_NEXT : MAY_HOLD;
}

/* The turn goes round, so that a wrong guess is not repeated. */
static struct vcpu *likely_holder(const struct vcpu *v)
{
	const struct vm *vm = v->vm;
	struct vcpu *best = NULL;
	unsigned most = HOLDS_NOTHING;

	for (u32 i = 1; i <= vm->cpus; i++) {
		struct vcpu *other = vm->vcpus[(v->pv.last_boost + i) % vm->cpus];
		unsigned rank = other == v ? HOLDS_NOTHING : candidate(other);

		if (rank > most) {
			most = rank;
			best = other;
		}
	}
	return best;
}

enum vcpu_next exit_pause(struct vcpu *v, const struct virt_exit *exit)
{
	struct vcpu *holder = likely_holder(v);

	(void)exit;
	v->pv.spins++;
	/* With all siblings at work it is a matter of moments. */
	if (!holder || !sched_yield_to(&holder->sched))
		return VCPU_AGAIN;
	v->pv.boosts++;
	v->pv.last_boost = holder->index;
	v->pv.spun = true;
	return VCPU_STOP;
}
