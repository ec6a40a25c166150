/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom a processor is given to that waits for a lock. */
#include "vmm/vcpu/vcpu.h"

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

bool pv_boost(struct vcpu *v)
{
	struct vcpu *holder = likely_holder(v);

	if (!holder || !sched_yield_to(&holder->sched))
		return false;
	v->pv.boosts++;
	v->pv.last_boost = holder->index;
	return true;
}
