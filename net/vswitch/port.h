/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port of a switch, as seen by its owner: a guest's network device, an uplink, the gateway
 * of a NAT. The owner embeds a struct vsw_port, fills a struct vsw_port_config, and calls
 * vsw_port_add() (net/vswitch/vswitch.h). From then on
 *
 *	frames from the owner's side   vsw_input(), on any core, several at the same time
 *	frames to the owner's side     ops->send(), called on the core where they came in
 *
 * "in" and "out" in names of counters and limits are seen from the switch: a guest transmits
 * in, and receives out.
 */
#ifndef NET_VSWITCH_PORT_H
#define NET_VSWITCH_PORT_H

#include "net/pkt/pkt.h"

struct vsw;
struct vsw_port;
struct vsw_worker;
struct pcap_ring;
struct pkt_plain;

struct vsw_port_ops {
	/*
	 * Take n frames (1 to PKT_BATCH), in order: copy them into the receiver's buffers, publish
	 * and notify once at the end. Returns how many of them, from the first, were taken; the
	 * others are dropped and counted as VSW_DROP_NOBUF by the caller. Frames that are refused
	 * for another reason (vsw_port_drop()) count as taken.
	 *
	 * Called with no lock held, on several cores at a time for one port: it takes the
	 * receiver's own lock once. Frames arrive ready: tagged or not as the port's VLAN mode
	 * wants, no longer than its MTU allows, and with no offload that the port has not
	 * negotiated. The packets are the caller's and valid until return, except what a
	 * reference of p->hold keeps. A packet without PKT_SHARED may be rewritten; one with it is
	 * read only: pkt_clone() makes a copy.
	 *
	 * May call vsw_input() for frames of its own, with other packets or the same ones: a
	 * gateway does. VSW_DEPTH limits how deep that goes.
	 */
	u32 (*send)(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n);
	/*
	 * The same for plain frames (net/pkt/plain.h), untagged and no longer than its MTU allows.
	 * What is not taken comes again by send(): so it need not be able to do more than what is
	 * usual. words: how many were read of each. A gateway may read more, and rewrite what it
	 * takes. May be NULL.
	 */
	u32 (*send_plain)(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			  u32 n, u32 words);
	/* The operator switched the port's link: tell the receiver. May be NULL. */
	void (*link)(struct vsw_port *port, bool up);
};

/* What a receiver understands, by virtio's names: a frame is changed for whoever does not. */
#define VSW_OFF_CSUM BIT(0) /* frames with NEEDS_CSUM */
#define VSW_OFF_TSO4 BIT(1)
#define VSW_OFF_TSO6 BIT(2)
#define VSW_OFF_USO BIT(3)
#define VSW_OFF_ECN BIT(4) /* TSO segments with PKT_GSO_ECN */
#define VSW_OFF_ALL (VSW_OFF_CSUM | VSW_OFF_TSO4 | VSW_OFF_TSO6 | VSW_OFF_USO | VSW_OFF_ECN)

/* struct vsw_port_config.flags */
#define VSW_PORT_UPLINK BIT(0)    /* leads to a network: addresses behind it are many */
#define VSW_PORT_TRUNK BIT(1)     /* 802.1Q tags of the VLANs in config.vlans pass */
#define VSW_PORT_SPOOF_MAC BIT(2) /* source MAC must be config.mac */
#define VSW_PORT_SPOOF_IP BIT(3)  /* source IPv4, ARP and IPv6 must be one of config.ip */
#define VSW_PORT_NO_LEARN BIT(4)  /* nothing is learned from it: config.mac is all there is */
#define VSW_PORT_ISOLATED BIT(5)  /* no frames to other isolated ports */

#define VSW_NAME 64          /* longest name with its NUL: a VM's and its node's */
#define VSW_VLANS 4096       /* VIDs 1 to 4094 are usable */
#define VSW_VLAN_DEFAULT 1   /* of ports without configuration */
#define VSW_PORT_ADDRESSES 4 /* IP addresses that an anti-spoofing port may use */
#define VSW_MTU_MIN 68
#define VSW_MTU_MAX 65521
#define VSW_MTU_DEFAULT 1500

/* An IP address in network byte order; IPv4 in the first 4 bytes with v6 false. */
struct vsw_address {
	u8 bytes[16];
	bool v6;
};

/* Everything that can be set. Zero means the default, except where a comment says otherwise. */
struct vsw_port_config {
	char name[VSW_NAME]; /* e.g. "web.net0"; unique on its switch */
	u8 mac[6];           /* the port's own address, always reachable there; zero for none */
	u16 mtu;             /* largest Ethernet payload in bytes, without tag: 1500 */
	u16 pvid;            /* VLAN of untagged frames: 1. A trunk's native VLAN */
	u16 addresses;       /* how many of ip[] are used */
	u32 flags;           /* VSW_PORT_* */
	u32 quota;           /* MAC addresses it may have in the table: VSW_QUOTA_DEFAULT */
	u32 in_mbps;         /* rate limit of what it sends in 10^6 bit/s: 0 for none */
	u32 storm_pps[3];    /* limits by enum vsw_storm, frames/s: VSW_STORM_DEFAULT; ~0 none */
	const u64 *vlans;    /* trunk: bitmap of VSW_VLANS bits that is copied; NULL for all */
	struct vsw_address ip[VSW_PORT_ADDRESSES]; /* for VSW_PORT_SPOOF_IP */
};

