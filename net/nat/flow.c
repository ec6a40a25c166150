/* SPDX-License-Identifier: BSD-2-Clause */
/* The first packet of a flow: may it be, and what does it become? */
#include "net/nat/forward.h"
#include "net/nat/internal.h"

#define DNS_PORT 53

/* Addresses that no router forwards to or from: this network, loopback, link-local, multicast,
 * reserved, broadcast (RFC 1122, 3.2.1.3, RFC 3927, 7). */
static bool address_routable(u32 address)
{
	u32 host = net32(address), top = host >> 24;

	return top != 0 && top != 127 && top < 224 && host >> 16 != 0xa9fe;
}

static u8 first_state(const struct nat_packet *np)
{
	return np->proto == IP_PROTO_TCP   ? NAT_TCP_SYN
	       : np->proto == IP_PROTO_UDP ? NAT_UDP_NEW
					   : NAT_ICMP;
}

/* What can be the first packet of anything. */
static bool opens(const struct nat_packet *np)
{
	if (np->proto == IP_PROTO_TCP)
		return (np->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
	if (np->proto == IP_PROTO_UDP)
		return np->tuple.sport && np->tuple.dport;
	return np->l4[0] == ICMP_ECHO;
}

static u32 flow_add(struct nat *nat, struct nat_flow *flow, struct nat_result *result)
{
	enum nat_count why;
	u32 number = nat_session_add(nat, flow, &why);

	if (number != NAT_NONE)
		return number;
	if (flow->mapping && !flow->mapping->refs)
		nat_mapping_put(nat, flow->mapping);
	*result = nat_discard(nat, flow->payer, why);
	return NAT_NONE;
}

/* The source address and port that a guest's packet gets outside: those of a forward if the
 * port is one, so that a server's own packets come from where it is reached; else a mapping's. */
static bool flow_source(struct nat *nat, const struct nat_packet *np, struct nat_flow *flow,
			struct nat_tuple *outside, struct nat_result *result)
{
	enum nat_count why;
	u8 side;

	outside->dst = nat->external;
	for (u32 i = 0; i < NAT_FORWARDS; i++) {
		const struct nat_forward *f = &nat->forwards[i];

		if (f->proto == np->proto && f->port == np->tuple.sport &&
		    nat_forward_address(nat, f, &side) == np->tuple.src && side == np->side) {
			outside->dport = f->external;
			return true;
		}
	}
	flow->mapping =
	    nat_mapping_get(nat, np->side, np->tuple.src, np->tuple.sport, np->proto, &why);
	if (!flow->mapping) {
		*result = nat_discard(nat, np->side, why);
		return false;
	}
	outside->dport = flow->mapping->external;
	return true;
}

/* To the outside, or with another destination than the packet says: a DNS server. */
static u32 open_outbound(struct nat *nat, const struct nat_packet *np, u32 dst,
			 struct nat_result *result)
{
	struct nat_flow flow = {.tuple = {np->tuple},
				.side = {np->side, NAT_SIDE_UPLINK},
				.proto = np->proto,
				.state = first_state(np),
				.payer = np->side};

	if (!nat->external || !address_routable(dst)) {
		*result = nat->external ? nat_discard(nat, np->side, NAT_C_UNREACHABLE)
					: nat_verdict(NAT_PROHIBIT);
		return NAT_NONE;
	}
	if (!flow_source(nat, np, &flow, &flow.tuple[1], result))
		return NAT_NONE;
	flow.tuple[1].src = dst;
	flow.tuple[1].sport = np->tuple.dport;
	return flow_add(nat, &flow, result);
}

/* Where an external port leads: a forward's guest or a mapping's. */
static bool port_target(struct nat *nat, u8 proto, u16 external, u32 *address, u16 *port, u8 *side)
{
	struct nat_forward *f = nat_forward_find(nat, proto, external);
	struct nat_mapping *m;

	if (f) {
		f->packets++;
		*address = nat_forward_address(nat, f, side);
		*port = f->port;
		return *address != 0;
	}
	m = nat_mapping_find_external(nat, external, proto);
	if (!m)
		return false;
	*address = m->guest;
	*port = m->port;
	*side = m->side;
	return true;
}

/* From one guest to the external address, where another one (or itself) is reached: both
 * addresses change (RFC 4787 REQ-9). */
static u32 open_hairpin(struct nat *nat, const struct nat_packet *np, struct nat_result *result)
{
	struct nat_flow flow = {.tuple = {np->tuple},
				.side = {np->side, NAT_SIDE_UPLINK},
				.proto = np->proto,
				.state = first_state(np),
				.payer = np->side};

	if (np->proto == IP_PROTO_ICMP ||
	    !port_target(nat, np->proto, np->tuple.dport, &flow.tuple[1].src, &flow.tuple[1].sport,
			 &flow.side[1])) {
		*result = nat_verdict(NAT_LOCAL);
		return NAT_NONE;
	}
	if (!flow_source(nat, np, &flow, &flow.tuple[1], result))
		return NAT_NONE;
	return flow_add(nat, &flow, result);
}

static u32 open_from_guest(struct nat *nat, const struct nat_packet *np, struct nat_result *result)
{
	const struct nat_hop *hop;
	u32 dst = np->tuple.dst;

	if (!nat_is_guest(nat, np->tuple.src)) {
		*result = nat_discard(nat, np->side, NAT_C_SPOOFED);
		return NAT_NONE;
	}
	hop = &nat->hops[nat_hop_guest(nat, np->tuple.src)];
	if (hop->side != np->side || !nat->guests[np->side].present) {
		*result = nat_discard(nat, np->side, NAT_C_SPOOFED);
		return NAT_NONE;
	}
	if (dst == nat->config.gateway && np->proto == IP_PROTO_TCP &&
	    np->tuple.dport == net16(DNS_PORT) && nat->dns)
		return open_outbound(nat, np, nat->dns, result);
	if (dst == nat->config.gateway) {
		*result = nat_verdict(NAT_LOCAL);
		return NAT_NONE;
	}
	if (nat_is_guest(nat, dst)) {
		*result = nat_discard(nat, np->side, NAT_C_NOT_OURS);
		return NAT_NONE;
	}
	if (dst == nat->external)
		return open_hairpin(nat, np, result);
	return open_outbound(nat, np, dst, result);
}

/* From the outside: through a forward, or to a mapping's port when the filter allows. */
static u32 open_from_uplink(struct nat *nat, const struct nat_packet *np, struct nat_result *result)
{
	struct nat_flow flow = {.tuple = {np->tuple},
				.side = {NAT_SIDE_UPLINK, 0},
				.proto = np->proto,
				.state = first_state(np),
				.inbound = true};
	struct nat_forward *f = nat_forward_find(nat, np->proto, np->tuple.dport);

	*result = nat_verdict(NAT_LOCAL);
	if (np->proto == IP_PROTO_ICMP || np->tuple.dst != nat->external ||
	    !address_routable(np->tuple.src) || nat_is_guest(nat, np->tuple.src))
		return NAT_NONE;
	if (!f && !(nat->config.filter_endpoint && np->proto == IP_PROTO_UDP))
		return NAT_NONE;
	if (!port_target(nat, np->proto, np->tuple.dport, &flow.tuple[1].src, &flow.tuple[1].sport,
			 &flow.side[1]))
		return NAT_NONE;
	if (!f)
		flow.mapping = nat_mapping_find_external(nat, np->tuple.dport, np->proto);
	flow.tuple[1].dst = np->tuple.src;
	flow.tuple[1].dport = np->tuple.sport;
	flow.payer = flow.side[1];
	return flow_add(nat, &flow, result);
}

u32 nat_flow_open(struct nat *nat, const struct nat_packet *np, struct nat_result *result)
{
	if (np->uplink && np->tuple.dst != nat->external) {
		/* A broadcast, or DHCP before we have an address. */
		*result = nat_verdict(NAT_LOCAL);
		return NAT_NONE;
	}
	if (!opens(np)) {
		bool local = np->uplink || np->tuple.dst == nat->config.gateway;

		*result =
		    local ? nat_verdict(NAT_LOCAL) : nat_discard(nat, np->side, NAT_C_NO_SESSION);
		return NAT_NONE;
	}
	return np->uplink ? open_from_uplink(nat, np, result) : open_from_guest(nat, np, result);
}
