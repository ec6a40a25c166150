/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offloads in software, for receivers that did not negotiate them: finish a checksum, cut a
 * large TCP (TSO) or UDP (USO) segment into frames.
 */
#ifndef NET_PKT_OFFLOAD_H
#define NET_PKT_OFFLOAD_H

#include "net/pkt/pkt.h"

/*
 * Check p->off against the frame and set PKT_CHECKED: unknown flags are cleared, the checksum
 * field lies in the head (pulled) and the frame, a gso_type fits the headers that pkt_parse()
 * found and comes with NEEDS_CSUM for the right field, gso_size is not 0, hdr_len is replaced by
 * the true length of the headers. ERR_INVAL when it contradicts the frame, ERR_RANGE when the
 * headers do not fit a head.
 */
int __must_check pkt_offload_check(struct pkt *p);

/* Compute the checksum that NEEDS_CSUM left open, and clear the flag: 0 becomes 0xffff for UDP.
 * The packet has PKT_CHECKED and no gso_type. What is summed is read from the source's memory
 * again when it is copied: a source that changes it meanwhile sends a bad checksum. */
void pkt_checksum_complete(struct pkt *p);

/* The state of cutting one packet. */
struct pkt_segmenter {
	const struct pkt *from;
	u32 at;   /* offset in the frame of the next payload byte */
	u32 frag; /* scatter list position of at */
	u32 frag_at;
	u32 index;   /* of the next segment */
	u32 headers; /* bytes repeated in each */
};

/* Begin to cut from, which has PKT_CHECKED and a gso_type, and stays unchanged meanwhile. */
void pkt_segment_begin(struct pkt_segmenter *s, const struct pkt *from);

/*
 * Fill out with the next segment: own head (lengths, IP ID, sequence number, flags as TSO
 * hardware does it), scatter list entries from frags, of which there are *nr_frags; they are
 * counted down. checksum: finish it, else leave NEEDS_CSUM. Returns 1, 0 when there is none
 * left, ERR_NOMEM when *nr_frags did not suffice (nothing has been taken).
 */
int __must_check pkt_segment(struct pkt_segmenter *s, struct pkt *out, struct pkt_frag *frags,
			     u32 *nr_frags, bool checksum);

#endif
