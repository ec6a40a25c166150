/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that need thought: all checks are made here that the fast path makes by a glance. */
#include "net/nat/internal.h"

#define DHCP_SERVER_PORT 67
#define MSS_OPTION 2
#define MSS_DEFAULT_HEADERS 40 /* IP and TCP without options */

bool nat_ip_checksum_ok(const u8 *ip, u32 header)
{
	return csum_fold(csum_bytes(0, ip, header)) == 0xffff;
}

void nat_rewrite_ip(u8 *ip, u32 src, u32 dst)
{
	u16 check = csum_update(load16(ip + IP_CHECK),
				(u64)load32(ip + IP_SRC) + load32(ip + IP_DST), (u64)src + dst);

	store32(ip + IP_SRC, src);
	store32(ip + IP_DST, dst);
	ip[IP_TTL]--;
	store16(ip + IP_CHECK, csum_apply(check, TTL_DELTA));
}

/* Where the MSS option's value is in a TCP header of that length, or 0. */
static u32 mss_find(const u8 *tcp, u32 header)
{
	u32 at = TCP_HEADER;

	while (at + 1 < header && tcp[at] != 0) {
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (tcp[at + 1] < 2 || at + tcp[at + 1] > header)
			return 0;
		if (tcp[at] == MSS_OPTION)
			return tcp[at + 1] == 4 ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

void nat_clamp_mss(struct nat *nat, struct nat_packet *np)
{
	u32 limit = MIN(nat->mtu[0], nat->mtu[1]) - MSS_DEFAULT_HEADERS;
	u32 at = mss_find(np->l4, (np->l4[12] >> 4) * 4u), old;
	u16 removed, added;

	if (!at)
		return;
	old = get_be16(np->l4 + at);
	if (old <= limit)
		return;
	removed = load16(np->l4 + at);
	put_be16(np->l4 + at, (u16)limit);
	added = load16(np->l4 + at);
	nat->counts[NAT_C_CLAMPED]++;
	if (np->p->off.flags & PKT_OFF_NEEDS_CSUM)
		return;
	/* At an odd offset its bytes are in the other halves of two words. */
	if (at & 1) {
		removed = net16(removed);
		added = net16(added);
	}
	store16(np->l4 + TCP_CHECK, csum_update(load16(np->l4 + TCP_CHECK), removed, added));
}

/* The packet's view, once pkt_parse() has accepted it. */
static void packet_view(struct nat_packet *np, struct pkt *p, bool uplink)
{
	np->p = p;
	np->ip = pkt_data(p) + p->layers.l3;
	np->l4 = pkt_data(p) + p->layers.l4;
	np->proto = np->ip[IP_PROTO];
	np->uplink = uplink;
	np->side = uplink ? NAT_SIDE_UPLINK : (u8)p->in_port;
	np->tcp_flags = 0;
	np->tuple =
	    (struct nat_tuple){.src = load32(np->ip + IP_SRC), .dst = load32(np->ip + IP_DST)};
}

/* Ports; false for an ICMP message that is no echo. */
static bool packet_ports(struct nat_packet *np)
{
	if (np->proto != IP_PROTO_ICMP) {
		np->tuple.sport = load16(np->l4);
		np->tuple.dport = load16(np->l4 + 2);
		if (np->proto == IP_PROTO_TCP)
			np->tcp_flags = np->l4[TCP_FLAGS];
		return true;
	}
	if (np->l4[0] == ICMP_ECHO)
		np->tuple.sport = load16(np->l4 + ICMP_ID);
	else
		np->tuple.dport = load16(np->l4 + ICMP_ID);
	return np->l4[0] == ICMP_ECHO || np->l4[0] == ICMP_ECHO_REPLY;
}

static bool is_icmp_error(u8 type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_QUENCH || type == ICMP_TIME ||
	       type == ICMP_PARAMETER;
}

/* For us by address alone: what a host without an address or a neighbour's broadcast sends. */
static bool packet_is_local(const struct nat *nat, const struct nat_packet *np)
{
	u32 dst = np->tuple.dst;

	if (np->uplink)
		return dst != nat->external;
	if (dst == nat->config.gateway && np->proto != IP_PROTO_TCP)
		return true;
	return dst == 0xffffffff || dst == (nat->config.subnet | ~nat->config.mask);
}

static void tcp_event(struct nat *nat, struct nat_session *s, u32 dir, struct nat_packet *np)
{
	nat_session_set_state(nat, s, nat_tcp_next(s->state, dir, np->tcp_flags));
	if (np->tcp_flags & TCP_SYN)
		nat_clamp_mss(nat, np);
}

/* A packet of a session, by whatever way it came here. */
static struct nat_result session_packet(struct nat *nat, struct nat_session *s, u32 dir,
					struct nat_packet *np)
{
	if (s->side[dir] != np->side)
		return nat_discard(nat, np->side, NAT_C_SPOOFED);
	if (s->proto == IP_PROTO_TCP)
		tcp_event(nat, s, dir, np);
	else if (s->state == NAT_UDP_NEW && dir)
		nat_session_set_state(nat, s, NAT_UDP);
	if (nat_refreshes(s->state))
		s->seen = nat->now;
	return nat_rewrite(nat, s, dir, np);
}

static u32 packet_wire_length(const struct nat_packet *np)
{
	const struct pkt *p = np->p;

	return p->off.gso_type ? (u32)p->off.hdr_len - p->layers.l3 + p->off.gso_size
			       : get_be16(np->ip + IP_TOTAL);
}

/* TTL and MTU: the gateway must answer with the packet as it came. */
static bool packet_passes(struct nat *nat, const struct nat_packet *np, bool to_uplink,
			  struct nat_result *result)
{
	if (np->ip[IP_TTL] <= 1) {
		nat_note(nat, np->side, NAT_C_TTL);
		*result = nat_verdict(NAT_EXPIRED);
		return false;
	}
	if (packet_wire_length(np) > nat->mtu[to_uplink]) {
		*result = nat_verdict(NAT_BIG);
		result->mtu = nat->mtu[to_uplink];
		return false;
	}
	return true;
}

static bool partial_right(const struct nat_packet *np)
{
	const struct pkt *p = np->p;
	u32 field = np->proto == IP_PROTO_TCP ? TCP_CHECK : UDP_CHECK;

	if (!(p->off.flags & PKT_OFF_NEEDS_CSUM))
		return true;
	return np->proto != IP_PROTO_ICMP && p->off.csum_start == p->layers.l4 &&
	       p->off.csum_offset == field;
}

struct nat_result nat_slow_l4(struct nat *nat, struct nat_packet *np)
{
	struct nat_result result;
	struct nat_session *s;
	u32 dir, number;

	if (!packet_ports(np)) {
		if (is_icmp_error(np->l4[0]))
			return nat_icmp_error(nat, np);
		return nat_discard(nat, np->side, NAT_C_UNSUPPORTED);
	}
	s = nat_session_find(nat, &np->tuple, np->proto, &dir);
	if (s)
		return packet_passes(nat, np, s->side[!dir] == NAT_SIDE_UPLINK, &result)
			   ? session_packet(nat, s, dir, np)
			   : result;
	if (!np->uplink && np->tuple.dst != nat->external && np->tuple.dst != nat->config.gateway &&
	    !packet_passes(nat, np, true, &result))
		return result;
	number = nat_flow_open(nat, np, &result);
	if (number == NAT_NONE)
		return result;
	return session_packet(nat, &nat->sessions[number], 0, np);
}

static bool is_for_our_mac(const struct nat *nat, bool uplink, const struct pkt *p)
{
	return (copy_load(pkt_data_const(p)) & 0xffffffffffffull) == nat->mac[uplink];
}

static struct nat_result slow_ipv4(struct nat *nat, struct nat_packet *np)
{
	const struct pkt *p = np->p;
	bool fragment = p->layers.what & PKT_FRAGMENT;
	bool later = p->layers.what & PKT_FRAG_LATER;

	if (!nat_ip_checksum_ok(np->ip, (np->ip[0] & 15) * 4u))
		return nat_discard(nat, np->side, NAT_C_CHECKSUM);
	if (packet_is_local(nat, np))
		return nat_verdict(NAT_LOCAL);
	if (!is_for_our_mac(nat, np->uplink, p))
		return nat_discard(nat, np->side, NAT_C_NOT_OURS);
	if (np->proto != IP_PROTO_TCP && np->proto != IP_PROTO_UDP && np->proto != IP_PROTO_ICMP)
		return np->tuple.dst == nat->config.gateway || np->uplink
			   ? nat_verdict(NAT_LOCAL)
			   : nat_discard(nat, np->side, NAT_C_UNSUPPORTED);
	if (fragment)
		return nat_fragment(nat, np, !later);
	if (!(p->layers.what & PKT_L4) || !partial_right(np))
		return nat_discard(nat, np->side, NAT_C_MALFORMED);
	return nat_slow_l4(nat, np);
}

struct nat_result nat_slow(struct nat *nat, bool uplink, struct pkt *p)
{
	u8 side = uplink ? NAT_SIDE_UPLINK : (u8)p->in_port;
	struct nat_packet np;

	if (pkt_parse(p) || p->layers.l3 != ETH_HEADER)
		return nat_discard(nat, side, NAT_C_MALFORMED);
	if (p->layers.what & PKT_ARP)
		return nat_verdict(NAT_LOCAL);
	if (!(p->layers.what & PKT_IPV4))
		return nat_discard(nat, side, NAT_C_NOT_OURS);
	packet_view(&np, p, uplink);
	return slow_ipv4(nat, &np);
}
