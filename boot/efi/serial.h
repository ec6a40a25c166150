/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's serial port: where the core should talk, and whether the console covers it. */
#ifndef BOOT_EFI_SERIAL_H
#define BOOT_EFI_SERIAL_H

#include "boot/efi/efi.h"
#include "boot/handoff/handoff.h"

/* Look for the serial ports that the firmware drives. */
void serial_init(void);
/* Send text of n characters to the port, unless the firmware's console does so itself. */
void serial_mirror(const CHAR16 *text, size_t n);
/* The port as the core wants to know it. */
void serial_describe(struct handoff_console *console);

#endif
