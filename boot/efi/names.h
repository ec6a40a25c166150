/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that a configuration names. Pure: no firmware call. */
#ifndef BOOT_EFI_NAMES_H
#define BOOT_EFI_NAMES_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct name_list {
	const char **name; /* point into the tree; each name once, in the tree's order */
	u32 count;
	u32 capacity;
};

/*
 * Check a device tree of at most `size` bytes: header and whole structure. On success *used is
 * its own size. ERR_INVAL when malformed; *why says what is wrong.
 */
int config_check(const void *fdt, u64 size, u64 *used, const char **why) __must_check;

/* How many names, counted with repetitions, a checked tree has. */
u32 names_count(const void *fdt);

/*
 * Collect the strings of `kernel`, `initrd` and `modules` of the nodes under /vms that are
 * compatible with "hanok,vm". A property that is not a list of non-empty strings is passed
 * over, as the core reports it. ERR_NOMEM when the capacity does not do.
 */
int names_collect(const void *fdt, struct name_list *list) __must_check;

#endif
