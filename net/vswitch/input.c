/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch through the switch, in passes, so that what one frame waits for overlaps with the
 * others' work: keys and hashes of all frames, with their slots of the table prefetched; then
 * all lookups; then the frames by destination.
 */
#include "net/pkt/copy.h"
#include "net/pkt/parse.h"
#include "net/vswitch/internal.h"

/* Frames that passed the first look, without gaps. */
struct pass {
	struct vsw *sw;
	struct vsw_port *in;
	u64 now_ns;
	u32 n;
	u32 flood; /* bit per frame */
	struct pkt *pkt[PKT_BATCH];
	u64 dst[PKT_BATCH], dst_hash[PKT_BATCH];
	u64 src[PKT_BATCH], src_hash[PKT_BATCH];
	u16 out[PKT_BATCH]; /* port index; 0: dropped or flooded */
};

/* Group bits of both addresses, in the first word of a frame. */
#define WORD_GROUPS (BIT(0) | BIT(48))
/* A tag's EtherType as it lies in the second word, and its mask. */
#define WORD_TYPE (0xffffull << 32)
#define WORD_TAG ((u64)(ETH_TYPE_VLAN >> 8 | (ETH_TYPE_VLAN & 0xff) << 8) << 32)

/* Whether a frame needs more than its addresses looked up. */
static inline bool is_plain(const struct pkt *p, u64 first, u64 second)
{
	return !((first & WORD_GROUPS) | vsw_offload_word(p)) && p->head_len >= PKT_HEAD_MIN &&
	       (second & WORD_TYPE) != WORD_TAG;
}

static inline void add_keys(struct pass *s, struct pkt *p)
{
	const u8 *data = pkt_data_const(p);
	u64 first = copy_load(data), second = copy_load(data + 8);
	const struct fdb *f = &s->sw->fdb;
	u16 vid = p->vlan & 0xfff;
	u64 dst = fdb_key(first & FDB_MAC, vid);
	u64 src = fdb_key((first >> 48 | second << 16) & FDB_MAC, vid);
	u64 dst_hash = fdb_hash(f, dst), src_hash = fdb_hash(f, src);
	u32 i = s->n++;

	__builtin_prefetch(fdb_home(f, dst_hash));
	__builtin_prefetch(fdb_home(f, src_hash));
	s->pkt[i] = p;
	s->dst[i] = dst;
	s->src[i] = src;
	s->dst_hash[i] = dst_hash;
	s->src_hash[i] = src_hash;
}

static void add_admitted(struct pass *s, struct pkt *p)
{
	enum vsw_admission admission = vsw_admit(s->in, p, s->now_ns);

	if (admission == VSW_ADMIT_DROP)
		return;
	if (admission == VSW_ADMIT_FLOOD)
		s->flood |= 1u << s->n;
	add_keys(s, p);
}

static void collect(struct pass *s, struct pkt_batch *batch)
{
	struct vsw_port *in = s->in;
	u32 slow = in->slow_in;
	u16 index = in->index, pvid = in->pvid;
	u64 bytes = 0;

	for (u32 i = 0; i < batch->n; i++) {
		struct pkt *p = batch->pkt[i];
		const u8 *data = pkt_data_const(p);

		p->vlan = pvid;
		p->in_port = index;
		bytes += p->len;
		if (likely(!slow && is_plain(p, copy_load(data), copy_load(data + 8))))
			add_keys(s, p);
		else
			add_admitted(s, p);
	}
	vsw_count(&in->counters.in_packets, batch->n);
	vsw_count(&in->counters.in_bytes, bytes);
}

/* The source of frame i is not known at this port with the current age. */
static bool __attribute__((noinline)) learn(struct pass *s, u32 i, u64 seen)
{
	struct vsw_port *in = s->in;

	if (in->flags & VSW_PORT_NO_LEARN)
		return true;
	if (fdb_learn(&s->sw->fdb, s->src[i], s->src_hash[i], seen, in->index,
		      fdb_age_now(s->now_ns)) != FDB_STOLEN)
		return true;
	vsw_port_drop(in, VSW_DROP_SPOOF_MAC, 1);
	return false;
}

