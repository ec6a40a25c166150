/* SPDX-License-Identifier: BSD-2-Clause */
/* Converting between the TSC's ticks and those of the one-shot timer. Pure. */
#ifndef ARCH_X86_IRQ_LAPIC_RATIO_H
#define ARCH_X86_IRQ_LAPIC_RATIO_H

#include "kernel/lib/types.h"

/* Timer ticks per TSC tick, 32.32 fixed point, from what both counted in the
 * same time. Never 0. */
u64 lapic_timer_ratio(u32 timer_ticks, u64 tsc_ticks);

/* Count for a delay of tsc_ticks: rounded up, at least 1, at most 2^32 - 1
 * (then it fires early and is set again). */
u32 lapic_timer_count(u64 tsc_ticks, u64 ratio);

#endif
