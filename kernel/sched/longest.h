/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The longest time that paths took which nothing interrupts: each function of a work item, and of
 * its parts if these say so, timers that fire between two entities, and the scheduler's own way
 * from one entity to the next. Of all processors together.
 */
#ifndef KERNEL_SCHED_LONGEST_H
#define KERNEL_SCHED_LONGEST_H

#include "kernel/lib/types.h"

/* It took so many TSC ticks. Any processor. */
void longest_work(const void *fn, u64 ticks);
void longest_timers(u64 ticks);
void longest_switch(u64 ticks);

/* Call fn for each path: its kind, what was run, the most ticks, how often. */
typedef void longest_fn(void *ctx, const char *path, const char *what, u64 ticks, u64 count);
void longest_for_each(longest_fn *fn, void *ctx);

#endif
