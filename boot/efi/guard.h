/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packaged libfdt was compiled with the stack protector, which reads its canary at FS:0x28.
 * The firmware leaves FS at 0 or wherever: calls of libfdt stand between these two.
 */
#ifndef BOOT_EFI_GUARD_H
#define BOOT_EFI_GUARD_H

#include "kernel/lib/types.h"

/* Point FS at a canary; returns what guard_leave has to restore. No firmware call between. */
u64 guard_enter(void);
void guard_leave(u64 saved);

#endif
