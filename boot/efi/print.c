/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/print.h"

#include <string.h>

#include "boot/efi/efi.h"
#include "boot/efi/format.h"
#include "boot/efi/serial.h"

#define LINE 1200
#define MESSAGES 16384

static char messages[MESSAGES];
static size_t messages_used;

static void show(const char *text)
{
	CHAR16 wide[LINE + 3];
	size_t n = 0;

	for (; *text && n < LINE; text++) {
		if (*text == '\n')
			wide[n++] = '\r';
		wide[n++] = (unsigned char)*text < 0x80 ? (CHAR16)*text : L'?';
	}
	wide[n] = 0;
	firmware.table->ConOut->OutputString(firmware.table->ConOut, wide);
	serial_mirror(wide, n);
}

/* What no longer fits is on the screen only; the rest of the log stays whole. */
static void record(const char *line, size_t len)
{
	if (len > sizeof(messages) - messages_used)
		return;
	memcpy(messages + messages_used, line, len);
	messages_used += len;
}

static void record_line(char *line, const char *fmt, va_list ap)
{
	size_t len = format_v(line, LINE - 1, fmt, ap);

	line[len++] = '\n';
	line[len] = 0;
	record(line, len);
}

void print_line(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	record_line(line, fmt, ap);
	va_end(ap);
	show(line);
}

void print_log(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	record_line(line, fmt, ap);
	va_end(ap);
}

void print_part(const char *fmt, ...)
{
	char text[LINE];
	va_list ap;

	va_start(ap, fmt);
	format_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	show(text);
}

const char *print_messages(size_t *size)
{
	*size = messages_used;
	return messages;
}
