/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pairing heap of timers by deadline: insertion in constant time, removal in
 * amortized logarithmic time, nothing allocated. (Fredman, Sedgewick, Sleator, Tarjan:
 * "The pairing heap: a new form of self-adjusting heap", 1986.)
 */
#ifndef KERNEL_TIME_HEAP_H
#define KERNEL_TIME_HEAP_H

#include "kernel/time/timer.h"

/* Both return the new root; root NULL is the empty heap. */
struct timer *timer_heap_insert(struct timer *root, struct timer *timer);
struct timer *timer_heap_remove(struct timer *root, struct timer *timer);

#endif
