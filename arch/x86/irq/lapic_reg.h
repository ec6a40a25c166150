/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the local APIC, SDM vol. 3 table 11-1; x2APIC MSR numbers are
 * MSR_X2APIC_BASE + offset / 16. For the files of this folder. */
#ifndef ARCH_X86_IRQ_LAPIC_REG_H
#define ARCH_X86_IRQ_LAPIC_REG_H

#include "kernel/lib/types.h"

#define LAPIC_ID 0x20
#define LAPIC_TPR 0x80
#define LAPIC_EOI 0xb0
#define LAPIC_SVR 0xf0
#define LAPIC_SVR_ENABLE 0x100u
#define LAPIC_ESR 0x280
#define LAPIC_LVT_CMCI 0x2f0
#define LAPIC_ICR 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_THERMAL 0x330
#define LAPIC_LVT_PERF 0x340
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_LVT_ERROR 0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0
#define LAPIC_TIMER_DIVIDE_BY_1 0xbu

#define LVT_MASKED BIT(16)
#define LVT_MODE_NMI 0x400u
#define LVT_TIMER_TSC_DEADLINE (2u << 17)
#define ICR_MODE_NMI 0x400u
#define ICR_MODE_INIT 0x500u
#define ICR_MODE_STARTUP 0x600u
#define ICR_BUSY BIT(12)
#define ICR_ASSERT BIT(14)

u32 lapic_read(unsigned reg);
void lapic_write(unsigned reg, u32 value);

/* Set up this CPU's timer LVT; irq/lapic_timer.c. */
void lapic_timer_init_cpu(void);

#endif
