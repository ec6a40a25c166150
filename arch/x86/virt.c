/* SPDX-License-Identifier: BSD-2-Clause */
/* Which back end drives this machine. */
#include "arch/x86/virt.h"

#include <stdio.h>

#include "arch/x86/cpu/features.h"
#include "arch/x86/vmx/ops.h"

const struct virt_ops *virt;
struct virt_caps virt_caps;

static const struct virt_ops *const back_ends[] = {&vmx_ops};

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
		 cpu_features()->svm
		     ? "this is an AMD processor; its AMD-V is not supported, use one with VT-x"
		     : "the processor does not report VT-x; enable it in the firmware's setup, "
		       "or use an Intel processor that has it");
	return ERR_UNSUPPORTED;
}
