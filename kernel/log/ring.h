/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of log lines of different lengths. Positions count bytes ever written, so
 * that a reader's cursor stays meaningful when the ring has moved on. No lock.
 */
#ifndef KERNEL_LOG_RING_H
#define KERNEL_LOG_RING_H

#include "kernel/log/log.h"

/* Zero-initialized is empty. */
struct log_ring {
	u64 head; /* where the next line goes */
	u64 tail; /* the oldest line */
	char bytes[LOG_RING_BYTES];
};

/* Append; the oldest lines give way. */
void log_ring_put(struct log_ring *ring, const struct log_line *line);

/* The line at *cursor, or the oldest if that is gone; moves *cursor behind it. False
 * at the end. A cursor is 0 or a value left by this function. */
bool log_ring_get(const struct log_ring *ring, u64 *cursor, struct log_line *line);

#endif
