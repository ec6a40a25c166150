/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offloads in software, for receivers that did not negotiate them: finish a checksum, cut a
 * large TCP (TSO) or UDP (USO) segment into frames.
 */
#ifndef NET_PKT_OFFLOAD_H
#define NET_PKT_OFFLOAD_H

#include "net/pkt/pkt.h"

/*
 * Check p->off against the frame and set PKT_CHECKED. Unknown flags are cleared. For NEEDS_CSUM
 * alone, the checksum field must lie in the frame behind the Ethernet header. A gso_type must
 * fit the headers that pkt_parse() finds, and comes with NEEDS_CSUM for their checksum field;
 * hdr_len then becomes the true length of the headers. ERR_INVAL when it contradicts the frame,
 * ERR_RANGE when headers do not fit a head.
 */
int __must_check pkt_offload_check(struct pkt *p);

/*
 * Compute the checksum that NEEDS_CSUM left open, and clear the flag. The packet has PKT_CHECKED
 * and no gso_type. A sum of 0 is stored as 0xffff where 0 means that there is none, for UDP.
 * The scatter list is read for the sum and again for the copy: a source that writes meanwhile
 * sends a bad checksum. ERR_RANGE when the field does not fit the head.
 */
int __must_check pkt_checksum_complete(struct pkt *p);

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
