/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a linear framebuffer of 32 bits per pixel. Written only, never read:
 * the text itself is kept in memory, and the screen scrolls by a third of its
 * height at a time, because framebuffers are slow.
 */
#ifndef ARCH_X86_CONSOLE_FBCON_H
#define ARCH_X86_CONSOLE_FBCON_H

#include "kernel/lib/types.h"

struct fbcon_mode {
	u32 *pixels; /* mapped; NULL: no screen */
	u32 width, height;
	u32 stride;                 /* pixels from one line to the next */
	u32 foreground, background; /* in the framebuffer's format */
};

/* Take over a screen and clear it. The text so far is kept when only `pixels`
 * has moved (another mapping of the same screen). */
void fbcon_init(const struct fbcon_mode *mode);
bool fbcon_present(void);

/* ASCII; understands \n, \r, \b and \t, other control bytes are dropped. */
void fbcon_write(const char *text, size_t len);

/* Columns and rows that fit. Pure. */
void fbcon_geometry(u32 width, u32 height, u32 *scale, u32 *columns, u32 *rows);

#endif
