/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a frame's headers are. Trusts nothing: every length is checked against the frame, and
 * what is found lies in the head, pulled there from the scatter list as far as needed.
 */
#ifndef NET_PKT_PARSE_H
#define NET_PKT_PARSE_H

#include "net/pkt/pkt.h"

#define ETH_HEADER 14
#define ETH_TAG 4
#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_VLAN 0x8100
#define ETH_TYPE_QINQ 0x88a8
#define ETH_TYPE_IPV6 0x86dd

#define IP_PROTO_ICMP 1
#define IP_PROTO_TCP 6
#define IP_PROTO_UDP 17
#define IP_PROTO_ICMPV6 58

/* Big-endian fields at any alignment. */
static inline u16 get_be16(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static inline u32 get_be32(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static inline void put_be16(u8 *at, u16 v)
{
	at[0] = (u8)(v >> 8);
	at[1] = (u8)v;
}

static inline void put_be32(u8 *at, u32 v)
{
	put_be16(at, (u16)(v >> 16));
	put_be16(at + 2, (u16)v);
}

/*
 * Fill p->layers, once: a second call returns at once as long as PKT_PARSED is set (who moves
 * headers clears it). Up to two tags (802.1Q, 802.1ad) are stepped over; so are IPv4 options and
 * IPv6's hop-by-hop, routing, destination and fragment headers.
 *
 * ERR_OK: what is known is in p->layers: an unknown EtherType has l3 only, an unknown protocol
 * or a later fragment no L4. With PKT_L4 the whole L4 header is in the head, options included.
 * ERR_INVAL: the frame contradicts itself: a header longer than what holds it, a length field
 * longer than the frame, a version that is not the EtherType's, a TCP header below 20 bytes.
 * ERR_RANGE: headers longer than a head (PKT_HEAD): only IPv6 extension headers can be.
 */
int __must_check pkt_parse(struct pkt *p);

#endif
