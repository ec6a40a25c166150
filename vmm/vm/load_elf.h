/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of an ELF executable by physical address (System V ABI, chapter 5). */
#ifndef VMM_VM_LOAD_ELF_H
#define VMM_VM_LOAD_ELF_H

#include "vmm/vm/load.h"

/* Where an image came to lie in guest memory. */
struct load_extent {
	u64 start, end; /* lowest and highest address + 1 */
	u64 entry;      /* physical */
};

/*
 * Copy all loadable segments of an x86 ELF file with 32 or 64 bits. Segments must
 * lie in RAM below 4 GiB, outside of what the loaders use themselves. An entry
 * point inside a segment's virtual addresses is translated to its physical ones.
 * Returns 0, ERR_UNSUPPORTED, ERR_INVAL, ERR_RANGE, ERR_FAULT (all reported).
 */
int load_elf(const struct load_params *p, struct load_extent *out) __must_check;

/* Copy one piece of the kernel's file to gpa, with zeros up to mem_size, and widen
 * the extent. The same checks and errors as load_elf(). */
int load_segment(const struct load_params *p, const struct guest_blob *file, u64 gpa, u64 mem_size,
		 struct load_extent *out) __must_check;

#endif
