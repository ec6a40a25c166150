/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/log/log.h"

#include <stdio.h>
#include <string.h>

#include "kernel/log/ring.h"
#include "kernel/sync/ticketlock.h"
#include "kernel/time/time.h"

static struct ticketlock log_lock;
static struct log_ring log_ring;
static const struct log_echo_ops *log_echo;
static enum klog_level log_echo_max = KLOG_INFO;
static bool log_unlocked; /* panicking: whoever holds the lock is stopped */

static void log_acquire(void)
{
	if (!log_unlocked)
		ticket_lock(&log_lock);
}

static void log_release(void)
{
	if (!log_unlocked)
		ticket_unlock(&log_lock);
}

/* What a guest or a table supplied may be part of a line: no control bytes. */
static void log_copy_text(char *to, const char *from, u32 len)
{
	for (u32 i = 0; i < len; i++)
		to[i] = from[i] == '\t' ? ' ' : from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[len] = '\0';
}

static void log_sink_line(enum klog_level level, const char *text, size_t len)
{
	struct log_line line = {.tsc = time_tsc(), .level = level};

	line.len = MIN(len, sizeof(line.text) - 1);
	log_copy_text(line.text, text, line.len);
	log_acquire();
	log_ring_put(&log_ring, &line);
	log_release();
	if (log_echo && level <= log_echo_max)
		log_echo->line(&line);
}

void log_init(void)
{
	static const struct klog_sink sink = {
	    .line = log_sink_line,
	    .now_ns = time_now_ns,
	};

	klog_set_sink(&sink);
}

void log_set_echo(const struct log_echo_ops *ops)
{
	log_echo = ops;
}

void log_set_echo_level(enum klog_level max)
{
	log_echo_max = max;
}

enum klog_level log_echo_level(void)
{
	return log_echo_max;
}

bool log_read(u64 *cursor, struct log_line *line)
{
	bool found;

	log_acquire();
	found = log_ring_get(&log_ring, cursor, line);
	log_release();
	return found;
}

void log_for_each(void (*fn)(void *ctx, const struct log_line *line), void *ctx)
{
	struct log_line line;
	u64 cursor = 0;

	while (log_read(&cursor, &line))
		fn(ctx, &line);
}

size_t log_format(const struct log_line *line, char *out, size_t size)
{
	static const char *const words[] = {"error: ", "warning: ", "", ""};
	u64 us = time_tsc_to_ns(line->tsc) / 1000;
	const char *word = (unsigned)line->level < ARRAY_SIZE(words) ? words[line->level] : "";
	int len = snprintf(out, size, "[%5llu.%06llu] %s%s", (unsigned long long)(us / 1000000),
			   (unsigned long long)(us % 1000000), word, line->text);

	return len < 0 ? 0 : MIN((size_t)len, size - 1);
}

void log_panic(void)
{
	log_unlocked = true;
}
