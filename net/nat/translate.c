/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet path. Three passes over a batch: read the headers into registers and hash, look
 * into the buckets, verify and rewrite; each pass asks for the memory that the next one needs.
 * A frame that is not plain (options, fragments, TCP's SYN, FIN and RST, a flow not known, TTL
 * at its end, over the MTU) goes to nat_slow(), in its turn, so that no flow is reordered.
 */
#include "net/nat/internal.h"

/* Words of plain headers as they load: EtherType IPv4, version 4 and 5 words, and any TOS; what
 * must be 0 of the fragment fields, more fragments and the offset. */
#define PLAIN_WORD 0x00450008u
#define PLAIN_MASK 0x00ffffffu
#define FRAG_BITS 0xff3fu
#define L4_AT (ETH_HEADER + IP_HEADER)
#define MAC_BITS 0xffffffffffffull

/* A checksum field after a change: RFC 1624, equation 3; of two deltas at once. */
static inline u16 check_after(u16 check, u32 delta)
{
	u32 sum = (u16)~check + delta;

	sum = (sum & 0xffff) + (sum >> 16);
	return (u16) ~(sum + (sum >> 16));
}

/* What the first pass found in a frame. */
struct glance {
	u64 hash;
	u64 addrs;
	u32 ports;
	u32 ref; /* of the table; NAT_NONE: go slow */
	u8 proto;
};

/* The longest IP packet that the frame will be on a wire. */
static inline u32 wire_length(const struct pkt *p, u32 total)
{
	if (unlikely(p->off.gso_type))
		return (u32)p->off.hdr_len - ETH_HEADER + p->off.gso_size;
	return total;
}

/* A checksum left to be done must be that of the L4 header, or it would be written elsewhere. */
static inline bool partial_is(const struct pkt *p, u32 l4, u32 field)
{
	return p->off.csum_start == l4 && p->off.csum_offset == field;
}

/* Ports, or what stands for them, of a plain L4 header; false when it is not plain. */
static inline bool glance_l4(const struct pkt *p, const u8 *l4, u32 room, struct glance *g)
{
	bool partial = p->off.flags & PKT_OFF_NEEDS_CSUM;

	if (g->proto == IP_PROTO_TCP) {
		g->ports = load32(l4);
		return room >= TCP_HEADER && p->head_len >= L4_AT + TCP_HEADER &&
		       !(l4[TCP_FLAGS] & (TCP_SYN | TCP_FIN | TCP_RST)) &&
		       (!partial || partial_is(p, L4_AT, TCP_CHECK));
	}
	if (g->proto == IP_PROTO_UDP) {
		g->ports = load32(l4);
		return !partial || partial_is(p, L4_AT, UDP_CHECK);
	}
	g->ports = (u32)load16(l4 + ICMP_ID) << (l4[0] == ICMP_ECHO ? 0 : 16);
	return g->proto == IP_PROTO_ICMP && (l4[0] == ICMP_ECHO || l4[0] == ICMP_ECHO_REPLY) &&
	       !partial;
}

static inline bool glance_at(const struct nat *nat, bool uplink, const struct pkt *p,
			     struct glance *g)
{
	const u8 *frame = pkt_data_const(p), *ip = frame + ETH_HEADER;
	u32 total, frag_ttl_proto;

	if (unlikely(p->head_len < L4_AT + UDP_HEADER))
		return false;
	total = get_be16(ip + IP_TOTAL);
	frag_ttl_proto = load32(ip + IP_FRAG);
	if (unlikely((copy_load(frame) & MAC_BITS) != nat->mac[uplink]) ||
	    unlikely((load32(frame + 12) & PLAIN_MASK) != PLAIN_WORD) ||
	    unlikely(frag_ttl_proto & FRAG_BITS || (u8)(frag_ttl_proto >> 16) <= 1))
		return false;
	if (unlikely(total < IP_HEADER + UDP_HEADER || total > p->len - ETH_HEADER ||
		     wire_length(p, total) > nat->mtu[!uplink]))
		return false;
	g->addrs = copy_load(ip + IP_SRC);
	g->proto = (u8)(frag_ttl_proto >> 24);
	if (unlikely(!glance_l4(p, frame + L4_AT, total - IP_HEADER, g)))
		return false;
	g->hash = nat_hash(&nat->table.key, g->addrs, g->ports, g->proto);
	return true;
}

/* All candidates in the bucket and behind it, one after the other. */
static u32 find_again(const struct nat *nat, const struct glance *g)
{
	struct nat_find f;
	u32 ref;

	nat_find_start(&f, &nat->table, g->hash);
	while (nat_find_next(&f, &ref)) {
		const struct nat_session *s = &nat->sessions[ref >> 1];

		if (tuple_is(&s->tuple[ref & 1], g->addrs, g->ports) && s->proto == g->proto)
			return ref;
	}
	return NAT_NONE;
}

/* The first candidate in the bucket: nearly always the only one, and the right one. */
static inline u32 glance_bucket(const struct nat *nat, const struct glance *g)
{
	const struct nat_bucket *bucket = nat_table_bucket(&nat->table, g->hash);
	u64 match = nat_match_tags(bucket->tags, nat_tag(g->hash));
	u32 entry;

	if (unlikely(!match))
		return bucket->overflow ? find_again(nat, g) : NAT_NONE;
	entry = bucket->refs[__builtin_ctzll(match) / 8];
	if (unlikely((entry & ~NAT_REF_MAX) != nat_ref_tag(g->hash)))
		return find_again(nat, g);
	return entry & NAT_REF_MAX;
}

