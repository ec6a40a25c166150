/* SPDX-License-Identifier: BSD-2-Clause */
/* For guests: configuration space by ports (PCI Local Bus 3.0, 3.2.2.3.2). */
#ifndef TESTS_GUEST_LIB_PCI_H
#define TESTS_GUEST_LIB_PCI_H

#include "tests/guest/lib/guest.h"

/* Write value to the register at offset of function 0 of a device on bus 0, or read it. Returns
 * what is there then. */
static inline u32 pci_config(u32 device, u32 offset, bool write, u32 value)
{
	u32 address = 0x80000000u | device << 11 | offset;

	__asm__ volatile("outl %0, %w1" ::"a"(address), "Nd"(0xcf8));
	if (write)
		__asm__ volatile("outl %0, %w1" ::"a"(value), "Nd"(0xcfc));
	else
		__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(0xcfc));
	return value;
}

#endif
