/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM gets of the processors: from its configuration, and changed while it runs. */
#include <string.h>

#include "vmm/vcpu/vcpu.h"

/* No processor named means all of them. */
static struct sched_cpus cpus_of(const struct config_sched *s)
{
	static const struct config_sched none;
	struct sched_cpus cpus = sched_cpus_all();

	static_assert(sizeof(cpus) == sizeof(s->pin), "the same bits");
	if (memcmp(s->pin, none.pin, sizeof(s->pin)))
		memcpy(&cpus, s->pin, sizeof(cpus));
	return cpus;
}

static int apply_one(struct vcpu *v, const struct config_sched *s)
{
	const struct sched_cpus cpus = cpus_of(s);
	int err = sched_set_cpus(&v->sched, &cpus);

	if (err)
		return trace_err(err,
				 "vm %s: its vCPUs cannot run on the processors of pin: give "
				 "others",
				 v->vm->name);
	err = sched_set_reserve(&v->sched, s->reserve_us, s->reserve_us ? s->period_us : 0);
	if (err)
		return trace_err(err,
				 "vm %s: vCPU %u cannot reserve %u of every %u us: reserve "
				 "less, pin it to other processors, or stop another VM",
				 v->vm->name, v->index, s->reserve_us, s->period_us);
	return 0;
}

int vm_sched_apply(struct vm *vm)
{
	sched_set_weight(&vm->sched, vm->share.weight);
	sched_set_cap(&vm->sched, vm->share.cap_percent);
	for (u32 i = 0; vm->vcpus && i < vm->cpus; i++) {
		int err = apply_one(vm->vcpus[i], &vm->share);

		if (err)
			return err;
	}
	return 0;
}

int vm_sched_set(struct vm *vm, const struct config_sched *share)
{
	const struct config_sched before = vm->share;
	int err;

	vm->share = *share;
	err = vm_sched_apply(vm);
	if (!err)
		return 0;
	vm->share = before;
	if (vm_sched_apply(vm))
		log_err("vm %s: not all of its former share could be given back", vm->name);
	return err;
}