static u16 __attribute__((noinline)) unknown(struct pass *s, u32 i)
{
	if (vsw_storm_allows(s->in, VSW_STORM_UNKNOWN, s->now_ns))
		s->flood |= 1u << i;
	return 0;
}

static inline u16 find_out(struct pass *s, u32 i)
{
	const struct fdb *f = &s->sw->fdb;
	u64 value = fdb_find(f, s->dst[i], s->dst_hash[i]);
	u16 out = fdb_value_port(value);

	if (unlikely(!value || !fdb_is_current(f, value)))
		return unknown(s, i);
	if (unlikely(out == s->in->index)) {
		vsw_port_drop(s->in, VSW_DROP_SAME_PORT, 1);
		return 0;
	}
	return out;
}

static void look_up(struct pass *s)
{
	const struct fdb *f = &s->sw->fdb;
	u16 index = s->in->index;
	u64 mine = fdb_value(index, f->ports[index].gen, fdb_age_now(s->now_ns), 0);

	for (u32 i = 0; i < s->n; i++) {
		u64 seen = fdb_find(f, s->src[i], s->src_hash[i]);

		s->out[i] = 0;
		if (unlikely((seen & ~FDB_FIXED) != mine) && !learn(s, i, seen)) {
			s->flood &= ~(1u << i);
			continue;
		}
		if (likely(!(s->flood >> i & 1)))
			s->out[i] = find_out(s, i);
	}
}

static void send_group(struct vsw_worker *w, struct pass *s, u16 out, struct pkt **pkts, u32 n)
{
	struct vsw_port *port = __atomic_load_n(&s->sw->ports[out], __ATOMIC_ACQUIRE);

	if (unlikely(!port))
		vsw_port_drop(s->in, VSW_DROP_LINK, n);
	else if (unlikely(s->in->flags & port->flags & VSW_PORT_ISOLATED))
		vsw_port_drop(port, VSW_DROP_OUT_VLAN, n);
	else
		vsw_port_send(w, port, pkts, n);
}

/* Frames to several ports: chained by port, in order. */
static void __attribute__((noinline)) send_by_port(struct vsw_worker *w, struct pass *s)
{
	u8 first[PKT_BATCH], next[PKT_BATCH];
	u16 group[PKT_BATCH];
	u32 groups = 0;

	for (u32 i = 0; i < s->n; i++) {
		u16 out = s->out[i];
		u8 last = w->last[out];

		next[i] = PKT_BATCH;
		if (!out)
			continue;
		if (last) {
			next[last - 1] = (u8)i;
		} else {
			first[groups] = (u8)i;
			group[groups++] = out;
		}
		w->last[out] = (u8)(i + 1);
	}
	for (u32 g = 0; g < groups; g++)
		w->last[group[g]] = 0;
	for (u32 g = 0; g < groups; g++) {
		struct pkt *pkts[PKT_BATCH];
		u32 n = 0;

		for (u32 i = first[g]; i < PKT_BATCH; i = next[i])
			pkts[n++] = s->pkt[i];
		send_group(w, s, group[g], pkts, n);
	}
}

static void deliver(struct vsw_worker *w, struct pass *s)
{
	u32 differ = 0;

	if (!s->n)
		return;
	for (u32 i = 1; i < s->n; i++)
		differ |= (u32)s->out[i] ^ s->out[0];
	if (unlikely(differ))
		send_by_port(w, s);
	else if (s->out[0])
		send_group(w, s, s->out[0], s->pkt, s->n);
	if (unlikely(s->flood)) {
		vsw_count(&s->in->counters.flooded, (u64)__builtin_popcount(s->flood));
		vsw_flood(w, s->in, s->pkt, s->flood);
	}
}

void vsw_input(struct vsw_worker *w, struct vsw_port *port, struct pkt_batch *batch, u64 now_ns)
{
	struct pass s;

	vsw_enter(w, now_ns);
	if (unlikely(w->depth > VSW_DEPTH)) {
		vsw_port_drop(port, VSW_DROP_LOOP, batch->n);
	} else if (likely(batch->n && batch->n <= PKT_BATCH)) {
		s.sw = port->sw;
		s.in = port;
		s.now_ns = now_ns;
		s.n = s.flood = 0;
		collect(&s, batch);
		look_up(&s);
		deliver(w, &s);
	}
	vsw_leave(w);
}
