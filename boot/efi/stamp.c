/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/stamp.h"

#include <string.h>

static struct handoff_stamp stamps[STAMPS_MAX];
static u32 count;

void stamp_add(const char *name)
{
	if (count == STAMPS_MAX)
		return;
	memcpy(stamps[count].name, name, strnlen(name, sizeof(stamps[count].name) - 1));
	stamps[count++].tsc = __builtin_ia32_rdtsc();
}

const struct handoff_stamp *stamp_list(u32 *n)
{
	*n = count;
	return stamps;
}
