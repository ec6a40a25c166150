/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tests/host/services/fake.h"

char fake_terminal[FAKE_TERMINAL];
size_t fake_terminal_len, fake_terminal_room = FAKE_TERMINAL;

static size_t terminal_write(struct console_backend *backend, const char *text, size_t len)
{
	(void)backend;
	if (len > sizeof(fake_terminal) - 1 - fake_terminal_len)
		fake_terminal_len = 0;
	if (len > sizeof(fake_terminal) - 1)
		len = sizeof(fake_terminal) - 1;
	memcpy(fake_terminal + fake_terminal_len, text, len);
	fake_terminal_len += len;
	fake_terminal[fake_terminal_len] = '\0';
	return len;
}

static size_t terminal_room(struct console_backend *backend)
{
	(void)backend;
	return fake_terminal_room;
}

struct console_backend fake_terminal_backend = {
    .name = "terminal",
    .write = terminal_write,
    .room = terminal_room,
};

void fake_terminal_clear(void)
{
	fake_terminal_len = 0;
	fake_terminal[0] = '\0';
}
