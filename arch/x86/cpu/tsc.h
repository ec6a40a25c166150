/* SPDX-License-Identifier: BSD-2-Clause */
/* The TSC's rate as arch needs it: for short waits on hardware. Found by
 * kernel/time and passed down by main. */
#ifndef ARCH_X86_CPU_TSC_H
#define ARCH_X86_CPU_TSC_H

#include "kernel/lib/types.h"

/* Before it is set, 4 GHz is assumed, so that waits are rather too long. */
void tsc_set_khz(u64 khz);
u64 tsc_khz(void);

/* Busy wait. */
void tsc_delay_us(u64 us);

#endif
