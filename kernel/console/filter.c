/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/console/filter.h"

#define ESC 0x1b
#define BEL 0x07

enum filter_state {
	FILTER_TEXT,
	FILTER_ESC,        /* after ESC */
	FILTER_CSI,        /* ESC [ ... up to a final byte 40 to 7e */
	FILTER_STRING,     /* ESC ] P X ^ _ ... up to BEL or ESC \ */
	FILTER_STRING_ESC, /* ESC inside of that */
	FILTER_DONE,       /* a line was completed: the next byte starts a new one */
};

static bool is_final(u8 c, u8 from)
{
	return c >= from && c <= 0x7e;
}

static enum filter_state after_esc(u8 c)
{
	switch (c) {
	case '[':
		return FILTER_CSI;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		return FILTER_STRING;
	default:
		/* Intermediate bytes 20 to 2f, then a final one. */
		return is_final(c, 0x30) ? FILTER_TEXT : FILTER_ESC;
	}
}

/* A byte of an escape sequence. */
static void filter_escape(struct console_filter *filter, u8 c)
{
	if (c == ESC) {
		filter->state = filter->state == FILTER_STRING ? FILTER_STRING_ESC : FILTER_ESC;
		return;
	}
	switch (filter->state) {
	case FILTER_ESC:
		filter->state = after_esc(c);
		break;
	case FILTER_CSI:
		if (is_final(c, 0x40))
			filter->state = FILTER_TEXT;
		break;
	case FILTER_STRING:
		if (c == BEL)
			filter->state = FILTER_TEXT;
		break;
	default: /* FILTER_STRING_ESC */
		filter->state = c == '\\' ? FILTER_TEXT : FILTER_STRING;
	}
}

static void filter_text(struct console_filter *filter, u8 c)
{
	if (filter->cr) {
		filter->cr = false;
		filter->len = 0;
	}
	if (c == '\b') {
		filter->len -= filter->len > 0;
		return;
	}
	if (c == BEL || c == '\0' || filter->len == sizeof(filter->line))
		return;
	if (c == '\t')
		c = ' ';
	filter->line[filter->len++] = is_final(c, ' ') ? c : '?';
}

bool console_filter_feed(struct console_filter *filter, char byte)
{
	u8 c = (u8)byte;

	if (filter->state == FILTER_DONE) {
		filter->state = FILTER_TEXT;
		filter->len = 0;
	}
	/* A line end also ends a sequence that its sender never finished. */
	if (c == '\n') {
		filter->state = FILTER_DONE;
		filter->cr = false;
		return true;
	}
	if (c == '\r')
		filter->cr = true;
	else if (filter->state != FILTER_TEXT)
		filter_escape(filter, c);
	else if (c == ESC)
		filter->state = FILTER_ESC;
	else
		filter_text(filter, c);
	return false;
}
