/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_X86_CONSOLE_FONT_H
#define ARCH_X86_CONSOLE_FONT_H

#include "kernel/lib/types.h"

#define FONT_WIDTH 6
#define FONT_HEIGHT 9

/* FONT_HEIGHT rows of a printable ASCII character (others give a box); bit
 * FONT_WIDTH - 1 is the leftmost pixel. */
const u8 *font_glyph(char c);

#endif
