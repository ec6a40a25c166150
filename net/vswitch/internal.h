/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the switch share. */
#ifndef NET_VSWITCH_INTERNAL_H
#define NET_VSWITCH_INTERNAL_H

#include "net/vswitch/bucket.h"
#include "net/vswitch/vswitch.h"

/* port.slow_in */
#define SLOW_DOWN BIT(0)    /* the link is down, or the port leaves */
#define SLOW_SPOOF BIT(1)   /* sources are checked */
#define SLOW_RATE BIT(2)    /* it has a rate limit */
#define SLOW_CAPTURE BIT(3) /* it is captured; of slow_out too */
#define SLOW_TRUNK BIT(4)   /* of slow_out only: frames may need a tag */

#define STORM_BURST_NS 100000000ull /* at least, and at least one frame */

/* What becomes of a frame that was looked at. */
enum vsw_admission {
	VSW_ADMIT_DROP,  /* it has been counted */
	VSW_ADMIT_KNOWN, /* look its destination up */
	VSW_ADMIT_FLOOD, /* to a group */
};

struct vsw_scratch {
	struct pkt pkt[PKT_BATCH];
	struct pkt_frag
	    frags[(VSW_SCRATCH_BYTES - PKT_BATCH * sizeof(struct pkt)) / sizeof(struct pkt_frag)];
};

static_assert(sizeof(struct vsw_scratch) <= VSW_SCRATCH_BYTES, "scratch memory");

/* Both offload bytes that matter on the fast path: flags and gso_type. */
static inline u32 vsw_offload_word(const struct pkt *p)
{
	return (u32)p->off.flags | (u32)p->off.gso_type << 8;
}

static inline void vsw_count(u64 *counter, u64 n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static inline u32 vsw_is_member(const struct vsw_port *port, u16 vid)
{
	return port->vlans[vid / 64] >> (vid % 64) & 1;
}

/* Look closely at a frame that came in at port: shape, link, tag, source, offloads, rate, group
 * destinations. p->vlan is set, and a tag taken out of the head. */
enum vsw_admission vsw_admit(struct vsw_port *port, struct pkt *p, u64 now_ns);

/* Take a frame of this kind from the port's storm limit; counts it when there is none left. */
bool vsw_storm_allows(struct vsw_port *port, enum vsw_storm kind, u64 now_ns);

/* Source IP addresses (IPv4, ARP, IPv6, neighbour advertisements) are the port's own. */
bool vsw_source_ip_ok(const struct vsw_port *port, struct pkt *p);

/* Deliver the frames of pkts whose bits are set in which to every port of the switch that wants
 * them, but from. */
void vsw_flood(struct vsw_worker *w, struct vsw_port *from, struct pkt **pkts, u32 which);

/* Bit of the receive filter for an address, its bytes as a little-endian number. */
static inline u32 vsw_filter_bit(u64 mac)
{
	return (u32)((mac * 0x9e3779b97f4a7c15ull) >> (64 - 9));
}

static_assert(VSW_RX_HASH_WORDS * 64 == 1 << 9, "bits of the receive filter");

#endif
