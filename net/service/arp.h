/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP (RFC 826, 5227): messages, and the cache of neighbours on the uplink, the router first.
 * What the cache knows is in the NAT's hops, where the packet path reads it; here is how it is
 * kept right, and what waits for an answer.
 */
#ifndef NET_SERVICE_ARP_H
#define NET_SERVICE_ARP_H

#include "kernel/lib/err.h"
#include "net/nat/nat.h"
#include "net/service/frame.h"

#define ARP_BYTES 28
#define ARP_FRAME 42
#define ARP_REQUEST 1
#define ARP_REPLY 2

/* Addresses in network order. */
struct arp_msg {
	u16 op;
	u8 sender_mac[6], target_mac[6];
	u32 sender, target;
};

/* ERR_INVAL: not ARP for IPv4 on Ethernet, or a group address as a sender. */
int __must_check arp_read(struct arp_msg *msg, const u8 *bytes, u32 len);

/* A whole frame to dst_mac. */
void arp_write(struct frame *frame, const u8 dst_mac[6], const struct arp_msg *msg);

enum arp_state {
	ARP_FREE,
	ARP_ASKED, /* nothing known, asked by broadcast */
	ARP_KNOWN,
	ARP_ASKED_AGAIN, /* known; asked itself whether that is still so */
};

#define ARP_ENTRIES (1 + NAT_ONLINK) /* the router, and others on the uplink's network */
#define ARP_QUEUE 3                  /* frames that wait for one address */
#define ARP_QUEUE_ALL 16

struct arp_entry {
	u32 address;
	u8 state; /* enum arp_state */
	u8 tries;
	u64 next_ns; /* when to ask again */
	struct frame_list queue;
};

struct arp {
	struct nat *nat;
	struct frame_pool *pool;
	struct arp_entry entries[ARP_ENTRIES]; /* number i is the NAT's hop router_hop + i */
	u32 queued;
	u64 dropped; /* frames that waited in vain, or too many */
};

void arp_init(struct arp *arp, struct nat *nat, struct frame_pool *pool);

/* Our address on the uplink has changed, or the router: forget all. router 0: none. */
void arp_set_router(struct arp *arp, u32 router);

/* Send a frame to address by way of the uplink: at once into out, or when the next hop has
 * answered. The frame is taken over. */
void arp_send(struct arp *arp, struct frame *frame, u32 address, u64 now_ns,
	      struct frame_list *out);

/* Ask for the router now, so that the first packet need not wait. */
void arp_ask_router(struct arp *arp, u64 now_ns, struct frame_list *out);

/* What an ARP message from the uplink says of a neighbour: only answers to questions, and
 * news of those that are known. */
void arp_learn(struct arp *arp, const struct arp_msg *msg, u64 now_ns, struct frame_list *out);

/* About ten times a second: ask again, give up. */
void arp_tick(struct arp *arp, u64 now_ns, struct frame_list *out);

#endif
