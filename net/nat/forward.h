/* SPDX-License-Identifier: BSD-2-Clause */
/* Port forwards, and what an operator sees of a NAT. Under the gateway's lock, as all of it. */
#ifndef NET_NAT_FORWARD_H
#define NET_NAT_FORWARD_H

#include "net/nat/nat.h"

/* A forward as written: "tcp:8080:web:80", guest by name or by address. */
struct nat_forward_text {
	char guest[64];
	u16 external, port; /* host order */
	u8 proto;
};

/* ERR_INVAL with a log line that says what is wrong and how it is written. */
int __must_check nat_forward_parse(struct nat_forward_text *out, const char *text);

/* Whether text is an IPv4 address, a.b.c.d; *address in network order. */
bool nat_parse_address(u32 *address, const char *text);

/* The first half alone: "tcp:8080". */
int __must_check nat_forward_parse_port(u8 *proto, u16 *external, const char *text);

/* The forward of an external port, or NULL. */
struct nat_forward *nat_forward_find(struct nat *nat, u8 proto, u16 external);
/* Where a forward leads now, and to whom; 0 when nobody is there or has no address. */
u32 nat_forward_address(const struct nat *nat, const struct nat_forward *forward, u8 *side);

/*
 * Packets to the external port go to a port of the guest at `side` from now on, to whatever
 * address it has been leased at the time; or with side 0 to an address, whosever it is. ERR_EXIST:
 * the port is forwarded already, ERR_BUSY: a connection uses it, ERR_NOMEM: NAT_FORWARDS exist,
 * ERR_INVAL: port 0, or neither TCP nor UDP. external and port in network order.
 */
int __must_check nat_forward_add(struct nat *nat, u8 proto, u16 external, u8 side, u32 address,
				 u16 port);

/* Take it away with the sessions that it made. ERR_NOENT when there is none. */
int __must_check nat_forward_del(struct nat *nat, u8 proto, u16 external);

/* One line of a list of connections. Addresses and ports in network order. */
struct nat_row {
	struct nat_tuple tuple[2];
	u32 packets[2];
	u32 idle, left; /* seconds */
	u8 proto, side;
	const char *state;
};

/* The first open session at or after *number, which is advanced behind it. False at the end. */
bool nat_row_next(const struct nat *nat, u32 *number, struct nat_row *row);

#endif
