/* SPDX-License-Identifier: BSD-2-Clause */
/* Which back end drives this machine. */
#include "arch/x86/virt.h"

#include <stdio.h>

#include "arch/x86/svm/ops.h"
#include "arch/x86/vmx/ops.h"

const struct virt_ops *virt;
struct virt_caps virt_caps;

static const struct virt_ops *const back_ends[] = {&vmx_ops, &svm_ops};

int virt_init(char *why, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(back_ends); i++) {
		int err;

		if (!back_ends[i]->present())
			continue;
		err = back_ends[i]->check(&virt_caps, why, size);
		if (!err)
			virt = back_ends[i];
		return err;
	}
	snprintf(why, size,
		 "the processor reports neither VT-x nor AMD-V; enable it in the firmware's setup, "
		 "or use a processor that has it");
	return ERR_UNSUPPORTED;
}
