/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder share; nobody else includes it. */
#ifndef VMM_NET_IMPL_H
#define VMM_NET_IMPL_H

#include "vmm/net/net.h"

int __must_check net_nics_create(const struct config *config);

/* Give a bridge or NAT switch its card; says what is missing. */
struct uplink;
void net_uplink_create(struct net_switch *sw, const struct config *config);
struct vsw_port *net_uplink_port(struct net_uplink *u);

/* The workers of all processors. */
struct vsw_workers *net_workers(void);

/* A number that nobody can guess, as far as the processor has a source of such. */
u64 net_random(void);

#endif
