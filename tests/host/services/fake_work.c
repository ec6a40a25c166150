/* SPDX-License-Identifier: BSD-2-Clause */
/* Work items without a scheduler: fake_work_run() runs what was queued. */
#include "kernel/sched/work.h"
#include "tests/host/services/fake.h"

#define FAKE_WORKS 8

static struct work *queued[FAKE_WORKS];
static unsigned queued_count;

void work_init(struct work *work, bool (*fn)(struct work *work))
{
	*work = (struct work){.fn = fn};
}

void work_queue_on(struct work *work, u32 cpu)
{
	(void)cpu;
	for (unsigned i = 0; i < queued_count; i++) {
		if (queued[i] == work)
			return;
	}
	if (queued_count == FAKE_WORKS)
		__builtin_trap();
	queued[queued_count++] = work;
}

void fake_work_run(void)
{
	while (queued_count) {
		struct work *work = queued[0];

		for (unsigned i = 1; i < queued_count; i++)
			queued[i - 1] = queued[i];
		queued_count--;
		if (work->fn(work))
			work_queue_on(work, 0);
	}
}
