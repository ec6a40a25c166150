/* SPDX-License-Identifier: BSD-2-Clause */
/* The core's ELF image: checked, then placed. Pure: no firmware call. */
#ifndef BOOT_EFI_ELF_H
#define BOOT_EFI_ELF_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

/* The largest core that is accepted, in bytes of memory. */
#define CORE_SPAN_MAX MIB(64)

struct core_layout {
	u64 entry; /* virtual address of the first instruction */
	u64 span;  /* bytes of memory from HANDOFF_CORE_VIRT, whole pages */
};

/*
 * Check an ELF-64 executable for x86-64 whose segments lie from HANDOFF_CORE_VIRT upward,
 * ascending and without overlap, and whose entry is in an executable one. On error
 * (ERR_INVAL, ERR_RANGE, ERR_UNSUPPORTED) *why says what is wrong.
 */
int core_elf_check(const void *image, u64 size, struct core_layout *layout,
		   const char **why) __must_check;

/* Fill layout->span bytes at `to` from an image that core_elf_check has accepted. */
void core_elf_place(const void *image, const struct core_layout *layout, void *to);

#endif
