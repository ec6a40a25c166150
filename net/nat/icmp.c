/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP errors about packets of a session (RFC 5508, 4 and 5): the packet inside is translated
 * back to what its sender had sent, with its checksums, and the error goes to that sender. The
 * session is left as it is.
 */
#include "net/nat/internal.h"

/* The packet that an error is about, as far as it is quoted. */
struct inner {
	u8 *ip, *l4;
	u32 l4_bytes; /* that are there */
	u8 proto;
	struct nat_tuple answer; /* of the packet's session, the direction that answers it */
};

/* Our frames' heads hold this much of an error; errors quote 576 bytes at most, of which only
 * the beginning is looked at. */
static bool inner_read(struct inner *in, const struct nat_packet *np)
{
	const struct pkt *p = np->p;
	u32 at = p->layers.l4 + ICMP_HEADER, end = MIN(p->layers.end, (u32)p->head_len), header;
	u16 sport, dport;

	if (end < at + IP_HEADER + ICMP_HEADER)
		return false;
	in->ip = np->l4 + ICMP_HEADER;
	header = (in->ip[0] & 15) * 4u;
	if (in->ip[0] >> 4 != 4 || header < IP_HEADER || end < at + header + ICMP_HEADER ||
	    get_be16(in->ip + IP_FRAG) & IP_OFFSET)
		return false;
	in->l4 = in->ip + header;
	in->l4_bytes = end - at - header;
	in->proto = in->ip[IP_PROTO];
	sport = load16(in->l4);
	dport = load16(in->l4 + 2);
	if (in->proto == IP_PROTO_ICMP) {
		if (in->l4[0] != ICMP_ECHO && in->l4[0] != ICMP_ECHO_REPLY)
			return false;
		sport = in->l4[0] == ICMP_ECHO ? load16(in->l4 + ICMP_ID) : 0;
		dport = in->l4[0] == ICMP_ECHO ? 0 : load16(in->l4 + ICMP_ID);
	} else if (in->proto != IP_PROTO_TCP && in->proto != IP_PROTO_UDP) {
		return false;
	}
	in->answer = (struct nat_tuple){.src = load32(in->ip + IP_DST),
					.dst = load32(in->ip + IP_SRC),
					.sport = dport,
					.dport = sport};
	return true;
}

/* The field of the inner L4 checksum if it is quoted, or NULL. */
static u8 *inner_check(const struct inner *in)
{
	u32 at = in->proto == IP_PROTO_TCP   ? TCP_CHECK
		 : in->proto == IP_PROTO_UDP ? UDP_CHECK
					     : ICMP_CHECK;

	if (in->l4_bytes < at + 2 || (in->proto == IP_PROTO_UDP && !load16(in->l4 + at)))
		return NULL;
	return in->l4 + at;
}

/* Make the inner packet what its sender had sent: the reverse of original. */
static void inner_rewrite(struct inner *in, const struct nat_session *s, u32 dir)
{
	const struct nat_tuple *original = &s->tuple[!dir];
	u8 *check = inner_check(in);

	store16(in->ip + IP_CHECK,
		csum_update(load16(in->ip + IP_CHECK),
			    (u64)load32(in->ip + IP_SRC) + load32(in->ip + IP_DST),
			    (u64)original->src + original->dst));
	store32(in->ip + IP_SRC, original->src);
	store32(in->ip + IP_DST, original->dst);
	if (check)
		store16(check, csum_apply(load16(check), delta_for(s->l4_delta, dir)));
	if (in->proto == IP_PROTO_ICMP) {
		store16(in->l4 + ICMP_ID,
			in->l4[0] == ICMP_ECHO ? original->sport : original->dport);
		return;
	}
	store16(in->l4, original->sport);
	store16(in->l4 + 2, original->dport);
}

/* The ICMP checksum covers all that changed in the quotation; the rest is not in the head. */
static u16 head_sum(const struct nat_packet *np)
{
	const struct pkt *p = np->p;
	u32 end = MIN(p->layers.end, (u32)p->head_len) & ~1u;

	return csum_fold(csum_bytes(0, np->l4, end - p->layers.l4));
}

static bool icmp_checksum_ok(const struct nat_packet *np)
{
	return csum_fold(csum_frame(np->p, np->p->layers.l4, np->p->layers.end)) == 0xffff;
}

struct nat_result nat_icmp_error(struct nat *nat, struct nat_packet *np)
{
	struct nat_session *s;
	struct inner in;
	u16 before;
	u32 dir, src;

	if (pkt_pull(np->p, MIN(np->p->layers.end, (u32)PKT_HEAD)))
		return nat_discard(nat, np->side, NAT_C_MALFORMED);
	np->ip = pkt_data(np->p) + np->p->layers.l3;
	np->l4 = pkt_data(np->p) + np->p->layers.l4;
	if (!inner_read(&in, np))
		return nat_discard(nat, np->side, NAT_C_MALFORMED);
	if (!icmp_checksum_ok(np))
		return nat_discard(nat, np->side, NAT_C_CHECKSUM);
	s = nat_session_find(nat, &in.answer, in.proto, &dir);
	if (!s)
		return np->uplink ? nat_verdict(NAT_LOCAL)
				  : nat_discard(nat, np->side, NAT_C_NO_SESSION);
	/* From the side that the answers come from, or from a router on the way, which for a
	 * guest there is none. */
	if (s->side[dir] != np->side || np->tuple.dst != in.answer.dst ||
	    (!np->uplink && np->tuple.src != s->tuple[dir].src))
		return nat_discard(nat, np->side, NAT_C_SPOOFED);
	if (np->ip[IP_TTL] <= 1)
		return nat_discard(nat, np->side, NAT_C_TTL);
	before = head_sum(np);
	src = np->tuple.src == s->tuple[dir].src ? s->tuple[!dir].dst : np->tuple.src;
	inner_rewrite(&in, s, dir);
	store16(np->l4 + ICMP_CHECK,
		csum_update(load16(np->l4 + ICMP_CHECK), before, head_sum(np)));
	nat_rewrite_ip(np->ip, src, s->tuple[!dir].src);
	nat->counts[NAT_C_ICMP_ERRORS]++;
	return nat_rewrite_link(nat, np->p, s->hop[dir]);
}
