/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as the lower layers see it: format a line, give it to the registered
 * sink. kernel/log registers the ring buffer; before that, and in host tests
 * that register none, lines are dropped.
 */
#ifndef KERNEL_LIB_KLOG_H
#define KERNEL_LIB_KLOG_H

#include <stdarg.h>

#include "kernel/lib/types.h"

enum klog_level { KLOG_ERR, KLOG_WARN, KLOG_INFO, KLOG_DEBUG };

/* Longest line, in bytes with its terminating NUL; longer ones are cut. */
#define KLOG_LINE 256

struct klog_sink {
	/* One line of len bytes without newline. Any CPU, any context, IF=0. */
	void (*line)(enum klog_level level, const char *text, size_t len);
	/* Now, in nanoseconds since boot: for rate limits. May be NULL. */
	u64 (*now_ns)(void);
};

/* Register where lines go; NULL drops them. Called once, early. */
void klog_set_sink(const struct klog_sink *sink);

/* Log one line (no trailing newline). */
void klog(enum klog_level level, const char *fmt, ...) __printf(2, 3);
void klog_v(enum klog_level level, const char *fmt, va_list ap);

/* A rate limit: KLOG_BURST lines, then one per second with the count of those
 * that were suppressed. Zero-initialized. */
#define KLOG_BURST 5
struct klog_limit {
	u64 window_start_ns;
	u32 count;
	u32 suppressed;
};
void klog_limited(struct klog_limit *limit, enum klog_level level, const char *fmt, ...)
    __printf(3, 4);

#define log_err(...) klog(KLOG_ERR, __VA_ARGS__)
#define log_warn(...) klog(KLOG_WARN, __VA_ARGS__)
#define log_info(...) klog(KLOG_INFO, __VA_ARGS__)
#define log_debug(...) klog(KLOG_DEBUG, __VA_ARGS__)

#endif
