/* SPDX-License-Identifier: BSD-2-Clause */
/* The I/O APICs, found by whoever knows (MADT, or the standard address). */
#ifndef ARCH_X86_IRQ_IOAPIC_H
#define ARCH_X86_IRQ_IOAPIC_H

#include "kernel/lib/types.h"

/* Where something stands between an I/O APIC and the processors that wants entries of its own
 * form: fill in all of an entry but vector, polarity, trigger and mask for the I/O APIC with this
 * ID. Errors are reported where they are born. */
struct ioapic_remapping {
	int (*entry)(u8 id, u8 vector, u32 apic_id, bool level, u64 *out);
};
/* For lines that are routed from now on. At boot. */
void ioapic_remap(const struct ioapic_remapping *remapping);

/* Take over one, with its ID of the MADT: maps it, masks all its entries. ERR_IO when what answers
 * there is no I/O APIC, ERR_NOMEM. */
__must_check int ioapic_add(u8 id, hpa_t address, u32 gsi_base);
/* An ISA interrupt that is wired to another GSI or with another polarity or
 * trigger than edge, active high. */
void ioapic_add_override(u8 isa_irq, u32 gsi, bool level, bool low);

/* The GSI of an ISA interrupt and how it is wired, by the overrides. */
struct ioapic_isa {
	u32 gsi;
	bool level, low;
};
struct ioapic_isa ioapic_isa_lookup(u8 isa_irq);

/* Deliver a GSI as vector to one CPU, unmasked. ERR_NOENT: no I/O APIC has
 * that GSI; ERR_RANGE: apic_id is above 254 (needs interrupt remapping); errors of remapping. */
__must_check int ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool low);
/* The same for an ISA interrupt number, wired as the overrides say. */
__must_check int ioapic_route_isa(u8 isa_irq, u8 vector, u32 apic_id);
void ioapic_mask(u32 gsi);
void ioapic_unmask(u32 gsi);

/* How many interrupt lines all I/O APICs have: GSIs are below that. */
u32 ioapic_gsi_count(void);

#endif
