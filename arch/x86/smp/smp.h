/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other processors, and talking to them. */
#ifndef ARCH_X86_SMP_SMP_H
#define ARCH_X86_SMP_SMP_H

#include "arch/x86/cpu/percpu.h"
#include "kernel/lib/types.h"

/* On the boot CPU, before the first call to another one. */
void smp_init(void);

/* Stacks for NMI, #MC and #DF: allocate a CPU's (ERR_NOMEM), use those of this one. */
__must_check int smp_alloc_exception_stacks(struct cpu *cpu);
void smp_use_exception_stacks(void);

/* What starting needs to know; apic_ids may contain the boot CPU and
 * duplicates, which are skipped. */
struct smp_plan {
	const u32 *apic_ids;
	u32 count;
	hpa_t trampoline; /* one page of RAM below 1 MiB, 0: none, start nobody */
	/* Runs on each started CPU, on its own stack; never returns. */
	void (*entry)(void);
};

/* Start all processors of the plan one after the other; one that does not
 * answer is reported and left out. Returns how many are up in all. */
u32 smp_start(const struct smp_plan *plan);

/* Sleep until an interrupt or a kick; returns with interrupts off, and it may be pending
 * then. The caller has checked with interrupts off that there is nothing to do. */
void smp_idle(void);

/* Make a CPU look at its flags word: wakes it from smp_idle(), brings it out of
 * guest mode. Any context; a kick of oneself does nothing. */
void smp_kick(u32 cpu_id);

/* Add an APIC id to a list of count ids unless it is there; returns the new
 * count, at most capacity. Pure. */
u32 smp_list_add(u32 *apic_ids, u32 count, u32 capacity, u32 apic_id);

/*
 * Run fn(arg) on another CPU with interrupts off and wait until it is done;
 * on oneself it is called directly. Calls to this CPU are served while it
 * waits, so two CPUs may call each other. The caller holds no lock, fn takes
 * none that somebody may hold while waiting here.
 */
void smp_call(u32 cpu_id, void (*fn)(void *arg), void *arg);
/* The same on all other CPUs, one after the other. */
void smp_call_others(void (*fn)(void *arg), void *arg);

/* Drop the core's own translations of a range on all CPUs, bytes. */
void smp_tlb_flush(u64 va, u64 size);

/* Stop all others for ever, by NMI: panic, reset and power-off. Waits a bounded
 * time for each; returns how many have stopped. */
u32 smp_stop_others(void);
/* For the NMI handler: whether that is what the NMI means, and how to obey. */
bool smp_stop_requested(void);
__noreturn void smp_stop_self(void);

#ifdef HANOK_HOST
__attribute__((weak)) void smp_call(u32 cpu_id, void (*fn)(void *arg), void *arg)
{
	(void)cpu_id;
	fn(arg);
}
__attribute__((weak)) void smp_call_others(void (*fn)(void *arg), void *arg)
{
	(void)fn;
	(void)arg;
}
__attribute__((weak)) void smp_tlb_flush(u64 va, u64 size)
{
	(void)va;
	(void)size;
}
#endif

#endif
