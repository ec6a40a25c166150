/* SPDX-License-Identifier: BSD-2-Clause */
/* Header fields as they lie in memory, and where they are in an IPv4 packet. */
#ifndef NET_NAT_WIRE_H
#define NET_NAT_WIRE_H

#include "kernel/lib/types.h"

/* Offsets in an IPv4 header, and its flags (host order). */
#define IP_TOTAL 2
#define IP_ID 4
#define IP_FRAG 6
#define IP_TTL 8
#define IP_PROTO 9
#define IP_CHECK 10
#define IP_SRC 12
#define IP_DST 16
#define IP_HEADER 20
#define IP_DF 0x4000
#define IP_MF 0x2000
#define IP_OFFSET 0x1fff
#define TCP_HEADER 20
#define TCP_FLAGS 13
#define TCP_CHECK 16
#define UDP_HEADER 8
#define UDP_LENGTH 4
#define UDP_CHECK 6
#define ICMP_HEADER 8
#define ICMP_CHECK 2
#define ICMP_ID 4
#define ICMP_ECHO_REPLY 0
#define ICMP_UNREACHABLE 3
#define ICMP_QUENCH 4
#define ICMP_REDIRECT 5
#define ICMP_ECHO 8
#define ICMP_TIME 11
#define ICMP_PARAMETER 12
/* Codes of ICMP_UNREACHABLE. */
#define ICMP_NET 0
#define ICMP_HOST 1
#define ICMP_PORT 3
#define ICMP_FRAG_NEEDED 4

struct field16 {
	u16 v;
} __packed __attribute__((may_alias));
struct field32 {
	u32 v;
} __packed __attribute__((may_alias));

static inline u16 load16(const void *at)
{
	return ((const struct field16 *)at)->v;
}

static inline u32 load32(const void *at)
{
	return ((const struct field32 *)at)->v;
}

static inline void store16(void *at, u16 v)
{
	((struct field16 *)at)->v = v;
}

static inline void store32(void *at, u32 v)
{
	((struct field32 *)at)->v = v;
}

/* Between host and network order, either way. */
static inline u16 net16(u16 v)
{
	return __builtin_bswap16(v);
}

static inline u32 net32(u32 v)
{
	return __builtin_bswap32(v);
}

#endif
