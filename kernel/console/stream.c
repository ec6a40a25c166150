/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "kernel/console/filter.h"
#include "kernel/console/internal.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

#define STREAM_REPLAY 2048u /* bytes of the ring shown at attach */
#define STREAM_NAME 31
#define STREAM_SLACK 256u /* room that has to stay for the shell when a guest line is shown */

/* Undo what a guest may have done to the terminal: soft reset, main screen, default
 * colours, ASCII character set, cursor on. */
#define TERMINAL_RESET "\033[!p\033[?1049l\033[0m\017\033[?25h"

static struct list streams = LIST_INIT(streams);
static struct console_stream *attached;
static bool following = true;

static void ring_put(struct console_stream *stream, const char *text, size_t len)
{
	if (len > CONSOLE_RING) {
		text += len - CONSOLE_RING;
		stream->written += len - CONSOLE_RING;
		len = CONSOLE_RING;
	}
	while (len) {
		size_t offset = stream->written % CONSOLE_RING;
		size_t part = MIN(len, CONSOLE_RING - offset);

		memcpy(stream->ring + offset, text, part);
		stream->written += part;
		text += part;
		len -= part;
	}
}

static char ring_at(const struct console_stream *stream, u64 position)
{
	return stream->ring[position % CONSOLE_RING];
}

/* Show the end of the ring, from the start of a line if there is one. */
static void ring_replay(const struct console_stream *stream)
{
	u64 from = stream->written > STREAM_REPLAY ? stream->written - STREAM_REPLAY : 0;

	for (u64 i = from; from && i < stream->written; i++) {
		if (ring_at(stream, i) == '\n') {
			from = i + 1;
			break;
		}
	}
	for (; from < stream->written; from++) {
		char c = ring_at(stream, from);

		out_raw(&c, 1);
	}
}

int console_stream_register(struct console_stream *stream)
{
	if (!stream->name || !stream->input)
		return trace_err(ERR_INVAL, "console: stream without name or input");
	stream->ring = heap_alloc(CONSOLE_RING);
	stream->filter = heap_alloc(sizeof(*stream->filter));
	if (!stream->ring || !stream->filter) {
		heap_free(stream->ring);
		heap_free(stream->filter);
		return trace_err(ERR_NOMEM, "console: no memory for the stream %s", stream->name);
	}
	stream->written = 0;
	console_acquire();
	list_add_tail(&streams, &stream->link);
	console_release();
	return ERR_OK;
}

/* The lock is held. */
static void stream_detach(void)
{
	const char *name = attached->name;
	char text[64];
	int len;

	attached = NULL;
	out_raw(TERMINAL_RESET, sizeof(TERMINAL_RESET) - 1);
	out_text(OUT_TERMINALS, "\n", 1);
	len = snprintf(text, sizeof(text), "[detached from %.*s]\n", STREAM_NAME, name);
	out_text(OUT_TERMINALS, text, len);
	input_notify_detached();
}

void console_stream_unregister(struct console_stream *stream)
{
	console_acquire();
	if (attached == stream)
		stream_detach();
	list_del(&stream->link);
	console_release();
	input_wait_idle(stream);
	heap_free(stream->ring);
	heap_free(stream->filter);
	stream->ring = NULL;
	stream->filter = NULL;
}

/* A complete line of a guest that is not attached, or none of it if the serial line is
 * so far behind that the shell would suffer. */
static void stream_show_line(struct console_stream *stream)
{
	struct console_filter *filter = stream->filter;
	char prefix[STREAM_NAME + 48];
	int len = snprintf(prefix, sizeof(prefix), "[%.*s] ", STREAM_NAME, stream->name);

	if (out_room() < filter->len + sizeof(prefix) + STREAM_SLACK) {
		filter->dropped++;
		return;
	}
	edit_erase();
	out_fresh_line();
	if (filter->dropped) {
		len = snprintf(prefix, sizeof(prefix), "[%.*s] (%u lines not shown)\n[%.*s] ",
			       STREAM_NAME / 2, stream->name, filter->dropped, STREAM_NAME / 2,
			       stream->name);
		filter->dropped = 0;
	}
	out_text(OUT_ALL, prefix, MIN((size_t)len, sizeof(prefix) - 1));
	out_text(OUT_ALL, filter->line, filter->len);
	out_text(OUT_ALL, "\n", 1);
}

static void stream_follow(struct console_stream *stream, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (console_filter_feed(stream->filter, text[i]) && following && !attached)
			stream_show_line(stream);
	}
	edit_draw();
}

/* What fits. */
static size_t stream_pass(const char *text, size_t len)
{
	size_t part = MIN(len, out_room());

	out_raw(text, part);
	return part;
}

/* To the screen: all of it, or as much as there is room for. Returns how much. */
static size_t stream_show(struct console_stream *stream, const char *text, size_t len)
{
	if (stream == attached)
		return stream_pass(text, len);
	if (stream->ring)
		stream_follow(stream, text, len);
	return len;
}

size_t console_stream_output(struct console_stream *stream, const char *text, size_t len)
{
	size_t done;

	console_acquire();
	done = stream_show(stream, text, len);
	if (stream->ring)
		ring_put(stream, text, done);
	console_release();
	return done;
}

int console_attach(struct console_stream *stream)
{
	console_acquire();
	if (attached) {
		console_release();
		return trace_err(ERR_BUSY, "console: attached already");
	}
	edit_forget();
	out_fresh_line();
	attached = stream;
	memset(stream->filter, 0, sizeof(*stream->filter));
	ring_replay(stream);
	console_release();
	return ERR_OK;
}

void console_detach(void)
{
	console_acquire();
	if (attached)
		stream_detach();
	console_release();
}

struct console_stream *console_attached(void)
{
	return attached;
}

void console_follow(bool on)
{
	following = on;
}

bool console_following(void)
{
	return following;
}
