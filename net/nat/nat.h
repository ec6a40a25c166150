/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT44 between the guests of a switch and its uplink: address and port translation after RFC
 * 4787 (UDP), 5382 (TCP) and 5508 (ICMP). Decisions: docs/adr on the NAT.
 *
 * nat_translate() rewrites a batch of frames in place and says for each where it goes; the
 * gateway (net/service/gateway.h) does what is said. Nothing here takes a lock or keeps a
 * packet: the gateway's lock is held around every call.
 */
#ifndef NET_NAT_NAT_H
#define NET_NAT_NAT_H

#include "net/nat/random.h"
#include "net/nat/session.h"
#include "net/nat/table.h"
#include "net/pkt/pkt.h"

struct pkt_plain;

/* What is counted: drops by reason, and events. nat_count_name() has the operator's words. */
enum nat_count {
	NAT_C_FAST,        /* frames of known flows */
	NAT_C_OPENED,      /* sessions */
	NAT_C_EXPIRED,     /* sessions */
	NAT_C_ICMP_ERRORS, /* translated */
	NAT_C_FRAGMENTS,   /* translated */
	NAT_C_CLAMPED,     /* MSS options lowered */
	NAT_C_DROP,        /* the reasons to drop a frame begin here */
	NAT_C_MALFORMED = NAT_C_DROP,
	NAT_C_NOT_OURS,    /* not for our MAC or address, or nothing that is routed */
	NAT_C_SPOOFED,     /* source is not the guest's */
	NAT_C_NO_SESSION,  /* neither a known flow nor the begin of one */
	NAT_C_UNREACHABLE, /* no uplink address, or a destination that is not routed */
	NAT_C_NEIGHBOUR,   /* the next hop's MAC address is not known */
	NAT_C_QUOTA,       /* sessions of a guest */
	NAT_C_PORTS,       /* external ports of a guest */
	NAT_C_PACE,        /* new sessions of a guest per second */
	NAT_C_FULL,        /* sessions of all */
	NAT_C_CONFLICT,    /* the answer's tuple is in use */
	NAT_C_TTL,         /* lived too long */
	NAT_C_TOO_BIG,     /* longer than the MTU */
	NAT_C_FRAGMENT,    /* fragments without a first one, or out of bounds */
	NAT_C_UNSUPPORTED, /* protocols other than TCP, UDP and ICMP */
	NAT_C_CHECKSUM,    /* of an IP header or ICMP message that is wrong */
	NAT_COUNTS
};

enum nat_verdict {
	NAT_SEND,     /* translated: to result.hop */
	NAT_DISCARD,  /* counted as result.why */
	NAT_LOCAL,    /* for the gateway itself; unchanged */
	NAT_EXPIRED,  /* TTL: the gateway answers with time exceeded; unchanged */
	NAT_BIG,      /* over result.mtu with DF or not: the gateway answers or fragments */
	NAT_RESOLVE,  /* translated: to result.hop, whose MAC address is not known */
	NAT_PROHIBIT, /* the gateway answers with destination unreachable; unchanged */
	NAT_WAIT,     /* a fragment before its first one: the gateway may keep it; unchanged */
};

struct nat_result {
	u8 verdict; /* enum nat_verdict */
	u8 why;     /* enum nat_count */
	u16 hop;
	u32 mtu;
	u32 session; /* NAT_SEND, NAT_RESOLVE: its number; NAT_NONE for fragments and errors */
};

/* A next hop: a guest by its address (its number is the host part), the uplink's router, or
 * hosts on the uplink's own network, which are looked up by address. */
struct nat_hop {
	u8 macs[12]; /* destination and source, as a frame begins */
	u8 side;     /* of a guest's address: whose it is; NAT_SIDE_UPLINK: nobody's */
	u8 valid;    /* macs is right */
	u16 unused;
};
#define NAT_HOSTS_MAX 4096 /* addresses in a guests' subnet: a /20 */
#define NAT_HOP_NONE 0xffff
#define NAT_ONLINK 64 /* hosts on the uplink's network that are known at a time */

/* An external port that a guest's address and port has, whoever it talks to (RFC 4787 REQ-1). */
struct nat_mapping {
	u32 guest; /* its address */
	u16 port;  /* its port */
	u16 external;
	u32 refs; /* sessions; free: number of the next free one */
	u8 proto;
	u8 side; /* who pays */
	u16 unused;
};

/* An operator's port forward: from the external port to a guest's. */
struct nat_forward {
	u16 external, port;
	u8 proto; /* IP_PROTO_TCP or _UDP; 0: free */
	u8 side;  /* the guest */
	u16 sessions_unused;
	u32 address; /* 0: the guest's leased address at the time */
	u64 packets; /* first ones of sessions */
};
#define NAT_FORWARDS 64

/* Per guest, by its side. */
struct nat_guest {
	bool present;
	u32 sessions, session_quota;
	u32 inbound;             /* of sessions: those that the outside began */
	u32 ports, port_quota;   /* mappings */
	u16 port_low, port_high; /* external ports that it may have, host order; 0: any */
	u32 address;             /* the one it was leased: for forwards; 0: none */
	u32 pace;                /* new sessions that it may begin in this second */
	u32 pace_second;
	u64 counts[NAT_COUNTS]; /* of frames from it */
};

