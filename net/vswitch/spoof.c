/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a frame claims an IP address that its port may not use. */
#include <string.h>

#include "net/pkt/parse.h"
#include "net/vswitch/internal.h"

#define ARP_LENGTH 28
#define ARP_SENDER_MAC 8
#define ARP_SENDER_IP 14
#define IPV4_SOURCE 12
#define IPV6_SOURCE 8
#define DHCP_SERVER 67
#define ND_ADVERTISEMENT 136
#define ND_TARGET 8

static bool owns(const struct vsw_port *port, const u8 *address, bool v6)
{
	for (u32 i = 0; i < port->config.addresses; i++) {
		const struct vsw_address *a = &port->config.ip[i];

		if (a->v6 == v6 && !memcmp(a->bytes, address, v6 ? 16 : 4))
			return true;
	}
	return false;
}

static bool is_zero(const u8 *bytes, u32 len)
{
	u8 any = 0;

	while (len--)
		any |= *bytes++;
	return !any;
}

/* An address of its own, or none in a question whether somebody has one (RFC 5227). */
static bool arp_ok(const struct vsw_port *port, struct pkt *p)
{
	static const u8 ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4};
	u32 at = p->layers.l3;
	const u8 *arp;

	if (p->len < at + ARP_LENGTH || pkt_pull(p, at + ARP_LENGTH))
		return false;
	arp = pkt_data(p) + at;
	if (memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) ||
	    memcmp(arp + ARP_SENDER_MAC, pkt_data(p) + 6, 6))
		return false;
	return is_zero(arp + ARP_SENDER_IP, 4) || owns(port, arp + ARP_SENDER_IP, false);
}

/* An address of its own, or none towards a DHCP server. */
static bool ipv4_ok(const struct vsw_port *port, const struct pkt *p)
{
	const struct pkt_layers *l = &p->layers;
	const u8 *ip = pkt_data_const(p) + l->l3;

	if (owns(port, ip + IPV4_SOURCE, false))
		return true;
	return is_zero(ip + IPV4_SOURCE, 4) && l->what & PKT_L4 && l->proto == IP_PROTO_UDP &&
	       get_be16(pkt_data_const(p) + l->l4 + 2) == DHCP_SERVER;
}

static bool is_link_local(const u8 *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool may_use_v6(const struct vsw_port *port, const u8 *address)
{
	return is_link_local(address) || owns(port, address, true);
}

/* An address of its own, link-local, or none (RFC 4862, 5.4); and so for what a neighbour
 * advertisement says (RFC 4861, 4.4). */
static bool ipv6_ok(const struct vsw_port *port, struct pkt *p)
{
	const struct pkt_layers *l = &p->layers;
	const u8 *source = pkt_data(p) + l->l3 + IPV6_SOURCE;

	if (!is_zero(source, 16) && !may_use_v6(port, source))
		return false;
	if (l->proto != IP_PROTO_ICMPV6 || !(l->what & PKT_L4) ||
	    pkt_data(p)[l->l4] != ND_ADVERTISEMENT)
		return true;
	if (p->len < l->l4 + ND_TARGET + 16u || pkt_pull(p, l->l4 + ND_TARGET + 16u))
		return false;
	return may_use_v6(port, pkt_data(p) + l->l4 + ND_TARGET);
}

bool vsw_source_ip_ok(const struct vsw_port *port, struct pkt *p)
{
	if (pkt_parse(p))
		return false;
	if (p->layers.what & PKT_ARP)
		return arp_ok(port, p);
	if (p->layers.what & PKT_IPV4)
		return ipv4_ok(port, p);
	if (p->layers.what & PKT_IPV6)
		return ipv6_ok(port, p);
	return true;
}