static inline void rewrite_l4_check(u8 *field, u16 delta, u16 addr_delta, const struct pkt *p,
				    u8 proto)
{
	u16 check = load16(field);

	if (p->off.flags & PKT_OFF_NEEDS_CSUM) {
		store16(field, (u16)~check_after((u16)~check, addr_delta));
		return;
	}
	if (proto == IP_PROTO_UDP && !check)
		return;
	check = check_after(check, delta);
	if (proto == IP_PROTO_UDP && !check)
		check = 0xffff;
	store16(field, check);
}

/* The result is written field by field where it is needed: a structure that is put together
 * in pieces and copied as a whole stalls until its stores are done. */
static inline void rewrite_link(struct nat *nat, struct pkt *p, u32 hop, struct nat_result *result)
{
	u8 *frame = pkt_data(p);
	const struct nat_hop *h;

	if (unlikely(hop == nat->onlink_hop))
		hop = nat_hop_uplink(nat, load32(frame + ETH_HEADER + IP_DST));
	result->hop = (u16)hop;
	result->verdict = NAT_RESOLVE;
	if (unlikely(hop == NAT_HOP_NONE))
		return;
	h = &nat->hops[hop];
	if (unlikely(!h->valid))
		return;
	result->verdict = NAT_SEND;
	copy_store(frame, copy_load(h->macs));
	store32(frame + 8, load32(h->macs + 8));
}

/* The whole change of a packet that belongs to direction dir of s. */
static inline __attribute__((always_inline)) void rewrite(struct nat *nat, struct nat_session *s,
							  u32 dir, struct pkt *p, u8 *ip, u8 *l4,
							  struct nat_result *result)
{
	const struct nat_tuple *to = &s->tuple[!dir];
	u64 addrs = tuple_addrs(to);
	u16 addr_delta = delta_for(s->addr_delta, dir), l4_delta = delta_for(s->l4_delta, dir);

	copy_store(ip + IP_SRC, addrs << 32 | addrs >> 32);
	ip[IP_TTL]--;
	store16(ip + IP_CHECK, check_after(load16(ip + IP_CHECK), (u32)addr_delta + TTL_DELTA));
	if (s->proto == IP_PROTO_ICMP) {
		store16(l4 + ICMP_ID, dir ? to->sport : to->dport);
		store16(l4 + ICMP_CHECK, check_after(load16(l4 + ICMP_CHECK), l4_delta));
	} else {
		u32 ports = tuple_ports(to);

		store32(l4, ports << 16 | ports >> 16);
		rewrite_l4_check(l4 + (s->proto == IP_PROTO_TCP ? TCP_CHECK : UDP_CHECK), l4_delta,
				 addr_delta, p, s->proto);
	}
	s->packets[dir]++;
	rewrite_link(nat, p, s->hop[dir], result);
}

struct nat_result nat_rewrite(struct nat *nat, struct nat_session *s, u32 dir,
			      struct nat_packet *np)
{
	struct nat_result result = {0};

	rewrite(nat, s, dir, np->p, np->ip, np->l4, &result);
	result.session = nat_session_number(nat, s);
	return result;
}

struct nat_result nat_rewrite_link(struct nat *nat, struct pkt *p, u16 hop)
{
	struct nat_result result = {.session = NAT_NONE};

	rewrite_link(nat, p, hop, &result);
	return result;
}

/* True when the frame was translated here. */
static inline bool translate_known(struct nat *nat, u8 side, struct pkt *p, const struct glance *g,
				   struct nat_result *result)
{
	u32 ref = g->ref, dir;
	struct nat_session *s = &nat->sessions[ref >> 1];
	u8 *ip = pkt_data(p) + ETH_HEADER;

	if (unlikely(!tuple_is(&s->tuple[ref & 1], g->addrs, g->ports) || s->proto != g->proto)) {
		ref = find_again(nat, g);
		if (ref == NAT_NONE)
			return false;
		s = &nat->sessions[ref >> 1];
	}
	dir = ref & 1;
	if (unlikely(s->state < NAT_FAST - !dir || s->side[dir] != side))
		return false;
	if (s->seen != nat->now)
		s->seen = nat->now;
	rewrite(nat, s, dir, p, ip, ip + IP_HEADER, result);
	result->session = ref >> 1;
	return true;
}

void nat_translate(struct nat *nat, bool uplink, struct pkt **pkts, u32 n,
		   struct nat_result *results)
{
	struct glance glances[PKT_BATCH];
	u32 fast = 0;

	for (u32 i = 0; i < n; i++) {
		glances[i].ref = glance_at(nat, uplink, pkts[i], &glances[i]) ? 0 : NAT_NONE;
		if (likely(glances[i].ref != NAT_NONE))
			__builtin_prefetch(nat_table_bucket(&nat->table, glances[i].hash));
	}
	for (u32 i = 0; i < n; i++) {
		if (unlikely(glances[i].ref == NAT_NONE))
			continue;
		glances[i].ref = glance_bucket(nat, &glances[i]);
		if (likely(glances[i].ref != NAT_NONE))
			__builtin_prefetch(&nat->sessions[glances[i].ref >> 1], 1);
	}
	for (u32 i = 0; i < n; i++) {
		u8 side = uplink ? NAT_SIDE_UPLINK : (u8)pkts[i]->in_port;

		if (likely(glances[i].ref != NAT_NONE) &&
		    likely(translate_known(nat, side, pkts[i], &glances[i], &results[i])))
			fast++;
		else
			results[i] = nat_slow(nat, uplink, pkts[i]);
	}
	nat->counts[NAT_C_FAST] += fast;
}
