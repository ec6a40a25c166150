/* SPDX-License-Identifier: BSD-2-Clause */
/* When things happened, in ticks of this processor's TSC: what booting costs. */
#ifndef BOOT_EFI_STAMP_H
#define BOOT_EFI_STAMP_H

#include "boot/handoff/handoff.h"

/* Record now under a name of handoff.h; what is beyond the fixed list of names is dropped. */
void stamp_add(const char *name);
/* The stamps so far. */
const struct handoff_stamp *stamp_list(u32 *count);

#define STAMPS_MAX 16u

#endif
