/* SPDX-License-Identifier: BSD-2-Clause */
/* The locks of kernel/lib, under the name by which the kernel's files know them. */
#ifndef KERNEL_SYNC_TICKETLOCK_H
#define KERNEL_SYNC_TICKETLOCK_H

#include "kernel/lib/ticketlock.h"

#endif
