/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments (RFC 4787 REQ-14): the first one is translated as any packet and remembered, the
 * others take its addresses from there. Packets in fragments of all guests leave with our
 * address, so their identifications are replaced by our own (RFC 6864, 5.3).
 *
 * Each side has its own few entries: one that never completes its packets spoils only its own.
 */
#include "net/nat/internal.h"

#define FRAG_SECONDS 30

static struct nat_frag *frag_find(struct nat *nat, const struct nat_packet *np)
{
	u16 id = load16(np->ip + IP_ID);

	for (u32 i = 0; i < NAT_FRAGS; i++) {
		struct nat_frag *f = &nat->frags[np->side][i];

		if (f->session != NAT_NONE && f->id == id && f->src == np->tuple.src &&
		    f->dst == np->tuple.dst && f->proto == np->proto && nat->now < f->until)
			return f;
	}
	return NULL;
}

/* A free entry, or the one that ends first. */
static struct nat_frag *frag_take(struct nat *nat, u8 side)
{
	struct nat_frag *best = &nat->frags[side][0];

	for (u32 i = 0; i < NAT_FRAGS; i++) {
		struct nat_frag *f = &nat->frags[side][i];

		if (f->session == NAT_NONE)
			return f;
		if (f->until < best->until)
			best = f;
	}
	return best;
}

static void frag_set_id(u8 *ip, u16 id)
{
	store16(ip + IP_CHECK, csum_update(load16(ip + IP_CHECK), load16(ip + IP_ID), id));
	store16(ip + IP_ID, id);
}

/* np has been translated, but for its identification. */
static struct nat_frag *frag_remember(struct nat *nat, const struct nat_packet *np, u32 session,
				      u32 dir)
{
	bool to_uplink = nat->sessions[session].side[!dir] == NAT_SIDE_UPLINK;
	struct nat_frag *f = frag_find(nat, np);
	u16 id = load16(np->ip + IP_ID), new_id;

	if (f && f->session == session)
		new_id = f->new_id;
	else
		new_id = to_uplink ? nat->frag_id++ : id;
	if (!f)
		f = frag_take(nat, np->side);
	*f = (struct nat_frag){.src = np->tuple.src,
			       .dst = np->tuple.dst,
			       .id = id,
			       .new_id = new_id,
			       .proto = np->proto,
			       .dir = (u8)dir,
			       .until = nat->now + FRAG_SECONDS,
			       .session = session};
	return f;
}

static struct nat_result frag_later(struct nat *nat, struct nat_packet *np)
{
	struct nat_frag *f = frag_find(nat, np);
	struct nat_session *s;

	if (!f)
		return nat_verdict(NAT_WAIT);
	s = &nat->sessions[f->session];
	/* The session may have gone, and its place been taken. */
	if (s->state == NAT_FREE || s->side[f->dir] != np->side || s->proto != np->proto ||
	    s->tuple[f->dir].src != np->tuple.src || s->tuple[f->dir].dst != np->tuple.dst)
		return nat_discard(nat, np->side, NAT_C_FRAGMENT);
	frag_set_id(np->ip, f->new_id);
	nat_rewrite_ip(np->ip, s->tuple[!f->dir].dst, s->tuple[!f->dir].src);
	nat->counts[NAT_C_FRAGMENTS]++;
	return nat_rewrite_link(nat, np->p, s->hop[f->dir]);
}

/* What a fragment must be to be let on: TTL, MTU, no header cut in pieces (RFC 1858, 3128). */
static bool frag_sane(struct nat *nat, const struct nat_packet *np, bool first,
		      struct nat_result *result)
{
	u32 offset = get_be16(np->ip + IP_FRAG) & IP_OFFSET;
	bool whole = np->p->layers.what & PKT_L4;

	if (np->p->off.flags & PKT_OFF_NEEDS_CSUM || np->p->off.gso_type || (first && !whole) ||
	    (np->proto == IP_PROTO_TCP && offset == 1)) {
		*result = nat_discard(nat, np->side, NAT_C_FRAGMENT);
		return false;
	}
	if (np->ip[IP_TTL] <= 1) {
		nat_note(nat, np->side, NAT_C_TTL);
		*result = nat_verdict(NAT_EXPIRED);
		return false;
	}
	if (get_be16(np->ip + IP_TOTAL) > nat->mtu[!np->uplink]) {
		*result = nat_verdict(NAT_BIG);
		result->mtu = nat->mtu[!np->uplink];
		return false;
	}
	return true;
}

/* nat_slow() has seen to everything but the ports, which the first fragment has. */
struct nat_result nat_fragment(struct nat *nat, struct nat_packet *np, bool first)
{
	struct nat_result result;
	struct nat_session *s;
	struct nat_frag *f;
	u32 dir;

	if (!frag_sane(nat, np, first, &result))
		return result;
	if (!first)
		return frag_later(nat, np);
	result = nat_slow_l4(nat, np);
	if (result.session == NAT_NONE)
		return result;
	s = &nat->sessions[result.session];
	dir = !tuple_is(&s->tuple[0], tuple_addrs(&np->tuple), tuple_ports(&np->tuple));
	f = frag_remember(nat, np, result.session, dir);
	frag_set_id(np->ip, f->new_id);
	nat->counts[NAT_C_FRAGMENTS]++;
	return result;
}
