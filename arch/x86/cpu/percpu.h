/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU data. GS base and FS base of every CPU point to its struct cpu; FS
 * is there since the compiler's stack protector (and libfdt's objects) read
 * the canary from %fs:0x28.
 *
 * A CPU runs everything on one stack and is never preempted, so this_cpu()
 * cannot change under a function. Upper layers add their own variables:
 *	static PERCPU(struct queue, queue);	one per CPU, zeroed or initialized
 *	percpu(queue).head			that of this CPU
 *	percpu_of(id, queue).head		that of CPU id, id < cpu_count()
 */
#ifndef ARCH_X86_CPU_PERCPU_H
#define ARCH_X86_CPU_PERCPU_H

#include "kernel/lib/types.h"

#define CPU_SLOTS 4

struct cpu {
	struct cpu *self;      /* 0x00: read through %gs:0 */
	u64 percpu_delta;      /* 0x08: this CPU's copy minus the linked template */
	u32 id;                /* 0x10: 0 to cpu_count() - 1; the boot CPU is 0 */
	u32 apic_id;           /* 0x14: local APIC id, 32 bits wide in x2APIC mode */
	void *stack_top;       /* 0x18: highest address of its stack, exclusive */
	u64 flags;             /* 0x20: unused by arch */
	u64 canary;            /* 0x28: stack protector, fixed by the ABI */
	void *slot[CPU_SLOTS]; /* 0x30: free for assembly of upper layers */
	bool online;           /* has reached C code and runs */
	bool stopped;          /* halted for ever by a panic */
	void *ist_top[3];      /* stacks for NMI, #MC, #DF, in this order */
};
#define CPU_OFFSET_SLOT0 0x30
static_assert(offsetof(struct cpu, canary) == 0x28, "stack protector ABI");
static_assert(offsetof(struct cpu, slot) == CPU_OFFSET_SLOT0, "used by assembly");

/* Processors that are up; their ids are 0 to cpu_count() - 1. */
u32 cpu_count(void);
/* The CPU with this id; id < cpu_count(). */
struct cpu *cpu_by_id(u32 id);

#ifdef HANOK_HOST

struct cpu *cpu_host_fake(void);
static inline struct cpu *this_cpu(void)
{
	return cpu_host_fake();
}
#ifdef HANOK_HOST_CPUS /* a test with so many, which has these functions itself */
#define PERCPU(type, name) __typeof__(type) percpu_##name[HANOK_HOST_CPUS]
#define percpu(name) (percpu_##name[this_cpu()->id])
#define percpu_of(id, name) (percpu_##name[id])
#else
#define PERCPU(type, name) __typeof__(type) percpu_##name
#define percpu(name) (percpu_##name)
#define percpu_of(id, name) (*((void)(id), &percpu_##name))
#endif

#ifndef HANOK_HOST_CPUS
/* One CPU, defined here so that a host test needs no file of arch. */
__attribute__((weak)) struct cpu *cpu_host_fake(void)
{
	static struct cpu cpu;

	cpu.self = &cpu;
	cpu.online = true;
	return &cpu;
}
__attribute__((weak)) u32 cpu_count(void)
{
	return 1;
}
__attribute__((weak)) struct cpu *cpu_by_id(u32 id)
{
	(void)id;
	return cpu_host_fake();
}
#endif

#else

/* Not volatile: the compiler may keep the answer, see above. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline u64 percpu_delta_(void)
{
	u64 delta;

	__asm__("mov %%gs:8, %0" : "=r"(delta));
	return delta;
}

#define PERCPU(type, name) __section(".percpu") __typeof__(type) percpu_##name
#define percpu_at_(delta, name) (*(__typeof__(percpu_##name) *)((u64)&percpu_##name + (delta)))
#define percpu(name) percpu_at_(percpu_delta_(), name)
#define percpu_of(id, name) percpu_at_(cpu_by_id(id)->percpu_delta, name)

#endif

static inline u32 cpu_id(void)
{
	return this_cpu()->id;
}

#endif
