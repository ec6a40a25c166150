/* SPDX-License-Identifier: BSD-2-Clause */
/* What the shell's `mem` cannot find out by itself. */
#ifndef VMM_CMDS_MEM_H
#define VMM_CMDS_MEM_H

#include "kernel/lib/types.h"

/* The machine's memory by what it was at the core's start, in bytes. */
struct mem_machine {
	u64 ram;      /* all that is not the firmware's for ever, image and files included */
	u64 firmware; /* kept by the firmware: runtime services, ACPI NVS */
	u64 image;    /* the core's, with .bss */
	u64 files;    /* guests' images, kept for their next start */
};

/* Once, before the shell starts. */
void mem_set_machine(const struct mem_machine *machine);

#endif
