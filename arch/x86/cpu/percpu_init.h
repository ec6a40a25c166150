/* SPDX-License-Identifier: BSD-2-Clause */
/* How per-CPU areas come into being; for main and for starting CPUs only. */
#ifndef ARCH_X86_CPU_PERCPU_INIT_H
#define ARCH_X86_CPU_PERCPU_INIT_H

#include "arch/x86/cpu/percpu.h"

/* The boot CPU's area and canary: before anything uses percpu(). */
void percpu_init_boot(void);

/* Make room for that many CPUs; not 0 when there is no memory. */
__must_check int percpu_reserve(u32 count);

/* A struct cpu with the next id and a copy of the template; NULL without memory. */
struct cpu *percpu_create(u32 apic_id);

/* It has come up: count it. In the order of the ids, by the boot CPU. */
void percpu_publish(struct cpu *cpu);

#endif
