/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/pvclock.h"

#include "kernel/time/time.h"

#define NS_PER_SEC 1000000000ull

int pvclock_enable(struct vcpu *v, u64 value)
{
	gpa_t gpa = GPA(value & ~1ull);

	if (value & 1) {
		if (!IS_ALIGNED(gpa.v, 4) ||
		    !vm_memory_ptr(&v->vm->memory, gpa, sizeof(struct pvclock_vcpu_time)))
			return trace_err(ERR_FAULT, "vm %s: kvmclock page at %#llx is not in RAM",
					 v->vm->name, (unsigned long long)gpa.v);
	}
	v->msrs.kvm_clock = value;
	pvclock_update(v);
	return 0;
}

void pvclock_update(struct vcpu *v)
{
	struct pvclock_vcpu_time *page;
	u32 mul;
	signed char shift;

	if (!(v->msrs.kvm_clock & 1))
		return;
	page = vm_memory_ptr(&v->vm->memory, GPA(v->msrs.kvm_clock & ~1ull), sizeof(*page));
	if (!page)
		return;
	pvclock_scale(time_tsc_hz(), &mul, &shift);
	v->clock_version += 2;
	__atomic_store_n(&page->version, v->clock_version - 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	/* The same for all vCPUs, and not the time of writing, which would be rounded in another
	 * way each time: their clocks must agree to the tick, as TSC_STABLE says. */
	page->tsc_timestamp = v->vm->started_tsc + v->vm->tsc_offset;
	page->system_time = 0;
	page->tsc_to_system_mul = mul;
	page->tsc_shift = shift;
	page->flags = PVCLOCK_TSC_STABLE;
	__atomic_store_n(&page->version, v->clock_version, __ATOMIC_RELEASE);
}

int pvclock_wall_clock(struct vm *vm, u64 gpa)
{
	struct pvclock_wall_clock *page;
	u64 ns;

	page = IS_ALIGNED(gpa, 4) ? vm_memory_ptr(&vm->memory, GPA(gpa), sizeof(*page)) : NULL;
	if (!page)
		return trace_err(ERR_FAULT, "vm %s: kvmclock wall clock at %#llx is not in RAM",
				 vm->name, (unsigned long long)gpa);
	ns = vm_wall_clock() + vm->started_ns;
	__atomic_store_n(&page->version, page->version | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	page->sec = (u32)(ns / NS_PER_SEC);
	page->nsec = (u32)(ns % NS_PER_SEC);
	__atomic_store_n(&page->version, (page->version | 1) + 1, __ATOMIC_RELEASE);
	return 0;
}
