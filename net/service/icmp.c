/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/icmp.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/parse.h"

#define QUOTE_MAX (576 - IP_HEADER - ICMP_HEADER) /* RFC 1812, 4.3.2.3 */

static void swap_bytes(u8 *a, u8 *b, u32 n)
{
	u8 keep[8];

	memcpy(keep, a, n);
	memcpy(a, b, n);
	memcpy(b, keep, n);
}

/* The TTL begins anew in an answer. */
static void set_ttl(u8 *ip, u8 ttl)
{
	u16 old = load16(ip + IP_TTL);

	ip[IP_TTL] = ttl;
	store16(ip + IP_CHECK, csum_update(load16(ip + IP_CHECK), old, load16(ip + IP_TTL)));
}

bool icmp_echo_answer(struct pkt *p)
{
	u8 *frame = pkt_data(p), *ip = frame + p->layers.l3, *icmp = frame + p->layers.l4;

	if (ip[IP_PROTO] != IP_PROTO_ICMP || p->off.gso_type || p->off.flags & PKT_OFF_NEEDS_CSUM)
		return false;
	if (!(p->layers.what & PKT_FRAG_LATER)) {
		u16 old;

		if (!(p->layers.what & PKT_L4) || icmp[0] != ICMP_ECHO || icmp[1])
			return false;
		old = load16(icmp);
		icmp[0] = ICMP_ECHO_REPLY;
		store16(icmp + ICMP_CHECK,
			csum_update(load16(icmp + ICMP_CHECK), old, load16(icmp)));
	}
	swap_bytes(frame, frame + 6, 6);
	swap_bytes(ip + IP_SRC, ip + IP_DST, 4);
	set_ttl(ip, 64);
	return true;
}

static bool is_error(const u8 *icmp)
{
	return icmp[0] != ICMP_ECHO && icmp[0] != ICMP_ECHO_REPLY;
}

static bool may_answer(const struct pkt *p)
{
	const u8 *frame = pkt_data_const(p), *ip = frame + p->layers.l3;
	u32 src = get_be32(ip + IP_SRC), dst = get_be32(ip + IP_DST);

	if (frame[0] & 1 || p->layers.what & PKT_FRAG_LATER || !src || src >> 28 >= 14 ||
	    dst >> 28 >= 14)
		return false;
	return ip[IP_PROTO] != IP_PROTO_ICMP ||
	       (p->layers.what & PKT_L4 && !is_error(frame + p->layers.l4));
}

bool icmp_error_write(struct frame *frame, const struct pkt *p, const struct icmp_error *error)
{
	const u8 *in = pkt_data_const(p), *ip = in + p->layers.l3;
	u8 *out = frame->data + ETH_HEADER + IP_HEADER;
	u32 quote = MIN((u32)QUOTE_MAX, (u32)p->layers.end - p->layers.l3);
	struct pkt_cursor cursor;

	if (!may_answer(p))
		return false;
	memset(out, 0, ICMP_HEADER);
	out[0] = error->type;
	out[1] = error->code;
	put_be16(out + 6, error->mtu); /* 0 for others */
	pkt_cursor_init(&cursor, p);
	/* The quotation begins with the IP header; what is before it is overwritten below. */
	pkt_cursor_copy(&cursor, frame->data, p->layers.l3);
	pkt_cursor_copy(&cursor, out + ICMP_HEADER, quote);
	store16(out + ICMP_CHECK, (u16)~csum_fold(csum_bytes(0, out, ICMP_HEADER + quote)));
	memcpy(frame->data, in + 6, 6);
	memcpy(frame->data + 6, in, 6);
	put_be16(frame->data + 12, ETH_TYPE_IPV4);
	frame_write_ip(frame->data + ETH_HEADER, error->from, load32(ip + IP_SRC), IP_PROTO_ICMP,
		       IP_HEADER + ICMP_HEADER + quote);
	frame->len = (u16)(ETH_HEADER + IP_HEADER + ICMP_HEADER + quote);
	return true;
}
