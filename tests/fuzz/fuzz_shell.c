/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that can be typed or written by a guest: the first byte of a record
 * says who speaks and how much, the rest is what is said. What reaches the
 * terminal from a guest that is not attached must be printable.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/console/console.h"
#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"
#include "tests/host/services/fake.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void guest_takes(struct console_stream *stream, char c)
{
	console_stream_output(stream, &c, 1);
}

static struct console_stream guest = {.name = "guest", .input = guest_takes};

static int attach(struct shell *sh, int argc, char **argv)
{
	(void)sh;
	(void)argv;
	return argc > 3 ? ERR_INVAL : console_attach(&guest);
}

static void complete(struct shell_completion *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		shell_complete_add(c, argv[i]);
	shell_complete_add(c, "guest");
	shell_complete_add(c, "guess");
}
SHELL_COMMAND(at, "[X]", "attach", NULL, attach, complete);

static void answered(struct shell *sh, bool yes, void *ctx)
{
	(void)ctx;
	shell_printf(sh, "%d\n", yes);
}

static int ask(struct shell *sh, int argc, char **argv)
{
	shell_ask(sh, argv[argc - 1], answered, NULL);
	return 0;
}
SHELL_COMMAND(ask, "X", "ask", NULL, ask, complete);

extern const struct shell_command *const __start_shell_cmds[];
extern const struct shell_command *const __stop_shell_cmds[];

static void check_printable(void)
{
	for (size_t i = 0; i < fake_terminal_len; i++) {
		char c = fake_terminal[i];

		if ((c < ' ' || c > '~') && c != '\r' && c != '\n')
			abort();
	}
}

static void start(void)
{
	console_init();
	console_add_backend(&fake_terminal_backend, false);
	shell_init(__start_shell_cmds, __stop_shell_cmds);
	shell_start();
	if (console_stream_register(&guest))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool started;

	if (!started)
		start();
	started = true;
	while (size) {
		size_t len = MIN(size - 1, data[0] >> 1u);
		bool typed = data[0] & 1;
		bool attached = console_attached() != NULL;

		data++;
		if (!typed) {
			console_edit_hide(false);
			fake_terminal_clear();
			console_stream_output(&guest, (const char *)data, len);
			if (!attached)
				check_printable();
		}
		for (size_t i = 0; typed && i < len; i++) {
			console_input((char)data[i]);
			fake_work_run();
		}
		data += len;
		size -= len + 1;
	}
	console_detach();
	fake_work_run();
	return 0;
}
