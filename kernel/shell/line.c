/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/shell/line.h"

#include <string.h>

#define CTRL(c) ((c)&0x1f)
#define DELETE 0x7f
#define ESC 0x1b

enum line_escape { ESCAPE_NONE, ESCAPE_ESC, ESCAPE_CSI, ESCAPE_SS3 };

void line_init(struct line *line, struct line_history *history)
{
	memset(line, 0, sizeof(*line));
	line->history = history;
}

void line_clear(struct line *line)
{
	line->len = line->cursor = 0;
	line->text[0] = '\0';
	line->browse = 0;
}

void line_insert(struct line *line, const char *text, size_t len)
{
	len = MIN(len, SHELL_LINE - 1 - line->len);
	memmove(line->text + line->cursor + len, line->text + line->cursor,
		line->len - line->cursor + 1);
	memcpy(line->text + line->cursor, text, len);
	line->len += len;
	line->cursor += len;
}

/* Delete the bytes [from, to); the cursor goes to from. */
static void line_delete(struct line *line, size_t from, size_t to)
{
	memmove(line->text + from, line->text + to, line->len - to + 1);
	line->len -= to - from;
	line->cursor = from;
}

static void line_set(struct line *line, const char *text)
{
	line->len = line->cursor = strlen(text);
	memcpy(line->text, text, line->len + 1);
}

void line_remember(struct line *line)
{
	struct line_history *history = line->history;

	if (!history || !line->len)
		return;
	if (history->count &&
	    !strcmp(history->text[(history->count - 1) % LINE_HISTORY], line->text))
		return;
	memcpy(history->text[history->count++ % LINE_HISTORY], line->text, line->len + 1);
}

/* Go to the line that is `back` lines ago. */
static void line_browse(struct line *line, u32 back)
{
	struct line_history *history = line->history;

	if (!history || back > MIN(history->count, LINE_HISTORY) || back == line->browse)
		return;
	if (!line->browse)
		memcpy(line->saved, line->text, line->len + 1);
	line_set(line, back ? history->text[(history->count - back) % LINE_HISTORY] : line->saved);
	line->browse = back;
}

static void line_older(struct line *line)
{
	line_browse(line, line->browse + 1);
}

static void line_newer(struct line *line)
{
	if (line->browse)
		line_browse(line, line->browse - 1);
}

static void line_left(struct line *line)
{
	line->cursor -= line->cursor > 0;
}

static void line_right(struct line *line)
{
	line->cursor += line->cursor < line->len;
}

static void line_home(struct line *line)
{
	line->cursor = 0;
}

static void line_end(struct line *line)
{
	line->cursor = line->len;
}

static void line_delete_right(struct line *line)
{
	if (line->cursor < line->len)
		line_delete(line, line->cursor, line->cursor + 1);
}

static void line_delete_left(struct line *line)
{
	if (line->cursor)
		line_delete(line, line->cursor - 1, line->cursor);
}

static void line_kill_right(struct line *line)
{
	line_delete(line, line->cursor, line->len);
}

static void line_kill_left(struct line *line)
{
	line_delete(line, 0, line->cursor);
}

static void line_kill_word(struct line *line)
{
	size_t from = line->cursor;

	while (from && line->text[from - 1] == ' ')
		from--;
	while (from && line->text[from - 1] != ' ')
		from--;
	line_delete(line, from, line->cursor);
}

struct line_key {
	u8 key;
	void (*fn)(struct line *line);
};

static const struct line_key control_keys[] = {
    {CTRL('a'), line_home},       {CTRL('b'), line_left},      {CTRL('d'), line_delete_right},
    {CTRL('e'), line_end},        {CTRL('f'), line_right},     {CTRL('h'), line_delete_left},
    {CTRL('k'), line_kill_right}, {CTRL('n'), line_newer},     {CTRL('p'), line_older},
    {CTRL('u'), line_kill_left},  {CTRL('w'), line_kill_word}, {DELETE, line_delete_left},
};

/* Final bytes of ESC [ and ESC O sequences. */
static const struct line_key escape_keys[] = {
    {'A', line_older}, {'B', line_newer}, {'C', line_right},
    {'D', line_left},  {'F', line_end},   {'H', line_home},
};

/* Numbers of ESC [ n ~ sequences. */
static const struct line_key number_keys[] = {
    {1, line_home}, {3, line_delete_right}, {4, line_end}, {7, line_home}, {8, line_end},
};

static enum line_event line_key(struct line *line, const struct line_key *keys, size_t count,
				u8 key)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i].key == key) {
			keys[i].fn(line);
			return LINE_CHANGED;
		}
	}
	return LINE_NONE;
}

static enum line_event line_escape(struct line *line, u8 c)
{
	if (line->escape == ESCAPE_ESC) {
		line->escape = c == '[' ? ESCAPE_CSI : c == 'O' ? ESCAPE_SS3 : ESCAPE_NONE;
		line->param = 0;
		return LINE_NONE;
	}
	if (c >= '0' && c <= '9') {
		line->param = (u8)(line->param * 10 + (c - '0'));
		return LINE_NONE;
	}
	/* Other parameter and intermediate bytes: modifiers, which are not looked at. */
	if (c >= 0x20 && c < 0x40)
		return LINE_NONE;
	line->escape = ESCAPE_NONE;
	if (c == '~')
		return line_key(line, number_keys, ARRAY_SIZE(number_keys), line->param);
	return line_key(line, escape_keys, ARRAY_SIZE(escape_keys), c);
}

enum line_event line_feed(struct line *line, char byte)
{
	u8 c = (u8)byte;
	bool after_cr = line->cr;

	line->cr = c == '\r';
	if (line->escape && c >= ' ')
		return line_escape(line, c);
	line->escape = ESCAPE_NONE;
	switch (c) {
	case '\n':
		return after_cr ? LINE_NONE : LINE_DONE;
	case '\r':
		return LINE_DONE;
	case '\t':
		return LINE_COMPLETE;
	case CTRL('c'):
		return LINE_CANCEL;
	case CTRL('l'):
		return LINE_REDRAW;
	case ESC:
		line->escape = ESCAPE_ESC;
		return LINE_NONE;
	default:
		break;
	}
	if (c < ' ' || c == DELETE)
		return line_key(line, control_keys, ARRAY_SIZE(control_keys), c);
	if (c > DELETE)
		return LINE_NONE;
	line_insert(line, &byte, 1);
	return LINE_CHANGED;
}
