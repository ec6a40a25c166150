/* SPDX-License-Identifier: BSD-2-Clause */
/* IPIs between the core's CPUs: calls, stops. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/mm/host.h"
#include "arch/x86/smp/smp.h"

#define STOP_SPINS 1000000

/* Lives on the caller's stack until it is done. */
struct request {
	struct request *next;
	void (*fn)(void *arg);
	void *arg;
	u32 *pending; /* decremented when done */
};

static PERCPU(struct request *, inbox);
static bool stop_requested;

static void serve_inbox(void *unused)
{
	struct request *r = __atomic_exchange_n(&percpu(inbox), NULL, __ATOMIC_ACQ_REL);

	(void)unused;
	while (r) {
		/* Gone as soon as it is reported as done. */
		struct request *next = r->next;

		r->fn(r->arg);
		__atomic_fetch_sub(r->pending, 1, __ATOMIC_RELEASE);
		r = next;
	}
}

static void post(u32 cpu, struct request *r)
{
	struct request **box = &percpu_of(cpu, inbox);

	r->next = __atomic_load_n(box, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(box, &r->next, r, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		cpu_relax();
	lapic_ipi(cpu_by_id(cpu)->apic_id, IRQ_VECTOR_CALL);
}

static void wait_done(const u32 *pending)
{
	while (__atomic_load_n(pending, __ATOMIC_ACQUIRE)) {
		serve_inbox(NULL);
		cpu_relax();
	}
}

void smp_init(void)
{
	irq_vector_set(IRQ_VECTOR_CALL, serve_inbox, NULL);
}

void smp_call(u32 cpu, void (*fn)(void *arg), void *arg)
{
	u32 pending = 1;
	struct request r = {.fn = fn, .arg = arg, .pending = &pending};

	if (cpu == cpu_id()) {
		fn(arg);
		return;
	}
	post(cpu, &r);
	wait_done(&pending);
}

void smp_call_others(void (*fn)(void *arg), void *arg)
{
	for (u32 cpu = 0; cpu < cpu_count(); cpu++)
		if (cpu != cpu_id())
			smp_call(cpu, fn, arg);
}

struct range {
	u64 va, size;
};

static void flush_range(void *arg)
{
	const struct range *r = arg;

	host_tlb_flush_local(r->va, r->size);
}

void smp_tlb_flush(u64 va, u64 size)
{
	struct range r = {va, size};

	flush_range(&r);
	smp_call_others(flush_range, &r);
}

bool smp_stop_requested(void)
{
	return __atomic_load_n(&stop_requested, __ATOMIC_ACQUIRE);
}

void smp_stop_self(void)
{
	__atomic_store_n(&this_cpu()->stopped, true, __ATOMIC_RELEASE);
	cpu_halt_forever();
}

static bool stop_one(const struct cpu *cpu)
{
	if (!cpu->stopped)
		lapic_ipi_nmi(cpu->apic_id);
	for (u32 spins = 0; spins < STOP_SPINS; spins++) {
		if (__atomic_load_n(&cpu->stopped, __ATOMIC_ACQUIRE))
			return true;
		cpu_relax();
	}
	return false;
}

u32 smp_stop_others(void)
{
	u32 stopped = 0;

	__atomic_store_n(&stop_requested, true, __ATOMIC_RELEASE);
	for (u32 id = 0; id < cpu_count(); id++)
		if (id != cpu_id())
			stopped += stop_one(cpu_by_id(id));
	return stopped;
}