struct nat_config {
	u32 subnet, mask, gateway; /* gateway: our address in the guests' subnet */
	u8 guest_mac[6];           /* ours towards guests, */
	u8 uplink_mac[6];          /* and towards the uplink */
	u16 guest_mtu, uplink_mtu; /* longest IP packet each way */
	u32 sessions;              /* most sessions; 0: 65536 */
	u32 session_quota;         /* of a guest; 0: an eighth of sessions */
	u32 port_quota;            /* of a guest, per switch; 0: 4096 */
	u32 pace;                  /* new sessions per second and guest; 0: 20000 */
	bool filter_endpoint;      /* endpoint-independent filtering of UDP (RFC 4787 REQ-8) */
	u64 seed[4];               /* random */
};

/* Fragments of a packet whose first one was seen. */
struct nat_frag {
	u32 src, dst; /* as they arrive */
	u16 id;       /* as they arrive */
	u16 new_id;
	u8 proto;
	u8 dir;
	u32 until;   /* second */
	u32 session; /* NAT_NONE: free */
};
#define NAT_FRAGS 16 /* packets in fragments at a time, per side */

struct nat {
	struct nat_session *sessions;
	struct nat_table table;
	struct nat_hop *hops;  /* hosts, the router, NAT_ONLINK hosts */
	u64 mac[2];            /* ours, as the first 8 bytes of a frame load: guests', uplink's */
	u32 external;          /* our address on the uplink; 0: none yet */
	u32 sessions_external; /* the one that sessions were made with */
	u32 uplink_mask;       /* of the uplink's network */
	u16 mtu[2];            /* of packets to the guests, to the uplink */
	u16 router_hop, onlink_hop;
	u32 router;             /* its address; 0: there is none */
	u32 onlink[NAT_ONLINK]; /* addresses of those hops */

	u32 free_session, used_sessions;
	struct nat_mapping *mappings;
	u32 free_mapping, used_mappings, max_mappings;
	struct nat_table mapping_table;
	struct nat_config config;
	u32 dns; /* where the gateway's TCP port 53 leads; 0: nowhere */
	u32 now; /* second */
	u16 frag_id;
	struct nat_random random;
	u64 counts[NAT_COUNTS];
	struct nat_forward forwards[NAT_FORWARDS];
	struct nat_guest guests[NAT_SIDES];
	u64 ports[3][65536 / 64]; /* external ports in use: TCP, UDP, ICMP */
	struct nat_frag frags[NAT_SIDES][NAT_FRAGS];
	struct nat_wheel wheel;
};

/* Bytes that nat_init() needs for this configuration. */
u64 nat_bytes(const struct nat_config *config);

/* Make a NAT in memory, which is aligned to 64 bytes. ERR_INVAL with a log line when the
 * configuration cannot be: the subnet is longer than a /20 or has no room, or the gateway's
 * address is not in it. */
int __must_check nat_init(struct nat **nat, const struct nat_config *config, void *memory);

/* A guest's port has come or gone. Its sessions go with it. */
void nat_guest_add(struct nat *nat, u8 side);
void nat_guest_remove(struct nat *nat, u8 side);

/* What a guest may use; 0: as configured for all. A range of external ports, host order, applies
 * to it alone, but others without a range may have ports of it as well. ERR_RANGE: the range is
 * empty, or below 1024. */
struct nat_limits {
	u32 sessions, ports;
	u16 port_low, port_high;
};
int __must_check nat_guest_limit(struct nat *nat, u8 side, const struct nat_limits *limits);

/* Our address on the uplink and the mask there; 0: it was lost, and may come again. Sessions
 * of another one go. */
void nat_set_external(struct nat *nat, u32 address, u32 mask);

/* Translate n frames, 1 to PKT_BATCH, of guests (uplink false, p->in_port says whose) or of
 * the uplink. What has been rewritten is the frame's head only. */
void nat_translate(struct nat *nat, bool uplink, struct pkt **pkts, u32 n,
		   struct nat_result *results);

/* The same for plain frames (net/pkt/plain.h) of a guest to the uplink, as far as they are of
 * known flows: how many, from the first, have been translated. All their words are in use. */
u32 nat_translate_plain(struct nat *nat, u8 side, struct pkt_plain *frames, u32 n);

/* Time goes on: expire sessions, at most budget per call. True when all that is due is done. */
bool nat_tick(struct nat *nat, u32 now, u32 budget);

/* An external UDP port of our own, for a request; 0: none free. To be given back. */
u16 nat_port_take_own(struct nat *nat);
void nat_port_give_own(struct nat *nat, u16 external);

/* The hop of an address beyond the uplink: the router's hop, also for itself, one of the cache, or
 * NAT_HOP_NONE when it is not in the cache. */
u16 nat_hop_uplink(const struct nat *nat, u32 address);

/* Whether an address is in the guests' subnet; its hop's number then is nat_hop_guest(). */
static inline bool nat_is_guest(const struct nat *nat, u32 address)
{
	return ((address ^ nat->config.subnet) & nat->config.mask) == 0;
}

static inline u16 nat_hop_guest(const struct nat *nat, u32 address)
{
	return (u16)__builtin_bswap32(address & ~nat->config.mask);
}

const char *nat_count_name(enum nat_count count);

#endif
