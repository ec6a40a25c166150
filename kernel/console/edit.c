/* SPDX-License-Identifier: BSD-2-Clause */
/* The edit line at the bottom of the terminal: the console keeps a copy, so that any
 * processor can print above it. */
#include <stdio.h>
#include <string.h>

#include "kernel/console/internal.h"

#define EDIT_WIDTH 79 /* columns used; a longer line is shown in part, around the cursor */
#define EDIT_TEXT 256

static struct {
	const char *prompt;
	char text[EDIT_TEXT];
	size_t len, cursor;
	bool active; /* there is an edit line */
	bool drawn;  /* it is on the screen now */
} edit;

/* How much of the text is visible, and from where. */
static size_t edit_window(size_t *start)
{
	size_t room = EDIT_WIDTH - MIN(strlen(edit.prompt), EDIT_WIDTH / 2);

	*start = edit.cursor > room ? edit.cursor - room : 0;
	return MIN(edit.len - *start, room);
}

void edit_erase(void)
{
	if (!edit.drawn)
		return;
	out_raw("\r\033[K", 4);
	out_line_erased();
	edit.drawn = false;
}

void edit_draw(void)
{
	char line[EDIT_WIDTH * 2 + 16];
	size_t start, shown, back;
	int len;

	if (!edit.active || edit.drawn)
		return;
	out_fresh_line();
	shown = edit_window(&start);
	back = start + shown - edit.cursor;
	len = snprintf(line, sizeof(line), "%.*s%.*s", EDIT_WIDTH, edit.prompt, (int)shown,
		       edit.text + start);
	if (back && len > 0)
		len += snprintf(line + len, sizeof(line) - len, "\033[%uD", (unsigned)back);
	out_raw(line, len > 0 ? (size_t)len : 0);
	edit.drawn = true;
}

void edit_forget(void)
{
	edit_erase();
	edit.active = false;
}

/* A character typed at the end of a line that fits: the common case, nothing to redraw. */
static bool edit_is_appended(const char *text, size_t len, size_t cursor)
{
	size_t start;

	return edit.drawn && len == edit.len + 1 && cursor == len && edit.cursor == edit.len &&
	       !memcmp(text, edit.text, edit.len) && edit_window(&start) == edit.len &&
	       strlen(edit.prompt) + len < EDIT_WIDTH;
}

void console_edit_show(const char *prompt, const char *text, size_t len, size_t cursor)
{
	bool appended;

	console_acquire();
	len = MIN(len, EDIT_TEXT);
	appended = edit.active && prompt == edit.prompt && edit_is_appended(text, len, cursor);
	if (!appended)
		edit_erase();
	edit.prompt = prompt;
	edit.len = len;
	edit.cursor = MIN(cursor, len);
	edit.active = true;
	memcpy(edit.text, text, len);
	if (appended)
		out_raw(text + len - 1, 1);
	else
		edit_draw();
	console_release();
}

void console_edit_hide(bool keep)
{
	console_acquire();
	if (edit.active && keep) {
		edit_draw();
		out_text(OUT_TERMINALS, "\n", 1);
		out_text(OUT_PLAIN, edit.prompt, strlen(edit.prompt));
		out_text(OUT_PLAIN, edit.text, edit.len);
		out_text(OUT_PLAIN, "\n", 1);
		edit.drawn = false;
	} else {
		edit_erase();
	}
	edit.active = false;
	console_release();
}

void console_clear_screen(void)
{
	console_acquire();
	edit.drawn = false;
	out_raw("\033[H\033[2J\r", 8);
	edit_draw();
	console_release();
}
