/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/lib/klog.h"

#include <stdio.h>

#include "kernel/lib/err.h"

static const struct klog_sink *klog_sink;

void klog_set_sink(const struct klog_sink *sink)
{
	klog_sink = sink;
}

void klog_v(enum klog_level level, const char *fmt, va_list ap)
{
	char line[KLOG_LINE];
	int len;

	if (!klog_sink)
		return;
	len = vsnprintf(line, sizeof(line), fmt, ap);
	if (len < 0)
		return;
	klog_sink->line(level, line, MIN((size_t)len, sizeof(line) - 1));
}

void klog(enum klog_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	klog_v(level, fmt, ap);
	va_end(ap);
}

void klog_limited(struct klog_limit *limit, enum klog_level level, const char *fmt, ...)
{
	u64 now = klog_sink && klog_sink->now_ns ? klog_sink->now_ns() : 0;
	va_list ap;

	if (now - limit->window_start_ns >= 1000000000ull) {
		limit->window_start_ns = now;
		if (limit->suppressed) {
			klog(level, "(%u similar messages suppressed)", limit->suppressed);
			limit->suppressed = 0;
			limit->count = KLOG_BURST - 1;
		} else {
			limit->count = 0;
		}
	}
	if (limit->count >= KLOG_BURST) {
		limit->suppressed++;
		return;
	}
	limit->count++;
	va_start(ap, fmt);
	klog_v(level, fmt, ap);
	va_end(ap);
}

const char *err_name(int err)
{
	static const char *const names[] = {
	    "ok",   "out of memory", "invalid",   "out of range", "not found", "exists already",
	    "busy", "not supported", "timed out", "bad address",  "I/O error",
	};
	unsigned index = (unsigned)-err;

	return index < ARRAY_SIZE(names) ? names[index] : "unknown error";
}