#define VSW_QUOTA_DEFAULT 256
#define VSW_QUOTA_UPLINK 16384
#define VSW_STORM_DEFAULT 10000

/* What floods, each with its own limit per sending port. */
enum vsw_storm { VSW_STORM_BROADCAST, VSW_STORM_MULTICAST, VSW_STORM_UNKNOWN, VSW_STORM_KINDS };

/* Why a frame did not arrive; counted at the port where it came in, or, from VSW_DROP_OUT on,
 * at the one where it was to go out. vsw_drop_name() has the words for the operator. */
enum vsw_drop {
	VSW_DROP_MALFORMED, /* shorter than an Ethernet header, source address a group */
	VSW_DROP_OFFLOAD,   /* offload fields that contradict the frame */
	VSW_DROP_LINK,      /* the port is down */
	VSW_DROP_VLAN,      /* a tag that the port may not use */
	VSW_DROP_SPOOF_MAC, /* not the port's MAC, or another port's fixed one */
	VSW_DROP_SPOOF_IP,  /* not the port's IP address */
	VSW_DROP_RESERVED,  /* link-local group address (802.1Q 8.6.3): never forwarded */
	VSW_DROP_SAME_PORT, /* destination is where it came from */
	VSW_DROP_STORM,     /* over the limit of broadcast, multicast or unknown frames */
	VSW_DROP_RATE,      /* over in_mbps */
	VSW_DROP_LOOP,      /* ports that feed each other deeper than VSW_DEPTH */
	VSW_DROP_OWNER_IN,  /* the owner refused it before the switch saw it: vsw_port_drop() */
	VSW_DROP_OUT,
	VSW_DROP_NOBUF = VSW_DROP_OUT, /* the receiver has no room */
	VSW_DROP_MTU,                  /* longer than the receiver's MTU */
	VSW_DROP_OUT_VLAN,             /* the receiver is not in the frame's VLAN, or isolated */
	VSW_DROP_OUT_LINK,             /* the receiver is down */
	VSW_DROP_SEGMENT,              /* could not be segmented for the receiver */
	VSW_DROP_OWNER_OUT,            /* the owner could not deliver it: vsw_port_drop() */
	VSW_DROP_KINDS
};

/* Counters only grow. Read without a lock; each is exact, together they are a snapshot only
 * when nothing moves. */
struct vsw_counters {
	u64 in_packets, in_bytes;   /* accepted from the owner, dropped ones included */
	u64 out_packets, out_bytes; /* taken by send() */
	u64 flooded;                /* of in_packets: sent to more than one port */
	u64 drops[VSW_DROP_KINDS];
};

/* Which frames a receiver wants of those that are not for its own MAC (virtio 1.2, 5.1.6.5):
 * what was learned at a port is delivered there in any case. Imperfect: addresses are hashed. */
#define VSW_RX_PROMISC BIT(0)
#define VSW_RX_ALLMULTI BIT(1)
#define VSW_RX_NO_BROADCAST BIT(2)
#define VSW_RX_NO_MULTICAST BIT(3)
#define VSW_RX_NO_UNICAST BIT(4)
#define VSW_RX_HASH_WORDS 8
struct vsw_filter {
	u32 mode;                    /* VSW_RX_* */
	u64 hash[VSW_RX_HASH_WORDS]; /* a bit per address, of unicast and multicast ones */
};

/* A token bucket as one word: the time at which it will be full again. */
struct vsw_bucket {
	u64 full_ns;
};

/* struct vsw_port.state */
#define VSW_PORT_DOWN BIT(0)    /* link down */
#define VSW_PORT_LEAVING BIT(1) /* unlinked: other cores may still see it */

/* Owned by whoever embeds it until vsw_port_add(), by the switch until vsw_port_gone(). The
 * fields are the switch's; owners read index, sw, offloads and config, and call functions. */
struct vsw_port {
	/* Read for every frame. */
	const struct vsw_port_ops *ops;
	struct vsw *sw; /* NULL: on no switch, see vsw_port_init() */
	struct pcap_ring *capture;
	u16 index; /* on its switch, from 1 */
	u16 pvid;
	u16 off_mask; /* of flags and gso_type: what has to be looked at before send() */
	u16 reserved;
	u32 frame_max; /* most bytes of an untagged frame that the receiver takes */
	u32 state;     /* VSW_PORT_DOWN ... */
	u32 slow_in;   /* not 0: each frame that comes in is looked at closely */
	u32 slow_out;  /* not 0: each that goes out */
	u32 flags;     /* config.flags */
	u32 offloads;  /* VSW_OFF_*: what the receiver understands */

	/* Written by frames. */
	struct vsw_counters counters __aligned(64);
	struct vsw_bucket rate;
	struct vsw_bucket storm[VSW_STORM_KINDS];

	struct vsw_filter filter __aligned(64);
	u64 vlans[VSW_VLANS / 64]; /* those that it is in */
	u64 mac;                   /* config.mac as a little-endian number; 0: none */
	u32 storm_cost_ns[VSW_STORM_KINDS];
	u32 rate_cost;     /* ns per byte in 16.16 fixed point; 0: no limit */
	u64 rate_burst_ns; /* what may be sent at once after a pause, as time */
	u64 left_at;       /* epoch: see vsw_port_gone() */
	struct vsw_port_config config;
};

#endif
