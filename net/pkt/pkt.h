/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One frame on its way through the switch, and batches of them.
 *
 * A frame is a private, writable copy of its first bytes (the "head") followed by a scatter
 * list that refers to the rest where the source has it, usually memory of a guest that may
 * change at any time. So whatever is decided on, and whatever is rewritten, is in the head,
 * where each byte was read once; the rest is only ever copied to its destination.
 *
 *	owner of a port          fills packets (pkt_init, pkt_set_head, pkt_add_frag), calls
 *	                         vsw_input() with a batch, and then owns the packets again
 *	ops->send() of a port    copies out (net/pkt/copy.h), or takes a reference of `hold`
 *
 * A head need not hold all headers from the start: 16 bytes are enough to switch a frame.
 * Who needs more calls pkt_pull() or pkt_parse() (net/pkt/parse.h), which pulls by itself.
 */
#ifndef NET_PKT_PKT_H
#define NET_PKT_PKT_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define PKT_BATCH 32    /* most frames in a batch */
#define PKT_HEADROOM 32 /* free bytes before a new packet's head: for tags */
#define PKT_HEAD 192    /* most bytes of a frame in its head */
#define PKT_HEAD_MIN 16 /* what the switch needs in the head, or the whole frame if shorter */
#define PKT_FRAGS 64    /* most scatter list entries of a frame */
#define PKT_LEN_MAX (65536u + 256) /* longest frame: a 64 KiB segment with its headers */

/* A piece of the frame behind the head: host virtual address, length in bytes. */
struct pkt_frag {
	const u8 *base;
	u32 len;
	u32 reserved;
};

/* What is left to be done to a frame, or known about it: the first 10 bytes of a
 * virtio_net_hdr (virtio 1.2, 5.1.6), little endian, unchanged from sender to receiver. All
 * of it is foreign and unchecked until pkt_offload_check() (net/pkt/offload.h) said so; the
 * switch does that for every frame with flags or gso_type. */
struct pkt_offload {
	u8 flags;        /* PKT_OFF_* */
	u8 gso_type;     /* PKT_GSO_* */
	u16 hdr_len;     /* Ethernet to L4 header in bytes: a hint, never trusted */
	u16 gso_size;    /* payload bytes per segment */
	u16 csum_start;  /* NEEDS_CSUM: sum from here, offset in the frame, to its end */
	u16 csum_offset; /* and store at csum_start + csum_offset */
};

#define PKT_OFF_NEEDS_CSUM 1 /* the checksum field holds the pseudo header's sum only */
#define PKT_OFF_DATA_VALID 2 /* the checksum has been verified */
#define PKT_GSO_NONE 0
#define PKT_GSO_TCPV4 1
#define PKT_GSO_UDP 3 /* obsolete UDP fragmentation: refused */
#define PKT_GSO_TCPV6 4
#define PKT_GSO_UDP_L4 5 /* USO */
#define PKT_GSO_ECN 0x80 /* or-ed to a TCP type: the segment has ECN's CWR set */

/* Keeps the memory behind a scatter list, for ports that need it after send() returned (a NIC
 * that reads it by DMA). The source starts with one reference of its own and drops it after
 * vsw_input(); the last one to drop calls release(), on whatever core that is. */
struct pkt_hold {
	u32 refs;
	void (*release)(struct pkt_hold *hold);
};

/* struct pkt.flags */
#define PKT_PARSED 1  /* pkt_parse() filled the fields of struct pkt_layers */
#define PKT_TAGGED 2  /* an 802.1Q tag is in the head at this moment */
#define PKT_SHARED 4  /* send() of several ports gets this packet: see vsw_port_ops */
#define PKT_CHECKED 8 /* pkt_offload_check() accepted the offload fields */

/* struct pkt_layers.what */
#define PKT_IPV4 1
#define PKT_IPV6 2
#define PKT_ARP 4
#define PKT_FRAGMENT 8    /* any fragment of an IP packet */
#define PKT_FRAG_LATER 16 /* not the first one: there is no L4 header */
#define PKT_L4 32         /* a TCP, UDP, ICMP or ICMPv6 header is whole, in the head */

/* Where the headers are: offsets in bytes from the frame's first byte. Filled by pkt_parse().
 * They fit a byte, since headers are looked for in the head only. */
struct pkt_layers {
	u32 end;       /* end of the IP packet: what is behind it in the frame is padding */
	u16 ethertype; /* of what is behind the tags, host order */
	u8 l3;         /* the IP header, or the ARP packet */
	u8 l4;         /* behind IP options and extension headers; 0 when there is none */
	u8 payload;    /* behind the L4 header, or equal to l4 for a protocol not known */
	u8 proto;      /* what the IP header says is in it */
	u8 what;       /* PKT_IPV4 ... */
};

