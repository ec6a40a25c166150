/* SPDX-License-Identifier: BSD-2-Clause */
/* The line editor: bytes in, edited line and events out. Pure; draws nothing. */
#ifndef KERNEL_SHELL_LINE_H
#define KERNEL_SHELL_LINE_H

#include "kernel/shell/shell.h"

#define LINE_HISTORY 32

enum line_event {
	LINE_NONE,
	LINE_CHANGED,  /* text or cursor: show it */
	LINE_DONE,     /* Enter: text is NUL-terminated; line_clear() begins the next */
	LINE_CANCEL,   /* Ctrl-C */
	LINE_COMPLETE, /* Tab */
	LINE_REDRAW,   /* Ctrl-L */
};

struct line_history {
	char text[LINE_HISTORY][SHELL_LINE];
	u32 count; /* lines ever remembered */
};

struct line {
	char text[SHELL_LINE]; /* len bytes and a NUL */
	size_t len, cursor;
	struct line_history *history; /* NULL: none */
	u32 browse;                   /* lines back in the history, 0: not in it */
	char saved[SHELL_LINE];       /* what was being typed before going there */
	u8 escape;                    /* state in an escape sequence */
	u8 param;                     /* its number */
	bool cr;                      /* the last byte was CR: an LF belongs to it */
};

void line_init(struct line *line, struct line_history *history);

/* Empty the line. */
void line_clear(struct line *line);

enum line_event line_feed(struct line *line, char c);

/* Insert text at the cursor; what does not fit is left out. */
void line_insert(struct line *line, const char *text, size_t len);

/* Remember the line, unless empty or the same as the last. */
void line_remember(struct line *line);

#endif
