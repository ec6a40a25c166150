/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping, and waking who sleeps. A CPU that waits in MWAIT is woken by a store to its
 * word: neither is an interrupt sent, nor has it to be taken.
 */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/smp/smp.h"

/* A cache line of its own, for every store to it ends the sleep. */
struct bed {
	u32 asleep; /* atomic: 1 from before MONITOR until somebody, or the CPU itself, clears it */
} __aligned(64);
static PERCPU(struct bed, bed);

/* Emulators that run below us tell of MWAIT, but some do not wake from it. */
static bool can_mwait(void)
{
	const struct cpu_features *f = cpu_features();

	return f->monitor && f->mwait_break && !f->hypervisor;
}

void smp_idle(void)
{
	u32 *asleep = &percpu(bed).asleep;

	if (unlikely(!can_mwait())) {
		cpu_idle();
		return;
	}
	__atomic_exchange_n(asleep, 1, __ATOMIC_SEQ_CST);
	cpu_monitor(asleep);
	/* Who clears it from here on ends the MWAIT; who kicked before has sent an interrupt. */
	if (likely(__atomic_load_n(asleep, __ATOMIC_SEQ_CST)))
		cpu_mwait();
	__atomic_store_n(asleep, 0, __ATOMIC_RELAXED);
}

void smp_kick(u32 cpu)
{
	if (cpu == cpu_id())
		return;
	/* Ordered after the caller's stores also when it is not asleep. */
	if (!__atomic_exchange_n(&percpu_of(cpu, bed).asleep, 0, __ATOMIC_SEQ_CST))
		lapic_ipi(cpu_by_id(cpu)->apic_id, IRQ_VECTOR_KICK);
}
