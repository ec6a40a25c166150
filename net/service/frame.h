/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that the gateway itself makes or keeps: a bounded pool of buffers, lists of them, and
 * the headers of what is written into them. Under the gateway's lock.
 */
#ifndef NET_SERVICE_FRAME_H
#define NET_SERVICE_FRAME_H

#include "kernel/lib/types.h"

#define FRAME_BYTES 1568 /* longest frame; together with the rest no multiple of 2048 */
#define FRAME_TO_UPLINK 0
#define FRAME_TO_ALL 0xffff /* flooded to the guests */

struct frame {
	struct frame *next;
	u16 to;    /* FRAME_TO_*, or the index of a guest's port */
	u16 len;   /* of data, in bytes */
	u32 until; /* kept ones: second when it is given up */
	u8 unused[8];
	u8 data[FRAME_BYTES];
};

/* First in, first out. Zero-initialized is empty. */
struct frame_list {
	struct frame *first, *last;
	u32 n;
};

struct frame_pool {
	struct frame_list free;
	u64 empty; /* how often there was none left */
};

void frame_list_add(struct frame_list *list, struct frame *frame);
/* The first one, off the list; NULL when it is empty. */
struct frame *frame_list_take(struct frame_list *list);
/* Move all of `from` to the end of `to`. */
void frame_list_move(struct frame_list *to, struct frame_list *from);

void frame_pool_init(struct frame_pool *pool, struct frame *frames, u32 n);
/* An empty frame, or NULL, which is counted. */
struct frame *frame_take(struct frame_pool *pool);
void frame_give(struct frame_pool *pool, struct frame *frame);

/* A UDP datagram's way. Addresses and ports in network order. */
struct frame_udp {
	u8 dst_mac[6], src_mac[6];
	u32 src, dst;
	u16 sport, dport;
};

/* Most bytes of payload in a datagram. */
#define FRAME_UDP_MAX 1472
#define FRAME_UDP_AT 42 /* where they begin */

/* Write Ethernet, IP and UDP headers with checksums around payload bytes that lie already at
 * data + FRAME_UDP_AT, at most FRAME_UDP_MAX; sets frame->len. */
void frame_write_udp(struct frame *frame, const struct frame_udp *udp, u32 payload);

/* Write an IP header of 20 bytes at ip with its checksum, total bytes in all. */
void frame_write_ip(u8 *ip, u32 src, u32 dst, u8 proto, u32 total);

#endif
