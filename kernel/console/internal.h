/* SPDX-License-Identifier: BSD-2-Clause */
/* What the console's own files share. Functions whose names begin with out_ or edit_
 * are called with console_lock() held. */
#ifndef KERNEL_CONSOLE_INTERNAL_H
#define KERNEL_CONSOLE_INTERNAL_H

#include "kernel/console/console.h"

void console_acquire(void);
void console_release(void);

/* Who gets a piece of output. */
enum out_to { OUT_TERMINALS = 1, OUT_PLAIN = 2, OUT_ALL = 3 };

/* Text with "\n" line ends; escape sequences only to terminals. */
void out_text(enum out_to to, const char *text, size_t len);
/* Bytes as they are, to terminals. */
void out_raw(const char *text, size_t len);
/* Start a new line on terminals unless at the start of one. */
void out_fresh_line(void);
/* Room that the fullest terminal has. */
size_t out_room(void);
/* The cursor is at the start of an empty line now. */
void out_line_erased(void);

/* Take the edit line off the screen and put it back, around other output. */
void edit_erase(void);
void edit_draw(void);
/* No edit line any more: somebody else has the screen. */
void edit_forget(void);

/* Call the reader's detached() from the work item. */
void input_notify_detached(void);
/* Wait until no byte is being given to the stream by another processor. */
void input_wait_idle(const struct console_stream *stream);

#endif
