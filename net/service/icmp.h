/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP of the gateway itself (RFC 792, 1122, 1191, 1812): echo and errors. */
#ifndef NET_SERVICE_ICMP_H
#define NET_SERVICE_ICMP_H

#include "net/pkt/pkt.h"
#include "net/service/frame.h"

/* An error about a packet that came in. */
struct icmp_error {
	u8 type, code;
	u16 mtu;  /* fragmentation needed: of the next hop */
	u32 from; /* our address on the side where it came from, network order */
};

/* Make an IPv4 frame that is an echo request to us (or any fragment of one) the answer, in
 * place: addresses exchanged, type changed, checksums updated. False: it is none. The packet is
 * parsed. */
bool icmp_echo_answer(struct pkt *p);

/* Write an error about p, a parsed IPv4 frame, into frame, back to where it came from. False
 * when there must be none: about errors, later fragments, or broadcast (RFC 1122, 3.2.2). */
bool icmp_error_write(struct frame *frame, const struct pkt *p, const struct icmp_error *error);

#endif
