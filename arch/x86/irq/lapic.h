/* SPDX-License-Identifier: BSD-2-Clause */
/* Local APIC, in x2APIC mode where there is one (SDM vol. 3 ch. 11). */
#ifndef ARCH_X86_IRQ_LAPIC_H
#define ARCH_X86_IRQ_LAPIC_H

#include "kernel/lib/types.h"

/* Stay in xAPIC mode unless firmware has left it. Processors that only x2APIC can name are then
 * left out. Before the first lapic_init_cpu(). */
void lapic_avoid_x2apic(void);
/* Enable this CPU's and take its id; without interrupts so far. */
void lapic_init_cpu(void);
bool lapic_is_x2apic(void);
u32 lapic_id(void);

void lapic_eoi(void);
void lapic_ipi(u32 apic_id, u8 vector);
void lapic_ipi_nmi(u32 apic_id);
void lapic_ipi_init(u32 apic_id);
/* page is the physical address divided by 4096, below 256. */
void lapic_ipi_startup(u32 apic_id, u8 page);

/* Learn the rate of the one-shot timer where there is no TSC-deadline mode;
 * tsc_khz is the TSC's rate. Busy for at most 2 ms. */
void lapic_timer_calibrate(u64 tsc_khz);
/* This CPU's timer fires (IRQ_VECTOR_TIMER) once when the TSC reaches the
 * deadline, at once when it has passed; ~0 disarms it. */
void lapic_timer_set(u64 tsc_deadline);
/* "tsc-deadline" or "one-shot". */
const char *lapic_timer_kind(void);

#endif
