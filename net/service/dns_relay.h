/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DNS relay: queries that guests send to the gateway by UDP go to the uplink's servers,
 * each with an id and a source port of its own that nobody can guess (RFC 5452), and the answer
 * that fits all of them goes back. (By TCP, the NAT itself leads to the server.)
 */
#ifndef NET_SERVICE_DNS_RELAY_H
#define NET_SERVICE_DNS_RELAY_H

#include "net/nat/nat.h"
#include "net/service/dns_msg.h"

#define DNS_PENDING 256
#define DNS_PER_GUEST 32
#define DNS_SERVERS 2

struct dns_query {
	u32 guest; /* its address; 0: free */
	u16 guest_port;
	u16 guest_id;
	u16 id, port; /* ours */
	u32 until;    /* second */
	u64 question; /* hash of the question's bytes */
	u8 side;
	u8 server; /* which one was asked last */
};

struct dns_relay {
	struct nat *nat;
	u32 servers[DNS_SERVERS]; /* network order; 0: none */
	u8 preferred;             /* the one that answered last */
	u64 secret[2];
	u16 per_side[NAT_SIDES];
	struct dns_query queries[DNS_PENDING];
	/* Queries passed on, answers passed back, queries refused (quota, malformed), answers
	 * that fitted nothing, queries that were not answered. */
	u64 asked, answered, refused, strange, lost;
};

/* Where a message goes. */
struct dns_way {
	u32 src, dst; /* network order */
	u16 sport, dport;
	u8 side; /* of the guest, or NAT_SIDE_UPLINK */
};

void dns_relay_init(struct dns_relay *r, struct nat *nat);
/* 0: none. What is pending is lost. */
void dns_relay_set_servers(struct dns_relay *r, const u32 servers[DNS_SERVERS]);

/* A guest's query of len bytes, src its address and port: rewritten in place for the server,
 * or into a refusal for the guest. Returns its length, 0 to drop it; *way is changed to where
 * it goes. */
u32 dns_relay_query(struct dns_relay *r, u8 *bytes, u32 len, struct dns_way *way);

/* A message from the uplink to one of our ports, the same way back. */
u32 dns_relay_answer(struct dns_relay *r, u8 *bytes, u32 len, struct dns_way *way);

/* About once a second: give up queries without answers. */
void dns_relay_tick(struct dns_relay *r);

#endif
