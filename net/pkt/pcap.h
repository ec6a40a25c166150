/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captured frames, kept in a ring in the format of a pcap file: the newest displace the oldest.
 */
#ifndef NET_PKT_PCAP_H
#define NET_PKT_PCAP_H

#include "kernel/lib/ticketlock.h"
#include "net/pkt/pkt.h"

#define PCAP_FILE_HEADER 24
#define PCAP_RECORD_HEADER 16
#define PCAP_SNAP_MAX 65535

struct pcap_ring {
	struct ticketlock lock;
	u8 *buf;
	u32 size;       /* a power of two */
	u32 snap;       /* bytes of a frame that are kept */
	u64 head, tail; /* bytes ever written, and removed or displaced */
	u64 wall_ns;    /* what is added to times given, for those in the records: UTC at 0 */
	u64 records;    /* ever written */
	u64 displaced;
};

/* buf: size bytes, a power of two. ERR_INVAL when it is none, or too small for one frame of
 * snap bytes. */
int __must_check pcap_ring_init(struct pcap_ring *r, void *buf, u32 size, u32 snap);

/* Append a frame. A checksum that is still to be computed is computed in the record. */
void pcap_ring_put(struct pcap_ring *r, const struct pkt *p, u64 now_ns);

/* Take out the oldest record, header included; returns its bytes, 0 when there is none or it
 * is longer than room. */
u32 pcap_ring_get(struct pcap_ring *r, u8 *to, u32 room);

/* The header of a pcap file with times in ns and Ethernet frames; PCAP_FILE_HEADER bytes. */
void pcap_file_header(u8 *to, u32 snap);

#endif
