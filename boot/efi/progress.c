/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/print.h"

#define PROGRESS_MIN MIB(4)
#define PROGRESS_DOTS 10u

static struct {
	u64 total; /* 0: not shown */
	u64 done;
	unsigned dots;
} progress;

void progress_begin(const char *name, u64 total)
{
	progress.total = total >= PROGRESS_MIN ? total : 0;
	progress.done = 0;
	progress.dots = 0;
	if (progress.total)
		print_part("hanok: reading %s, %lu MiB ", name, total >> 20);
}

void progress_add(u64 bytes)
{
	if (!progress.total)
		return;
	progress.done += bytes;
	while (progress.dots < PROGRESS_DOTS &&
	       progress.done / (progress.dots + 1) >= progress.total / PROGRESS_DOTS) {
		print_part(".");
		progress.dots++;
	}
}

void progress_end(void)
{
	if (progress.total)
		print_part("\n");
	progress.total = 0;
}
