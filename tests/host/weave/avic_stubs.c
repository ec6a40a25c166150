/* SPDX-License-Identifier: BSD-2-Clause */
/* What the real files call and these tests have no use for. */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpu/features.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/mm/pages.h"
#include "kernel/mm/heap.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "tests/host/weave/avic_world.h"
#include "vmm/exit/longest.h"
#include "vmm/vcpu/pvclock.h"
#include "vmm/vdev/vtime.h"

PERCPU(u64, timer_heap_deadline);
PERCPU(u64, timer_alarm);

const struct cpu_features *cpu_features(void)
{
	static const struct cpu_features features = {.max_ext_leaf = 0x80000000};

	return &features;
}

void *pages_alloc(unsigned order)
{
	void *pages = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);

	return pages ? memset(pages, 0, PAGE_SIZE << order) : NULL;
}

void pages_free(void *pages, unsigned order)
{
	(void)order;
	free(pages);
}

/* What is larger than a page is aligned to one, as the heap has it. */
void *heap_alloc(size_t size)
{
	return pages_alloc(pages_order(size));
}

void heap_free(void *p)
{
	free(p);
}

unsigned pages_order(size_t bytes)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

void lapic_ipi(u32 apic_id, u8 vector)
{
	(void)apic_id;
	(void)vector;
}

u64 svm_xcr0_get(const struct svm_vcpu *x)
{
	return x->xcr0;
}

void svm_xcr0_set(struct svm_vcpu *x, u64 value)
{
	x->xcr0 = value;
}

u64 svm_tsc_aux_get(const struct svm_vcpu *x)
{
	return x->tsc_aux;
}

void svm_tsc_aux_set(struct svm_vcpu *x, u64 value)
{
	x->tsc_aux = value;
}

void virt_spec_set(struct virt_spec *s, u64 value)
{
	s->guest = (u32)value;
}

void sched_init_entity(struct sched_entity *e, const char *name, void (*run)(struct sched_entity *))
{
	(void)e;
	(void)name;
	(void)run;
}

void sched_set_group(struct sched_entity *e, struct sched_group *group)
{
	(void)e;
	(void)group;
}

struct sched_entity *sched_turn(struct sched_entity *e)
{
	(void)e;
	return NULL;
}

struct sched_entity *sched_turn_blocked(struct sched_entity *e)
{
	(void)e;
	return NULL;
}

bool sched_turn_may_do(void)
{
	return true;
}

void sched_begin_anew(void)
{
}

bool sched_alone(void)
{
	return false;
}

bool sched_hurry(struct sched_entity *e)
{
	(void)e;
	return true;
}

bool pv_boost(struct vcpu *v)
{
	(void)v;
	return false;
}

void sched_drop_reserve(struct sched_entity *e)
{
	(void)e;
}

void exit_longest_keep(const struct vcpu *v)
{
	(void)v;
}

void exit_msr_reset(struct vcpu *v)
{
	(void)v;
}

const struct cpuid_entry *cpuid_policy_find(const struct cpuid_policy *p, u32 leaf, u32 subleaf)
{
	(void)p;
	(void)leaf;
	(void)subleaf;
	return NULL;
}

void irq_dispatch(u8 vector)
{
	(void)vector;
}

void pvclock_update(struct vcpu *v)
{
	(void)v;
}

void vm_vcpu_parked(struct vm *vm)
{
	(void)vm;
}

void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len)
{
	(void)m;
	(void)gpa;
	(void)len;
	return NULL;
}

u64 time_ticks_to_ns(u64 ticks)
{
	return ticks;
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	(void)t;
	(void)fn;
}

void timer_arm(struct timer *t, u64 deadline)
{
	(void)t;
	(void)deadline;
}

bool timer_cancel_sync(struct timer *t)
{
	(void)t;
	return true;
}

unsigned timer_run_expired(void)
{
	return 0;
}

void timer_program(void)
{
}

u64 vtime_host_deadline(struct platform *p, u64 guest_tsc)
{
	(void)p;
	return guest_tsc;
}

u64 vtime_host_rearm(struct platform *p, u64 guest_tsc, u64 fired_at)
{
	(void)p;
	(void)fired_at;
	return guest_tsc;
}
