/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader says: on the firmware's console, on the serial port when the console does not
 * include it, and into the buffer that the core puts into its log. */
#ifndef BOOT_EFI_PRINT_H
#define BOOT_EFI_PRINT_H

#include "kernel/lib/types.h"

/* One line, without newline. */
void print_line(const char *fmt, ...) __printf(1, 2);
/* A line for the core's log only: what is fine needs no place on the screen. */
void print_log(const char *fmt, ...) __printf(1, 2);
/* A part of a line, for people who wait; it does not get into the log. */
void print_part(const char *fmt, ...) __printf(1, 2);

/* The lines so far, each ended by a newline. */
const char *print_messages(size_t *size);

/* Shows that a file is being read. Nothing for small ones; a row of ten dots for large. */
void progress_begin(const char *name, u64 total);
void progress_add(u64 bytes);
void progress_end(void);

#endif