/* 320 bytes: five lines, and no multiple of 2048 bytes apart from its neighbours. */
struct pkt {
	struct pkt_frag *frags; /* own_frags, or an array of the source's */
	struct pkt_hold *hold;  /* NULL: the scatter list is valid during send() only */
	u32 len;                /* of the whole frame, with the head, without a FCS */
	u16 head_len;           /* bytes in the head; they are at pkt_data() */
	u16 head_at;            /* offset of the frame's first byte in room[] */
	u16 nr_frags;
	u16 flags;
	u16 vlan;    /* 802.1Q TCI that the frame has on the switch: PCP, DEI, VID */
	u16 in_port; /* index of the port where it came in */
	struct pkt_offload off;
	u16 skip; /* bytes of frags[0] that have been pulled into the head */
	struct pkt_layers layers;
	u64 cookie; /* the source's own: e.g. the head of a descriptor chain */
	struct pkt_frag own_frags[2];
	u8 room[PKT_HEADROOM + PKT_HEAD]; /* its data starts on a cache line */
} __aligned(64);

static_assert(sizeof(struct pkt_offload) == 10, "as in virtio_net_hdr");
static_assert(sizeof(struct pkt) == 320, "five cache lines");
static_assert((offsetof(struct pkt, room) + PKT_HEADROOM) % 64 == 0, "heads on cache lines");

/* Up to PKT_BATCH frames; the packets may lie anywhere. */
struct pkt_batch {
	u32 n;
	struct pkt *pkt[PKT_BATCH];
};

/* The first byte of the frame. [0, p->head_len) may be read and written. */
static inline u8 *pkt_data(struct pkt *p)
{
	return p->room + p->head_at;
}

static inline const u8 *pkt_data_const(const struct pkt *p)
{
	return p->room + p->head_at;
}

/* Make p an empty frame. The room is left as it is. */
static inline void pkt_init(struct pkt *p)
{
	p->frags = p->own_frags;
	p->hold = NULL;
	p->len = 0;
	p->head_len = 0;
	p->head_at = PKT_HEADROOM;
	p->nr_frags = 0;
	p->flags = 0;
	p->skip = 0;
	p->off = (struct pkt_offload){0};
}

/* Append len bytes at base, in the source's memory, before anything is pulled. ERR_RANGE when
 * the list or the frame gets too long. For more than 2 entries the caller sets p->frags to an
 * array of PKT_FRAGS entries first, which lives as long as the packet. */
static inline int __must_check pkt_add_frag(struct pkt *p, const void *base, u32 len)
{
	u32 most = p->frags == p->own_frags ? ARRAY_SIZE(p->own_frags) : PKT_FRAGS;

	if (unlikely(p->nr_frags >= most || len > PKT_LEN_MAX || p->len + len > PKT_LEN_MAX))
		return ERR_RANGE;
	p->frags[p->nr_frags++] = (struct pkt_frag){.base = base, .len = len};
	p->len += len;
	return ERR_OK;
}

/* Move bytes from the scatter list into the head, so that it holds at least bytes, or the
 * whole frame if that is shorter. The entries themselves are not changed: clones share them.
 * ERR_RANGE when bytes exceeds the room for a head. */
int __must_check pkt_pull(struct pkt *p, u32 bytes);

/* A copy of src in dst that can be rewritten while src goes elsewhere: own head, the same
 * scatter list. dst is valid as long as src is; the hold, if any, is the same one. */
void pkt_clone(struct pkt *dst, const struct pkt *src);

/* Insert the 802.1Q tag p->vlan into the head, which holds the addresses; or take out the one
 * that is there into p->vlan. What counts from the frame's start moves along. */
void pkt_tag_push(struct pkt *p);
void pkt_tag_pop(struct pkt *p);

static inline void pkt_hold_init(struct pkt_hold *hold, void (*release)(struct pkt_hold *))
{
	hold->release = release;
	__atomic_store_n(&hold->refs, 1, __ATOMIC_RELAXED);
}

static inline void pkt_hold_get(struct pkt_hold *hold)
{
	__atomic_fetch_add(&hold->refs, 1, __ATOMIC_RELAXED);
}

static inline void pkt_hold_put(struct pkt_hold *hold)
{
	if (__atomic_fetch_sub(&hold->refs, 1, __ATOMIC_ACQ_REL) == 1)
		hold->release(hold);
}

#endif
