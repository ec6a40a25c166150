/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP client of a NAT's uplink (RFC 2131, 4.4): discover, request, check that the address
 * is free (RFC 5227), use it, renew, rebind. It writes frames and never waits; dhcpc_tick() is
 * its clock.
 */
#ifndef NET_SERVICE_DHCPC_H
#define NET_SERVICE_DHCPC_H

#include "net/service/arp.h"
#include "net/service/dhcp_msg.h"
#include "net/service/frame.h"

enum dhcpc_state {
	DHCPC_OFF,
	DHCPC_INIT,       /* a pause before the next discover */
	DHCPC_SELECTING,  /* discover sent */
	DHCPC_REQUESTING, /* request sent for an offer */
	DHCPC_PROBING,    /* has a lease, asks whether somebody uses the address */
	DHCPC_BOUND,
	DHCPC_RENEWING,
	DHCPC_REBINDING,
	DHCPC_STATES
};

/* What an uplink is given. Addresses in network order. */
struct dhcpc_lease {
	u32 address, mask, router, server;
	u32 dns[DHCP_SERVERS];
	u32 seconds, t1, t2;
	u16 mtu;
};

struct dhcpc {
	struct nat_random *random;
	struct arp *arp;
	u8 mac[6];
	u8 state;
	u8 tries;
	u32 xid;
	u64 next_ns;     /* when to act again without an answer */
	u64 defended_ns; /* when we last said that the address is ours; 0: never */
	u64 begun_ns;    /* for `secs` */
	u64 asked_ns;    /* when the request was sent by which the lease is counted */
	u64 t1_ns, t2_ns, end_ns;
	bool fixed; /* the address is configured: it is probed for only */
	struct dhcpc_lease fixed_lease;
	struct dhcpc_lease lease; /* offered, then granted; in use from DHCPC_BOUND on */
	u64 conflicts;
};

/* arp: of the same uplink; renewals to the server go by way of it. */
void dhcpc_init(struct dhcpc *c, struct nat_random *random, struct arp *arp, const u8 mac[6]);

/* Use a configured address; DHCP is not asked. NULL: ask it again. Before dhcpc_start(). */
void dhcpc_set_fixed(struct dhcpc *c, const struct dhcpc_lease *lease);

/* Begin (link up) or end (link down). */
void dhcpc_start(struct dhcpc *c, u64 now_ns);
void dhcpc_stop(struct dhcpc *c);

/* Whether there is an address to be used: c->lease. */
static inline bool dhcpc_bound(const struct dhcpc *c)
{
	return c->state >= DHCPC_BOUND;
}

/* A server's message, already read. */
void dhcpc_input(struct dhcpc *c, const struct dhcp_msg *msg, u64 now_ns, struct frame_list *out);
/* Any ARP message on the uplink: does somebody else use our address? */
void dhcpc_arp(struct dhcpc *c, const struct arp_msg *msg, u64 now_ns, struct frame_list *out);
/* About ten times a second. */
void dhcpc_tick(struct dhcpc *c, u64 now_ns, struct frame_list *out);

const char *dhcpc_state_name(u8 state);

#endif
