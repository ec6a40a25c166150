/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/load.h"

#include "kernel/lib/err.h"
#include "vmm/vm/load_bzimage.h"
#include "vmm/vm/load_multiboot.h"

enum load_format load_identify(const struct guest_blob *kernel)
{
	if (load_multiboot_probe(kernel))
		return LOAD_MULTIBOOT;
	if (load_bzimage_probe(kernel))
		return LOAD_BZIMAGE;
	return LOAD_UNKNOWN;
}

int load_image(const struct load_params *params, struct boot_state *state)
{
	switch (load_identify(&params->kernel)) {
	case LOAD_MULTIBOOT:
		return load_multiboot(params, state);
	case LOAD_BZIMAGE:
		return load_bzimage(params, state);
	default:
		return trace_err(ERR_UNSUPPORTED,
				 "vm %s: the kernel is neither a Linux bzImage nor a Multiboot 1 "
				 "image: name one of these (an uncompressed vmlinux is none)",
				 params->vm);
	}
}
