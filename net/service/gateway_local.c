/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames for the gateway itself: ARP, echo, DHCP and DNS. */
#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/parse.h"
#include "net/service/gateway_internal.h"
#include "net/service/icmp.h"

#define CLAIMS_MAX 16 /* addresses that a guest may have without a lease */

static const u8 everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Forget what a guest had claimed: what it still uses, it will tell again. */
static void claims_drop(struct gateway *gw, u8 side)
{
	struct nat *nat = gw->nat;

	for (u32 host = 1; host < nat->router_hop; host++)
		if (nat->hops[host].side == side &&
		    !dhcpd_owns(&gw->dhcpd, nat->config.subnet | net32(host)))
			nat->hops[host].side = nat->hops[host].valid = 0;
	gw->claims[side] = 0;
}

/* A guest says by ARP that it has an address. It is believed if nobody else has it. */
static void claim(struct gateway *gw, u8 side, const struct arp_msg *msg)
{
	struct nat *nat = gw->nat;
	u32 host = nat_hop_guest(nat, msg->sender);
	struct nat_hop *hop = &nat->hops[host];

	if (!nat_is_guest(nat, msg->sender) || !host || host == nat->router_hop - 1u ||
	    msg->sender == nat->config.gateway || !nat->guests[side].present)
		return;
	if (hop->side && hop->side != side) {
		gw->counts.arp_claims_refused++;
		return;
	}
	if (!hop->side) {
		if (dhcpd_owns(&gw->dhcpd, msg->sender)) {
			gw->counts.arp_claims_refused++;
			return;
		}
		if (gw->claims[side] >= CLAIMS_MAX)
			claims_drop(gw, side);
		gw->claims[side]++;
	}
	hop->side = side;
	hop->valid = true;
	memcpy(hop->macs, msg->sender_mac, 6);
	if (!nat->guests[side].address)
		nat->guests[side].address = msg->sender;
}

static void arp_answer(struct gateway *gw, const struct gateway_event *ev,
		       const struct arp_msg *msg, const u8 *mac)
{
	struct arp_msg answer = {.op = ARP_REPLY, .sender = msg->target, .target = msg->sender};
	struct frame *frame = frame_take(&gw->pool);

	if (!frame)
		return;
	memcpy(answer.sender_mac, mac, 6);
	memcpy(answer.target_mac, msg->sender_mac, 6);
	arp_write(frame, msg->sender_mac, &answer);
	frame->to = ev->side;
	frame_list_add(ev->out, frame);
}

static void local_arp(struct gateway *gw, const struct gateway_event *ev)
{
	const struct nat_config *c = &gw->nat->config;
	u32 ours = ev->uplink ? gw->nat->external : c->gateway;
	struct arp_msg msg;

	if (arp_read(&msg, pkt_data(ev->p) + ev->p->layers.l3, ev->p->head_len - ev->p->layers.l3))
		return;
	if (ev->uplink) {
		dhcpc_arp(&gw->dhcpc, &msg, gw->now_ns, ev->out);
		arp_learn(&gw->arp, &msg, gw->now_ns, ev->out);
	} else {
		if (msg.sender == ours)
			(void)trace_err(ERR_EXIST,
					"%s: guest %s uses the gateway's address: give "
					"it another one",
					gw->config.name, gw->names[ev->side]);
		claim(gw, ev->side, &msg);
	}
	if (msg.op == ARP_REQUEST && ours && msg.target == ours && msg.sender != ours)
		arp_answer(gw, ev, &msg, ev->uplink ? c->uplink_mac : c->guest_mac);
}

/* The datagram behind the UDP header in gw->scratch; its length, or 0 when it is not right. */
static u32 udp_payload(struct gateway *gw, const struct pkt *p, const u8 **payload)
{
	u32 total = p->layers.end, l4 = p->layers.l4, len;

	if (p->layers.end > sizeof(gw->scratch) || p->len > sizeof(gw->scratch))
		return 0;
	pkt_copy_out(p, gw->scratch);
	len = get_be16(gw->scratch + l4 + UDP_LENGTH);
	if (len < UDP_HEADER || len > total - l4)
		return 0;
	if (load16(gw->scratch + l4 + UDP_CHECK) &&
	    !(p->off.flags & (PKT_OFF_NEEDS_CSUM | PKT_OFF_DATA_VALID)) &&
	    csum_fold(csum_bytes(csum_pseudo(gw->scratch + p->layers.l3, false, IP_PROTO_UDP, len),
				 gw->scratch + l4, len)) != 0xffff)
		return 0;
	*payload = gw->scratch + l4 + UDP_HEADER;
	return len - UDP_HEADER;
}

/* Where the server's answer goes: RFC 2131, 4.1. */
static void dhcp_address(const struct gateway *gw, const struct dhcp_msg *msg,
			 const struct dhcp_msg *answer, struct frame_udp *udp)
{
	memcpy(udp->src_mac, gw->nat->config.guest_mac, 6);
	udp->src = gw->nat->config.gateway;
	udp->sport = net16(DHCP_SERVER_PORT);
	udp->dport = net16(DHCP_CLIENT_PORT);
	memcpy(udp->dst_mac, msg->chaddr, 6);
	udp->dst = msg->ciaddr ? msg->ciaddr : answer->yiaddr;
	if (answer->type == DHCP_NAK || (!msg->ciaddr && msg->flags & DHCP_BROADCAST)) {
		memcpy(udp->dst_mac, everybody, 6);
		udp->dst = 0xffffffff;
	}
}

