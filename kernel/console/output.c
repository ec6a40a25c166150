/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/console/internal.h"
#include "kernel/log/log.h"
#include "kernel/sync/ticketlock.h"

#define CONSOLE_PRINTF 1024

static struct ticketlock console_lock;
static struct list console_backends = LIST_INIT(console_backends);
static bool console_line_start = true; /* of the terminals */
static bool console_panicking;

#define for_each_backend(b, it)                                          \
	for ((it) = console_backends.next;                               \
	     (it) != &console_backends &&                                \
	     ((b) = list_entry(it, struct console_backend, link), true); \
	     (it) = (it)->next)

void console_acquire(void)
{
	if (!console_panicking)
		ticket_lock(&console_lock);
}

void console_release(void)
{
	if (!console_panicking)
		ticket_unlock(&console_lock);
}

/* Write text with "\n" as "\r\n", in few calls. */
static void backend_text(struct console_backend *backend,
			 size_t (*write)(struct console_backend *, const char *, size_t),
			 const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t part = end ? (size_t)(end - text) : len;

		if (part)
			write(backend, text, part);
		if (!end)
			return;
		write(backend, "\r\n", 2);
		text = end + 1;
		len -= part + 1;
	}
}

void out_text(enum out_to to, const char *text, size_t len)
{
	struct console_backend *backend;
	struct list *it;

	if (!len)
		return;
	for_each_backend(backend, it)
	{
		if (to & (backend->plain ? OUT_PLAIN : OUT_TERMINALS))
			backend_text(backend, backend->write, text, len);
	}
	if (to & OUT_TERMINALS)
		console_line_start = text[len - 1] == '\n';
}

void out_raw(const char *text, size_t len)
{
	struct console_backend *backend;
	struct list *it;

	if (!len)
		return;
	for_each_backend(backend, it)
	{
		if (!backend->plain)
			backend->write(backend, text, len);
	}
	console_line_start = text[len - 1] == '\n' || text[len - 1] == '\r';
}

void out_fresh_line(void)
{
	if (!console_line_start)
		out_text(OUT_TERMINALS, "\n", 1);
}

void out_line_erased(void)
{
	console_line_start = true;
}

size_t out_room(void)
{
	struct console_backend *backend;
	size_t room = ~(size_t)0;
	struct list *it;

	for_each_backend(backend, it)
	{
		if (!backend->plain && backend->room)
			room = MIN(room, backend->room(backend));
	}
	return room;
}

size_t console_room(void)
{
	size_t room;

	console_acquire();
	room = out_room();
	console_release();
	return room;
}

static void console_write_as(const char *text, size_t len, bool always)
{
	bool attached;

	console_acquire();
	attached = console_attached() != NULL;
	if (attached && !always) {
		out_text(OUT_PLAIN, text, len);
	} else {
		edit_erase();
		if (attached)
			out_fresh_line();
		out_text(OUT_ALL, text, len);
		if (console_line_start)
			edit_draw();
	}
	console_release();
}

void console_write(const char *text, size_t len)
{
	console_write_as(text, len, false);
}

void console_write_always(const char *text, size_t len)
{
	console_write_as(text, len, true);
}

void console_printf(const char *fmt, ...)
{
	char text[CONSOLE_PRINTF];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0)
		console_write(text, MIN((size_t)len, sizeof(text) - 1));
}

static size_t panic_write(struct console_backend *backend, const char *text, size_t len)
{
	backend->write_panic(backend, text, len);
	return len;
}

void console_panic(const char *text, size_t len)
{
	struct console_backend *backend;
	struct list *it;

	for_each_backend(backend, it)
	{
		if (!backend->write_panic)
			continue;
		/* The line may be half-written, or a guest's screen. */
		if (!console_panicking && !backend->plain)
			backend->write_panic(backend, "\033[0m\r\n", 6);
		backend_text(backend, panic_write, text, len);
	}
	console_panicking = true;
}

void console_drain(void)
{
	struct console_backend *backend;
	struct list *it;

	console_acquire();
	for_each_backend(backend, it)
	{
		if (backend->write_panic)
			backend->write_panic(backend, "", 0);
	}
	console_release();
}

static void console_log_line(const struct log_line *line)
{
	char text[LOG_FORMATTED + 1];
	size_t len = log_format(line, text, sizeof(text) - 1);

	text[len++] = '\n';
	console_write_as(text, len, line->level == KLOG_ERR);
}

static void console_replay(struct console_backend *backend)
{
	char text[LOG_FORMATTED + 1];
	struct log_line line;
	u64 cursor = 0;

	while (log_read(&cursor, &line)) {
		size_t len;

		if (line.level > log_echo_level())
			continue;
		len = log_format(&line, text, sizeof(text) - 1);
		text[len++] = '\n';
		backend_text(backend, backend->write, text, len);
	}
}

void console_add_backend(struct console_backend *backend, bool replay)
{
	console_acquire();
	if (replay)
		console_replay(backend);
	list_add_tail(&console_backends, &backend->link);
	console_release();
}

void console_init(void)
{
	static const struct log_echo_ops ops = {.line = console_log_line};

	log_set_echo(&ops);
}
