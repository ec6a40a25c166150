/* SPDX-License-Identifier: BSD-2-Clause */
/* Which interrupts of a card arrive: tried, before they are relied on. */
#ifndef DRIVERS_NIC_IRQ_H
#define DRIVERS_NIC_IRQ_H

#include "kernel/lib/types.h"

/*
 * Make the card interrupt, with trigger(), and wait until *count has grown, at most a
 * millisecond. Lines that no table describes may lead anywhere, and some emulators have none. At
 * boot, or anywhere else where interrupts may be taken.
 */
bool nic_irq_arrives(const u64 *count, void (*trigger)(void *arg), void *arg);

#endif
