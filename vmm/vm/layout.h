/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest-physical address map, the same for every VM:
 *
 *	0 .. min(RAM, 3 GiB)	RAM (with the legacy hole below, backed by RAM too)
 *	  0xa0000 .. 0xbffff	no RAM: the VGA hole, unmapped
 *	  0xe0000 .. 0xfffff	ACPI tables, reported reserved
 *	0xc0000000 ..		32-bit PCI memory window
 *	0xe0000000 ..		ECAM
 *	0xfec00000		I/O APIC
 *	0xfee00000		local APIC
 *	4 GiB ..		the rest of RAM, then the 64-bit PCI window
 */
#ifndef VMM_VM_LAYOUT_H
#define VMM_VM_LAYOUT_H

#include "kernel/lib/types.h"

#define LAYOUT_LOW_RAM_END GIB(3)
#define LAYOUT_HIGH_RAM_BASE GIB(4)
#define LAYOUT_VGA_HOLE 0xa0000ull
#define LAYOUT_VGA_HOLE_SIZE 0x20000ull
#define LAYOUT_BIOS 0xe0000ull
#define LAYOUT_BIOS_SIZE 0x20000ull
#define LAYOUT_PCI_MMIO32 0xc0000000ull
#define LAYOUT_PCI_MMIO32_SIZE 0x20000000ull
#define LAYOUT_ECAM 0xe0000000ull
#define LAYOUT_ECAM_BUSES 16
#define LAYOUT_IOAPIC 0xfec00000ull
#define LAYOUT_LAPIC 0xfee00000ull

/* Interrupt inputs of the I/O APIC that legacy devices use. */
#define LAYOUT_GSI_PIT 2 /* ISA IRQ 0, by interrupt source override */
#define LAYOUT_GSI_COM1 4
#define LAYOUT_GSI_RTC 8
#define LAYOUT_GSI_SCI 9
#define LAYOUT_GSI_PCI 16 /* INTA to INTD: 16 to 19 */

/* Fixed ports of the ACPI PM block. */
#define LAYOUT_PM_BASE 0x600

#endif
