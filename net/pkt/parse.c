/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/pkt/parse.h"

#define TAGS_MAX 2
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define EXTENSIONS_MAX 8
#define FIRST_PULL 64 /* the headers of most frames */

/* Extension headers of IPv6 that lead on to another header (RFC 8200, 4). */
#define EXT_HOP_BY_HOP 0
#define EXT_ROUTING 43
#define EXT_FRAGMENT 44
#define EXT_DESTINATION 60

/* The frame's first byte with at least upto bytes in the head, or NULL when it is shorter
 * than that or they do not fit: *err says which. */
static const u8 *need(struct pkt *p, u32 upto, int *err)
{
	if (likely(p->head_len >= upto))
		return pkt_data(p);
	if (upto > p->len)
		*err = ERR_INVAL;
	else
		*err = pkt_pull(p, upto);
	return *err ? NULL : pkt_data(p);
}

static int parse_ethernet(struct pkt *p)
{
	struct pkt_layers *l = &p->layers;
	u32 at = ETH_HEADER - 2;
	int err = ERR_OK;

	for (u32 tags = 0;; tags++) {
		const u8 *data = need(p, at + 2, &err);

		if (!data)
			return err;
		l->ethertype = get_be16(data + at);
		if (tags == TAGS_MAX ||
		    (l->ethertype != ETH_TYPE_VLAN && l->ethertype != ETH_TYPE_QINQ))
			break;
		at += ETH_TAG;
	}
	l->l3 = (u8)(at + 2);
	l->end = p->len;
	return ERR_OK;
}

/* The length of the L4 header at l4: 0 for protocols that are not looked into, ERR_*. */
static int l4_length(struct pkt *p, u32 at)
{
	const struct pkt_layers *l = &p->layers;
	int err = ERR_OK;
	const u8 *data;
	u32 length;

	switch (l->proto) {
	case IP_PROTO_TCP:
		data = need(p, at + 20, &err);
		if (!data)
			return err;
		length = (data[at + 12] >> 4) * 4u;
		return length < 20 ? ERR_INVAL : (int)length;
	case IP_PROTO_UDP:
		data = need(p, at + 8, &err);
		if (!data)
			return err;
		length = get_be16(data + at + 4);
		if (length < 8 || (!(l->what & PKT_FRAGMENT) && length > l->end - at))
			return ERR_INVAL;
		return 8;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		return 8;
	default:
		return 0;
	}
}

/* L4 begins at at; the IP packet ends at l->end, which is inside of the frame. */
static int parse_l4(struct pkt *p, u32 at)
{
	struct pkt_layers *l = &p->layers;
	int err = ERR_OK;
	int length;

	if (at > l->end)
		return ERR_INVAL;
	if (at > PKT_HEAD)
		return ERR_RANGE;
	if (l->what & PKT_FRAG_LATER)
		return ERR_OK;
	length = l4_length(p, at);
	if (length < 0)
		return length;
	if ((u32)length > l->end - at)
		return ERR_INVAL;
	if (length && !need(p, at + (u32)length, &err))
		return err;
	l->l4 = (u8)at;
	l->payload = (u8)(at + (u32)length);
	if (length)
		l->what |= PKT_L4;
	return ERR_OK;
}

static int parse_ipv4(struct pkt *p)
{
	struct pkt_layers *l = &p->layers;
	u32 at = l->l3, length, total;
	int err = ERR_OK;
	const u8 *data = need(p, at + IPV4_HEADER, &err);
	u16 fragment;

	if (!data)
		return err;
	length = (data[at] & 15) * 4u;
	total = get_be16(data + at + 2);
	fragment = get_be16(data + at + 6);
	if (data[at] >> 4 != 4 || length < IPV4_HEADER || total < length || total > p->len - at)
		return ERR_INVAL;
	l->what |= PKT_IPV4;
	if (fragment & 0x3fff)
		l->what |= PKT_FRAGMENT;
	if (fragment & 0x1fff)
		l->what |= PKT_FRAG_LATER;
	l->proto = data[at + 9];
	l->end = at + total;
	if (!need(p, at + length, &err))
		return err;
	return parse_l4(p, at + length);
}

static void note_fragment(struct pkt_layers *l, u16 field)
{
	if (field & 0xfff9)
		l->what |= PKT_FRAGMENT;
	if (field & 0xfff8)
		l->what |= PKT_FRAG_LATER;
}

/* Step over extension headers from at on, the first of which is l->proto. */
static int parse_extensions(struct pkt *p, u32 at)
{
	struct pkt_layers *l = &p->layers;
	int err = ERR_OK;

	for (u32 i = 0; i < EXTENSIONS_MAX && !(l->what & PKT_FRAG_LATER); i++) {
		u8 kind = l->proto;
		const u8 *data;

		if (kind != EXT_HOP_BY_HOP && kind != EXT_ROUTING && kind != EXT_FRAGMENT &&
		    kind != EXT_DESTINATION)
			return parse_l4(p, at);
		data = at + 8 > l->end ? NULL : need(p, at + 8, &err);
		if (!data)
			return err ? err : ERR_INVAL;
		l->proto = data[at];
		if (kind == EXT_FRAGMENT)
			note_fragment(l, get_be16(data + at + 2));
		at += kind == EXT_FRAGMENT ? 8 : (data[at + 1] + 1u) * 8;
	}
	return l->what & PKT_FRAG_LATER ? parse_l4(p, at) : ERR_RANGE;
}

static int parse_ipv6(struct pkt *p)
{
	struct pkt_layers *l = &p->layers;
	u32 at = l->l3, length;
	int err = ERR_OK;
	const u8 *data = need(p, at + IPV6_HEADER, &err);

	if (!data)
		return err;
	length = IPV6_HEADER + get_be16(data + at + 4);
	if (data[at] >> 4 != 6 || length > p->len - at)
		return ERR_INVAL;
	l->what |= PKT_IPV6;
	l->proto = data[at + 6];
	l->end = at + length;
	return parse_extensions(p, at + IPV6_HEADER);
}

static int parse_l3(struct pkt *p)
{
	switch (p->layers.ethertype) {
	case ETH_TYPE_IPV4:
		return parse_ipv4(p);
	case ETH_TYPE_IPV6:
		return parse_ipv6(p);
	case ETH_TYPE_ARP:
		p->layers.what = PKT_ARP;
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

int pkt_parse(struct pkt *p)
{
	int err;

	if (p->flags & PKT_PARSED)
		return ERR_OK;
	p->layers = (struct pkt_layers){0};
	if (p->head_len < FIRST_PULL) {
		err = pkt_pull(p, FIRST_PULL);
		if (err)
			return err;
	}
	err = parse_ethernet(p);
	if (!err)
		err = parse_l3(p);
	if (!err)
		p->flags |= PKT_PARSED;
	return err;
}