static void local_dhcp_server(struct gateway *gw, const struct gateway_event *ev, const u8 *payload,
			      u32 len)
{
	struct dhcp_msg msg, answer;
	struct frame_udp udp = {0};
	struct frame *frame;
	u32 n;

	if (dhcp_read(&msg, payload, len) || !(frame = frame_take(&gw->pool)))
		return;
	n = dhcpd_input(&gw->dhcpd, ev->side, &msg, frame->data + FRAME_UDP_AT, &answer);
	if (!n) {
		frame_give(&gw->pool, frame);
		return;
	}
	dhcp_address(gw, &msg, &answer, &udp);
	frame_write_udp(frame, &udp, n);
	/* To the port that asked, and no other. */
	frame->to = ev->side;
	frame_list_add(ev->out, frame);
}

/* Send what the relay has made of a message: len bytes in frame. */
static void dns_send(struct gateway *gw, const struct gateway_event *ev, struct frame *frame,
		     u32 len, const struct dns_way *way)
{
	struct nat *nat = gw->nat;
	const u8 *macs;
	struct frame_udp udp = {
	    .src = way->src, .dst = way->dst, .sport = way->sport, .dport = way->dport};

	if (way->side == NAT_SIDE_UPLINK) {
		frame_write_udp(frame, &udp, len);
		arp_send(&gw->arp, frame, way->dst, gw->now_ns, ev->out);
		return;
	}
	macs = nat->hops[nat_hop_guest(nat, way->dst)].macs;
	memcpy(udp.dst_mac, macs, 6);
	memcpy(udp.src_mac, macs + 6, 6);
	frame_write_udp(frame, &udp, len);
	frame->to = way->side;
	frame_list_add(ev->out, frame);
}

static void local_dns(struct gateway *gw, const struct gateway_event *ev, const u8 *payload,
		      u32 len)
{
	const u8 *ip = pkt_data(ev->p) + ev->p->layers.l3, *l4 = pkt_data(ev->p) + ev->p->layers.l4;
	struct dns_way way = {.src = load32(ip + IP_SRC),
			      .dst = load32(ip + IP_DST),
			      .sport = load16(l4),
			      .dport = load16(l4 + 2),
			      .side = ev->side};
	struct nat *nat = gw->nat;
	struct frame *frame;

	if (len > FRAME_UDP_MAX)
		return;
	if (!ev->uplink && (!nat_is_guest(nat, way.src) ||
			    nat->hops[nat_hop_guest(nat, way.src)].side != ev->side)) {
		nat->counts[NAT_C_SPOOFED]++;
		return;
	}
	frame = frame_take(&gw->pool);
	if (!frame)
		return;
	memcpy(frame->data + FRAME_UDP_AT, payload, len);
	if (ev->uplink)
		len = dns_relay_answer(&gw->dns, frame->data + FRAME_UDP_AT, len, &way);
	else
		len = dns_relay_query(&gw->dns, frame->data + FRAME_UDP_AT, len, &way);
	if (len)
		dns_send(gw, ev, frame, len, &way);
	else
		frame_give(&gw->pool, frame);
}

static void local_udp(struct gateway *gw, const struct gateway_event *ev)
{
	const u8 *ip = pkt_data(ev->p) + ev->p->layers.l3, *l4 = pkt_data(ev->p) + ev->p->layers.l4;
	u16 port = get_be16(l4 + 2);
	const u8 *payload;
	u32 len = udp_payload(gw, ev->p, &payload);
	struct dhcp_msg msg;

	if (!len)
		return;
	if (!ev->uplink && port == DHCP_SERVER_PORT) {
		local_dhcp_server(gw, ev, payload, len);
	} else if (ev->uplink && port == DHCP_CLIENT_PORT) {
		if (!dhcp_read(&msg, payload, len))
			dhcpc_input(&gw->dhcpc, &msg, gw->now_ns, ev->out);
	} else if (ev->uplink || port == DNS_PORT) {
		local_dns(gw, ev, payload, len);
	} else if (load32(ip + IP_DST) == gw->nat->config.gateway) {
		gw->counts.unknown++;
		gateway_error(gw, ev, ICMP_UNREACHABLE, ICMP_PORT, 0);
	}
}

/* An echo request to one of our addresses, answered in place. */
static bool local_echo(struct gateway *gw, const struct gateway_event *ev)
{
	u32 dst = load32(pkt_data(ev->p) + ev->p->layers.l3 + IP_DST);

	if (dst != gw->nat->external && (ev->uplink || dst != gw->nat->config.gateway))
		return false;
	if (!icmp_echo_answer(ev->p))
		return false;
	gw->counts.echoes++;
	ev->result->verdict = NAT_SEND;
	*ev->to = ev->side;
	return true;
}

void gateway_local(struct gateway *gw, const struct gateway_event *ev)
{
	struct pkt *p = ev->p;

	if (p->layers.what & PKT_ARP) {
		local_arp(gw, ev);
		return;
	}
	if (p->layers.proto == IP_PROTO_ICMP) {
		if (!local_echo(gw, ev))
			gw->counts.unknown++;
		return;
	}
	if (p->layers.what & PKT_FRAGMENT || !(p->layers.what & PKT_L4)) {
		gw->counts.unknown++;
		return;
	}
	if (p->layers.proto == IP_PROTO_UDP) {
		local_udp(gw, ev);
		return;
	}
	gw->counts.unknown++;
	if (!ev->uplink)
		gateway_error(gw, ev, ICMP_UNREACHABLE, ICMP_PORT, 0);
}
