/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's I/O APIC: 24 inputs, version 20h with an EOI register (Intel 82093AA
 * data sheet and ICH data sheets). Inputs carry the logical state, asserted or
 * not; the polarity bit is kept for the guest and changes nothing.
 */
#ifndef VMM_VDEV_VIOAPIC_H
#define VMM_VDEV_VIOAPIC_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define VIOAPIC_INPUTS 24
#define VIOAPIC_SIZE 0x1000 /* bytes of MMIO at LAYOUT_IOAPIC */

struct platform;
struct vioapic;

/* Registers itself at LAYOUT_IOAPIC on p->mmio. ERR_NOMEM. */
int __must_check vioapic_create(struct platform *p);
void vioapic_destroy(struct vioapic *io);
void vioapic_reset(struct vioapic *io);

/* The APIC ID that the MADT tells and the register holds after reset. */
u8 vioapic_id(const struct platform *p);

/* Set input `pin`; pins that do not exist are ignored. Any CPU. */
void vioapic_set(struct vioapic *io, unsigned pin, bool asserted);

/* A local APIC has ended a level-triggered interrupt of this vector. Any CPU. */
void vioapic_eoi(struct vioapic *io, u8 vector);

#endif
