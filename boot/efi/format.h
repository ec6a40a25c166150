/* SPDX-License-Identifier: BSD-2-Clause */
/* A small vsnprintf: gnu-efi's own formatter needs floating point and is not checked by the
 * compiler. */
#ifndef BOOT_EFI_FORMAT_H
#define BOOT_EFI_FORMAT_H

#include <stdarg.h>

#include "kernel/lib/types.h"

/*
 * Format into `to` of `size` bytes (at least 1); always NUL-terminated, cut when too long.
 * Knows %s %c %d %u %x %%, with l or ll, and a width with or without leading 0 for numbers.
 * Returns the length of what was stored, without the NUL.
 */
size_t format_v(char *to, size_t size, const char *fmt, va_list ap);
size_t format(char *to, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
