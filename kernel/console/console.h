/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's terminal: one line in, several backends out (serial port,
 * framebuffer), shared by the log, the shell and the guests' consoles.
 *
 * Not attached: the shell has the keyboard and an edit line; whatever else
 * prints does so above it. Guests' complete lines appear as "[NAME] line" with
 * control bytes and escape sequences taken out, since a guest is not to be able to
 * write to the operator's terminal as if it were Hanok.
 * Attached: keyboard and screen belong to one stream, byte for byte; Ctrl-] ends it.
 * Of the log, only errors are shown then.
 */
#ifndef KERNEL_CONSOLE_CONSOLE_H
#define KERNEL_CONSOLE_CONSOLE_H

#include "kernel/lib/klog.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define CONSOLE_DETACH 0x1d /* Ctrl-] */
#define CONSOLE_LINE 512    /* longest guest line shown with a prefix; the rest is cut */
#define CONSOLE_RING KIB(16)

/* A place where output goes. Called with the console's lock held. */
struct console_backend {
	const char *name;
	/* Only complete lines of text: no escape sequences, no edit line. */
	bool plain;
	/* Write len bytes ("\n" already is "\r\n"); never waits long. Returns what was
	 * taken; the rest is lost, unless room() is asked first. */
	size_t (*write)(struct console_backend *backend, const char *text, size_t len);
	/* Bytes that write() would take now. NULL: always enough. */
	size_t (*room)(struct console_backend *backend);
	/* Write all by polling, ignoring locks: for panic(). NULL: not possible. */
	void (*write_panic)(struct console_backend *backend, const char *text, size_t len);
	struct list link; /* private */
};

/* Before the first other call: registers with the log as well. */
void console_init(void);

/* Add a backend. Lines logged so far are shown on it when replay is set. */
void console_add_backend(struct console_backend *backend, bool replay);

/* Hypervisor's output (any processor): text with "\n" line ends. While attached only
 * plain backends show it, apart from what console_write_always() writes. */
void console_write(const char *text, size_t len);
void console_write_always(const char *text, size_t len);
/* The same, formatted, cut at 1 KiB. */
void console_printf(const char *fmt, ...) __printf(1, 2);

/* Bytes that can be written now without waiting for a serial line. */
size_t console_room(void);

/* Wait, by polling, until all output has left: before a reset. */
void console_drain(void);

/* Write directly, without locks, for panic(). */
void console_panic(const char *text, size_t len);

/* The edit line at the bottom: shown until hidden, redrawn after other output.
 * cursor is a byte offset. keep: it remains on the screen as an ordinary line. */
void console_edit_show(const char *prompt, const char *text, size_t len, size_t cursor);
void console_edit_hide(bool keep);
void console_clear_screen(void);

/* A byte from the keyboard; called by drivers, any context, does not wait. The
 * reader gets it later, from a work item on processor 0. */
void console_input(char c);

/* Who has the keyboard while nothing is attached (the shell). */
struct console_reader {
	void (*input)(char c);
	void (*detached)(void); /* the edit line has to be shown again */
};
void console_set_reader(const struct console_reader *reader);

/* A guest's (or any other) stream of bytes. */
struct console_stream {
	const char *name;
	/* A byte typed while attached. Called on processor 0 without locks. */
	void (*input)(struct console_stream *stream, char c);
	/* Private. */
	struct list link;
	char *ring; /* the last CONSOLE_RING bytes */
	u64 written;
	struct console_filter *filter;
};

/* Register; name unique (not checked) and at most 31 bytes shown. ERR_NOMEM, ERR_INVAL. */
int __must_check console_stream_register(struct console_stream *stream);

/* Unregister: detaches if attached; when it returns no call of input is running on
 * another processor. */
void console_stream_unregister(struct console_stream *stream);

/*
 * Bytes the guest wrote. Any processor. Does not wait: returns how many of them were taken,
 * which are all, unless attached with the serial line behind. The rest is to be given again
 * when there may be room, 1.4 ms later for every 16 bytes at 115200 baud, so that a guest
 * that floods its console is as fast as the line. Callers give some 100 bytes at a time.
 */
size_t console_stream_output(struct console_stream *stream, const char *text, size_t len);

/* Give keyboard and screen to a stream: shows the end of its ring first. ERR_BUSY if
 * something is attached. */
int __must_check console_attach(struct console_stream *stream);
void console_detach(void);
struct console_stream *console_attached(void);

/* Show guests' lines with prefix while not attached? Default: yes. */
void console_follow(bool on);
bool console_following(void);

#endif
