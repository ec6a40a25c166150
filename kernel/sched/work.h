/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work items: long work in bounded slices. fn() does at most some 100 us of
 * work and says whether there is more. Items share a processor fairly with each
 * other and with vCPUs (about half of the time while both have something to do).
 */
#ifndef KERNEL_SCHED_WORK_H
#define KERNEL_SCHED_WORK_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct work {
	bool (*fn)(struct work *work); /* true: there is more, call again */
	/* Private. */
	u32 state; /* atomic: enum work_state */
	u32 cpu;
	struct list link;
};

void work_init(struct work *work, bool (*fn)(struct work *work));

/*
 * Run fn on this processor, or on a given one, soon. Queued twice before it
 * starts, it runs once; queued while it runs, it runs once more, on the processor
 * where it is running. Any processor, any context; before sched_setup() only on
 * processor 0. An item must stay valid until work_pending() is false: fn cannot free it.
 */
void work_queue(struct work *work);
void work_queue_on(struct work *work, u32 cpu);

/* Take back an item that has not started. ERR_BUSY if fn is running (it may still
 * be told by the caller's own means to return false); else fn is not called any more. */
int __must_check work_cancel(struct work *work);

/* Queued or running? A hint. */
bool work_pending(const struct work *work);

#endif
