/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session: one flow through the NAT, in one cache line. Addresses and ports are everywhere
 * in net/nat in network byte order, as loaded from a header.
 *
 * A session is two tuples: of packets of its initiator as they arrive (direction 0), and of the
 * answers as they arrive (direction 1). What a packet becomes is the other direction's tuple
 * with source and destination exchanged. So masquerading, forwards and hairpin are one thing.
 */
#ifndef NET_NAT_SESSION_H
#define NET_NAT_SESSION_H

#include "net/nat/wheel.h"

/* An ICMP echo request has its identifier as sport and 0 as dport; a reply the reverse. */
struct nat_tuple {
	u32 src, dst;
	u16 sport, dport;
};

/* States, by protocol. From NAT_FAST on, packets that open or close nothing need no thought;
 * in the state before it, those of direction 0. */
enum nat_state {
	NAT_FREE,
	NAT_TCP_SYN,    /* SYN of the initiator seen */
	NAT_TCP_CLOSED, /* FIN from both sides, or refused: as good as gone */
	NAT_TCP_RESET,  /* a reset was seen, maybe a forged one */
	NAT_UDP_NEW,    /* not answered yet */
	NAT_FAST,
	NAT_UDP = NAT_FAST, /* both sides have sent */
	NAT_ICMP,
	NAT_TCP,      /* established */
	NAT_TCP_FIN0, /* the initiator has closed its half */
	NAT_TCP_FIN1, /* the responder has */
	NAT_STATES
};

#define NAT_SIDE_UPLINK 0 /* other sides are guests, by the index of their port on the switch */
#define NAT_SIDES 256

struct nat_session {
	struct nat_tuple tuple[2];
	u32 seen;       /* second of the last packet that counts as use */
	u32 packets[2]; /* by direction; they wrap */
	u16 addr_delta; /* of a sum over the addresses, direction 0; direction 1: its inverse */
	u16 l4_delta;   /* the same with the ports */
	u16 hop[2];     /* where packets of a direction go: see nat_hop */
	u8 side[2];     /* where they must come from */
	u8 proto;
	u8 state;    /* enum nat_state */
	u32 mapping; /* whose external port it uses, NAT_NONE: a forward's, or none */
	struct nat_timer timer;
} __aligned(64);
static_assert(sizeof(struct nat_session) == 64, "one line");

/* Events of the TCP state machine, by flags of the header. */
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

/* The state of a TCP session after a packet with these flags in direction dir. */
u8 nat_tcp_next(u8 state, u32 dir, u8 flags);

/* Seconds that a session in a state may be idle (RFC 5382 REQ-5, 4787 REQ-5, 5508 REQ-2). */
u32 nat_timeout(u8 state);

/* Whether a packet in this state counts as use: not when only the wait for stragglers is left. */
bool nat_refreshes(u8 state);

/* "established" and the like, for the operator. */
const char *nat_state_name(u8 state);

#endif
