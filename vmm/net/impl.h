/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder share; nobody else includes it. */
#ifndef VMM_NET_IMPL_H
#define VMM_NET_IMPL_H

#include "vmm/net/net.h"

int __must_check net_nics_create(const struct config *config);

/* Give a bridge or NAT switch its card; says what is missing. */
struct uplink;
void net_uplink_create(struct net_switch *sw, const struct config *config);

/* Tell the card which guests' addresses are on this switch now: they have come, gone, or another
 * address. No NIC's lock is held. */
void net_uplink_tell_addresses(struct net_switch *sw);

/* Look whether the card's link has changed; called now and then. */
void net_uplink_watch(struct net_switch *sw);

/* In nat.c. The gateway of a NAT switch: with the MAC address of its card, zeros for none. */
int __must_check net_nat_create(struct net_switch *sw, const u8 *card_mac);
int __must_check net_nat_attach(struct uplink *uplink);
void net_nat_link(struct net_switch *sw, struct vsw_port *port, bool up);
void net_nat_input(struct vsw_worker *w, struct uplink *uplink, struct pkt_batch *batch,
		   u64 now_ns);
/* Look after gateways and uplinks from now on, ten times a second. */
void net_tick_start(void);
/* A guest's port is on the switch now, or will leave it. */
void net_nat_guest_up(struct net_nic *nic);
void net_nat_guest_down(struct net_nic *nic);

/* Zeroed pages that are never given back; NULL without memory. */
void *net_pages(u64 bytes);

/* The workers of all processors. */
struct vsw_workers *net_workers(void);

/* A number that nobody can guess, as far as the processor has a source of such. */
u64 net_random(void);

#endif
