/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 images (Multiboot Specification 0.6.96): ELF with 32 or 64 bits, or
 * a flat image with address fields. All are entered in 32-bit protected mode, EBX
 * points to the boot information.
 */
#ifndef VMM_VM_LOAD_MULTIBOOT_H
#define VMM_VM_LOAD_MULTIBOOT_H

#include "vmm/vm/load.h"

/* Is there a multiboot header in the first 8192 bytes? */
bool load_multiboot_probe(const struct guest_blob *kernel);

/* Load it; see load_image(). An initrd becomes the first module. */
int load_multiboot(const struct load_params *params, struct boot_state *state) __must_check;

#endif
