/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: a ring of the last 64 KiB of lines, each with its level and TSC, and
 * the list of boot phases. Lines come through klog() (log_info() and so on in
 * kernel/lib/klog.h); they are echoed to the console up to a level.
 */
#ifndef KERNEL_LOG_LOG_H
#define KERNEL_LOG_LOG_H

#include "kernel/lib/klog.h"
#include "kernel/lib/types.h"

#define LOG_RING_BYTES KIB(64)
#define LOG_PHASES 48

struct log_line {
	u64 tsc;
	enum klog_level level;
	u32 len;
	char text[KLOG_LINE]; /* without newline, NUL-terminated, control bytes replaced */
};

/* Start keeping lines: registers as klog's sink. First call of boot/core. */
void log_init(void);

/* Where lines are echoed as they come; called without locks, any processor. */
struct log_echo_ops {
	void (*line)(const struct log_line *line);
};
/* Register it (kernel/console does). Earlier lines are not repeated: see log_read(). */
void log_set_echo(const struct log_echo_ops *ops);

/* Echo lines up to this level (default KLOG_INFO). */
void log_set_echo_level(enum klog_level max);
enum klog_level log_echo_level(void);

/* Read one line after the position *cursor (0: the oldest) and move on. False at
 * the end. Lines overwritten meanwhile are skipped. */
bool log_read(u64 *cursor, struct log_line *line);

/* fn for each line from the oldest to the newest. */
void log_for_each(void (*fn)(void *ctx, const struct log_line *line), void *ctx);

/* Format a line as it is shown: "[    1.234567] text" plus NUL into out; returns the
 * length. Errors and warnings get a word in front. */
size_t log_format(const struct log_line *line, char *out, size_t size);
#define LOG_FORMATTED (KLOG_LINE + 40)

/* Boot phases: a name (a constant) and the TSC when the phase ended. The time of
 * a phase is from the stamp before. log_phase() stamps now. The first stamp only
 * starts the clock. Names are copied, 23 bytes of them. At most LOG_PHASES, later ones
 * are not kept. */
void log_phase(const char *name);
void log_phase_at(const char *name, u64 tsc);
void log_phase_for_each(void (*fn)(void *ctx, const char *name, u64 tsc, u64 ticks), void *ctx);

/* From now on only this processor logs, without locks: for panic(). */
void log_panic(void);

#endif
