/* SPDX-License-Identifier: BSD-2-Clause */
/* A lock for the few short and rare places of arch itself; the layers above
 * have fair ones in kernel/sync. */
#ifndef ARCH_X86_CPU_SPIN_H
#define ARCH_X86_CPU_SPIN_H

#include "arch/x86/cpu/cpu.h"

struct spin {
	u32 held;
};

static inline void spin_lock(struct spin *s)
{
	while (__atomic_exchange_n(&s->held, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static inline void spin_unlock(struct spin *s)
{
	__atomic_store_n(&s->held, 0, __ATOMIC_RELEASE);
}

#endif
