/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/longest.h"

#include "vmm/exit/exit.h"

struct kept {
	struct ticketlock lock;
	u64 ticks[VIRT_EXIT_KINDS], count[VIRT_EXIT_KINDS];
};
static struct kept kept;

static void add(struct kept *to, const struct vcpu *v)
{
	for (unsigned kind = 0; kind < VIRT_EXIT_KINDS; kind++) {
		to->ticks[kind] = MAX(to->ticks[kind], v->longest[kind]);
		to->count[kind] += v->exits[kind];
	}
}

void exit_longest_keep(const struct vcpu *v)
{
	ticket_lock(&kept.lock);
	add(&kept, v);
	ticket_unlock(&kept.lock);
}

void exit_longest_for_each(longest_fn *fn, void *ctx)
{
	struct kept sum = kept;
	struct list *it;

	list_for_each (it, vm_list()) {
		struct vm *vm = list_entry(it, struct vm, link);

		if (!vm_hold(vm))
			continue;
		for (u32 i = 0; i < vm->cpus; i++)
			add(&sum, vm->vcpus[i]);
		vm_release(vm);
	}
	for (unsigned kind = 0; kind < VIRT_EXIT_KINDS; kind++)
		if (sum.ticks[kind])
			fn(ctx, "exit", exit_names[kind], sum.ticks[kind], sum.count[kind]);
}
