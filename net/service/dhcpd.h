/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP server of a NAT's guests (RFC 2131, 4.3). One lease per address, in an array by host
 * part. A client is known by the port it is behind together with its client identifier or MAC:
 * so no guest can have or give back the lease of another.
 */
#ifndef NET_SERVICE_DHCPD_H
#define NET_SERVICE_DHCPD_H

#include "net/nat/nat.h"
#include "net/service/dhcp_msg.h"

enum dhcpd_state {
	DHCPD_FREE, /* maybe of a client that may have it again */
	DHCPD_OFFERED,
	DHCPD_BOUND,
	DHCPD_DECLINED, /* a client saw it in use */
};

struct dhcpd_lease {
	u64 client; /* hash of who has it, or had it last; 0: nobody */
	u32 until;  /* second; of a free one: when it was given up */
	u8 mac[6];
	u8 state; /* enum dhcpd_state */
	u8 side;
	u8 reserved; /* for this side's guest only; 0: not */
	u8 unused[3];
	char name[DHCP_NAME]; /* as the client says; of printable characters */
};

#define DHCPD_PER_SIDE 16 /* leases of a guest: more than one for what it runs in turn */

struct dhcpd_config {
	u32 lease_s;     /* 0: 3600 */
	u32 dns;         /* server to name; 0: the gateway */
	u16 mtu;         /* for option 26 */
	char domain[64]; /* "" for none */
};

struct dhcpd {
	struct nat *nat; /* its subnet, gateway, and whose which address is */
	struct dhcpd_config config;
	struct dhcpd_lease *leases; /* by host part of the address */
	u32 hosts;
	u64 secret[2];
	u64 counts[DHCP_TYPES];     /* messages by type, sent and received */
	u64 refused;                /* for want of an address, or over a guest's number of leases */
	u8 guest_mac[NAT_SIDES][6]; /* of the guests' own interfaces */
	u16 per_side[NAT_SIDES];    /* leases offered or bound */
};

/* Bytes for the leases of the NAT's subnet. */
u64 dhcpd_bytes(const struct nat_config *config);
void dhcpd_init(struct dhcpd *d, struct nat *nat, const struct dhcpd_config *config, void *leases);

/* The guest at side has this MAC; address: its reserved one, or 0. ERR_RANGE: not an address
 * that can be leased. ERR_EXIST: reserved for another guest. */
int __must_check dhcpd_guest_add(struct dhcpd *d, u8 side, const u8 mac[6], u32 address);
void dhcpd_guest_remove(struct dhcpd *d, u8 side);

/* Handle a client's message. Writes the answer to out (DHCP_MAX bytes) and returns its length,
 * or 0 when there is none. *answer is what was written, for its addresses and type. */
u32 dhcpd_input(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		struct dhcp_msg *answer);

/* About once a second: leases end. */
void dhcpd_tick(struct dhcpd *d);

/* Whether this address is leased or reserved: nobody else may take it by itself. */
bool dhcpd_owns(const struct dhcpd *d, u32 address);

/* The first lease at or after *host that is offered, bound or declined; *host is advanced
 * behind it, *address is its address. NULL at the end. */
const struct dhcpd_lease *dhcpd_next(const struct dhcpd *d, u32 *host, u32 *address);
const char *dhcpd_state_name(u8 state);

#endif
