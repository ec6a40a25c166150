/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux bzImage and what follows its protocol, memtest86+ 6 for instance
 * (Linux, Documentation/arch/x86/boot.rst: protocol 2.12, 64-bit and 32-bit entry).
 */
#ifndef VMM_VM_LOAD_BZIMAGE_H
#define VMM_VM_LOAD_BZIMAGE_H

#include "vmm/vm/load.h"

/* Does the image start like a bzImage? */
bool load_bzimage_probe(const struct guest_blob *kernel);

/* Load it; see load_image(). Modules are refused. RSI points to the zero page. */
int load_bzimage(const struct load_params *params, struct boot_state *state) __must_check;

#endif
