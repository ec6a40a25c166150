/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are kept in
 * memory's byte order: a field is loaded and stored as it lies there, nothing is swapped.
 */
#ifndef NET_PKT_CSUM_H
#define NET_PKT_CSUM_H

#include "net/pkt/pkt.h"

/* A 64-bit partial sum folded to 16 bits, not inverted. */
static inline u16 csum_fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

/* Add two partial sums. */
static inline u64 csum_add(u64 a, u64 b)
{
	u64 sum = a + b;

	return sum + (sum < a);
}

/* Partial sum of len bytes, continuing sum; an odd last byte counts as if a 0 followed. Only
 * the last of several pieces may be odd. */
u64 csum_bytes(u64 sum, const void *data, size_t len);

/* Partial sum of a pseudo header: addresses as they lie in the IP header at l3, proto, and the
 * length of the L4 header with its payload. */
u64 csum_pseudo(const u8 *l3, bool v6, u8 proto, u32 l4_len);

/* Update the checksum field check (as stored) for 16-bit words that change: sum of what is
 * removed, not inverted, and of what comes instead. RFC 1624, equation 3. */
static inline u16 csum_update(u16 check, u64 removed, u64 added)
{
	u64 sum = (u16)~check;

	sum += (u16)~csum_fold(removed);
	sum += csum_fold(added);
	return (u16)~csum_fold(sum);
}

/* The delta that csum_apply() adds for the same change, to keep in a session: 16 bits. */
static inline u16 csum_delta(u64 removed, u64 added)
{
	return csum_fold((u64)(u16)~csum_fold(removed) + csum_fold(added));
}

static inline u16 csum_apply(u16 check, u16 delta)
{
	return (u16)~csum_fold((u64)(u16)~check + delta);
}

/* Sum bytes [from, to) of a frame, head and scatter list; partial sum. */
u64 csum_frame(const struct pkt *p, u32 from, u32 to);

#endif
