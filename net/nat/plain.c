/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain frames of known flows, from a guest to the uplink, in registers: as translate.c does it
 * for packets, but only as far as each needs no thought. Whatever does is left to it.
 */
#include "net/pkt/plain.h"
#include "net/nat/internal.h"

/* Where header fields are in the words, whose bytes are the frame's from -12 on. */
#define IP_BEGIN 0x450008u /* word 3: EtherType, version, header length */
#define IP_BEGIN_MASK 0xffffffu
#define FRAG_BITS 0xff3fu /* word 4: more fragments, offset; TTL, protocol, checksum, source */
#define TTL_ONE 0x10000u
#define TTL_BITS 0xfe0000u                                       /* none set: a TTL of 0 or 1 */
#define TCP_FLAGS_ODD ((u64)(TCP_SYN | TCP_FIN | TCP_RST) << 24) /* word 7 */

/* What is known of a frame between the passes. */
struct look {
	u64 hash;
	u64 addrs;
	u32 ports;
	u32 ref;
};

/* Whether a frame can be one of a known flow; its hash. That its address is ours is what the
 * switch has found. */
static inline bool look_at(const struct nat *nat, struct pkt_plain *f, struct look *look)
{
	const u8 *at = f->at;
	u64 begin = f->word[3], end = f->end, ip = copy_load(at + 32), to = copy_load(at + 40);
	u64 l4 = copy_load(at + 48), more = copy_load(at + 56);
	u32 total = net16((u16)(begin >> 32)), least = IP_HEADER + UDP_HEADER;
	u8 proto = (u8)(ip >> 24);

	f->word[4] = ip;
	f->word[5] = to;
	f->word[6] = l4;
	f->word[7] = more;
	if (unlikely(proto != IP_PROTO_UDP)) {
		if (proto != IP_PROTO_TCP || more & TCP_FLAGS_ODD)
			return false;
		least = IP_HEADER + TCP_HEADER;
	}
	if (unlikely((begin & IP_BEGIN_MASK) != IP_BEGIN) || unlikely(ip & FRAG_BITS) ||
	    unlikely(!(ip & TTL_BITS)) || unlikely(total < least) ||
	    unlikely(total + ETH_HEADER + PLAIN_HEADER > end) || unlikely(total > nat->mtu[1]))
		return false;
	look->addrs = ip >> 48 | to << 16;
	look->ports = (u32)(to >> 48) | (u32)l4 << 16;
	look->hash = nat_hash(&nat->table.key, look->addrs, look->ports, proto);
	__builtin_prefetch(nat_table_bucket(&nat->table, look->hash));
	return true;
}

/* The bucket's only candidate, mostly. */
static inline bool find(const struct nat *nat, struct look *look)
{
	const struct nat_bucket *bucket = nat_table_bucket(&nat->table, look->hash);
	u64 match = nat_match_tags(bucket->tags, nat_tag(look->hash));
	struct nat_find f;

	if (likely(match)) {
		u32 ref = bucket->refs[__builtin_ctzll(match) / 8];

		if (likely((ref & ~NAT_REF_MAX) == nat_ref_tag(look->hash))) {
			look->ref = ref & NAT_REF_MAX;
			return true;
		}
	}
	nat_find_start(&f, &nat->table, look->hash);
	return nat_find_next(&f, &look->ref);
}

/* One's complement addition. */
static inline u16 add(u16 a, u16 b)
{
	u32 sum = (u32)a + b;

	return (u16)(sum + (sum >> 16));
}

/* The MAC addresses of a next hop, as words 1 and 2. */
struct link {
	u32 hop;
	u64 word[2];
};

static inline void rewrite(u64 *word, const struct nat_session *s, u32 dir, const struct link *link)
{
	u64 addrs = tuple_addrs(&s->tuple[!dir]), ip = word[4], to, l4 = word[6];
	u32 ports = tuple_ports(&s->tuple[!dir]);
	u16 delta = delta_for(s->l4_delta, dir), check = (u16) ~(ip >> 32);

	addrs = addrs << 32 | addrs >> 32;
	ports = ports << 16 | ports >> 16;
	check = (u16)~add(add(check, TTL_DELTA), delta_for(s->addr_delta, dir));
	ip = (u32)ip - TTL_ONE;
	to = addrs >> 16 | (u64)ports << 48;
	word[1] = link->word[0];
	word[2] = link->word[1];
	word[4] = ip | (u64)check << 32 | addrs << 48;
	word[5] = to;
	check = (u16)(l4 >> 32);
	l4 = (l4 & ~0xffffull) | ports >> 16;
	if (likely(s->proto == IP_PROTO_UDP)) {
		if (check) { /* 0: it has none, and must not get that */
			check = (u16)~add((u16)~check, delta);
			l4 = (l4 & ~0xffff00000000ull) | (u64)(u16)(check - !check) << 32;
		}
	} else {
		check = (u16)~add((u16) ~(word[7] >> 48), delta);
		word[7] = word[7] << 16 >> 16 | (u64)check << 48;
	}
	word[6] = l4;
}

/* Another hop than that of the last frame. */
static bool __attribute__((noinline))
find_link(const struct nat *nat, const struct nat_session *s, u32 dir, struct link *link)
{
	u32 hop = s->hop[dir];
	const u8 *macs;

	link->hop = NAT_HOP_NONE;
	if (hop == nat->onlink_hop)
		hop = nat_hop_uplink(nat, s->tuple[!dir].src);
	if (hop < nat->router_hop || hop == NAT_HOP_NONE || !nat->hops[hop].valid)
		return false;
	macs = nat->hops[hop].macs;
	link->word[0] = copy_load(macs) << 32;
	link->word[1] = copy_load(macs + 4);
	if (s->hop[dir] != nat->onlink_hop)
		link->hop = hop;
	return true;
}

/* False, and nothing has changed, when it needs thought. */
static inline bool translate(struct nat *nat, u8 side, struct pkt_plain *f, const struct look *look,
			     struct link *link)
{
	u32 dir = look->ref & 1;
	struct nat_session *s = &nat->sessions[look->ref >> 1];

	if (unlikely(!tuple_is(&s->tuple[dir], look->addrs, look->ports)) ||
	    unlikely(s->proto != (u8)(f->word[4] >> 24)) || unlikely(s->state < NAT_FAST - !dir) ||
	    unlikely(s->side[dir] != side))
		return false;
	if (unlikely(s->hop[dir] != link->hop) && !find_link(nat, s, dir, link))
		return false;
	if (unlikely(s->seen != nat->now))
		s->seen = nat->now;
	s->packets[dir]++;
	rewrite(f->word, s, dir, link);
	return true;
}

u32 nat_translate_plain(struct nat *nat, u8 side, struct pkt_plain *frames, u32 n)
{
	struct link link = {.hop = NAT_HOP_NONE};
	struct look looks[PKT_BATCH];
	u32 i;

	for (i = 0; i < n; i++)
		if (unlikely(frames[i].end < PLAIN_WORDS * 8) ||
		    unlikely(!look_at(nat, &frames[i], &looks[i])))
			break;
	n = i;
	for (i = 0; i < n; i++) {
		if (unlikely(!find(nat, &looks[i])))
			break;
		__builtin_prefetch(&nat->sessions[looks[i].ref >> 1], 1);
	}
	n = i;
	for (i = 0; i < n; i++)
		if (unlikely(!translate(nat, side, &frames[i], &looks[i], &link)))
			break;
	nat->counts[NAT_C_FAST] += i;
	return i;
}
