/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output without drivers, locks or memory: the first lines of a boot, and
 * panics. Goes to a serial port and to the screen, whichever is there. "\n"
 * becomes "\r\n" on the serial port.
 */
#ifndef ARCH_X86_CONSOLE_EARLY_H
#define ARCH_X86_CONSOLE_EARLY_H

#include "kernel/lib/types.h"

/* A 16550: registers at base + (index << shift), ports or mapped memory. */
struct early_serial {
	bool mmio;
	u8 shift;
	u64 base; /* port number or virtual address; 0: none */
};

/* Look for a 16550 at the port (usually 0x3f8); nothing answers: no output
 * there. The line's speed is left as the firmware has set it. */
void early_console_probe(u16 port);
/* Use this one, found by a driver. */
void early_console_set_serial(const struct early_serial *serial);

void early_console_write(const char *text, size_t len);

/* A driver has taken over the line or the screen: early_console_write() stays
 * silent until a panic wants it again. */
void early_console_quiet(void);
void early_console_panic(void);

#endif
