/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder share; nobody else includes it. */
#ifndef VMM_NET_IMPL_H
#define VMM_NET_IMPL_H

#include "vmm/net/net.h"

int __must_check net_nics_create(const struct config *config);

/* The workers of all processors. */
struct vsw_workers *net_workers(void);

/* A number that nobody can guess, as far as the processor has a source of such. */
u64 net_random(void);

#endif
