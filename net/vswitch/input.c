/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch through the switch, in passes, so that what one frame waits for overlaps with the
 * others' work: the keys of all frames, with their slots of the table prefetched; all lookups;
 * the frames by destination.
 */
#include "net/pkt/copy.h"
#include "net/pkt/parse.h"
#include "net/vswitch/internal.h"

/* What is known of a batch. Its frames that were not dropped are moved together. Sources are
 * looked up once for frames in a row that have the same. */
struct pass {
	struct vsw *sw;
	struct vsw_port *in;
	struct pkt **pkt;
	u64 now_ns;
	u64 bytes;   /* of all frames, */
	u32 longest; /* and of the longest of them */
	u32 special; /* not 0: not all are plain */
	u32 n;
	u32 sources;
	u32 flood;   /* bit per frame: to many */
	u32 refused; /* bit per frame: dropped since it was collected */
	u64 dst[PKT_BATCH];
	u64 src[PKT_BATCH];          /* keys */
	u8 src_first[PKT_BATCH + 1]; /* the first frame with src[] */
	u16 out[PKT_BATCH];          /* port index; 0: dropped or flooded */
};

/* Both addresses of a frame, out of its first two words: written so that they need no masks. */
static inline u64 destination_key(u64 first, u64 vlan)
{
	return first << 16 | vlan;
}

static inline u64 source_key(u64 first, u64 second, u64 vlan)
{
	return second << 32 | (first >> 48 << 16) | vlan;
}

/* A tag's EtherType as it lies in the second word, from bit 32 on. */
#define WORD_TAG (ETH_TYPE_VLAN >> 8 | (ETH_TYPE_VLAN & 0xff) << 8)

/* Whether a frame needs no more than its addresses looked up: they are no groups, there is no
 * tag and no offload. */
static inline bool is_plain(const struct pkt *p, u64 first, u64 second)
{
	u32 groups = ((u32)first | (u32)(first >> 48)) & 1;

	return !(groups | vsw_offload_word(p)) && p->head_len >= PKT_HEAD_MIN &&
	       (u16)(second >> 32) != WORD_TAG;
}

/* Look closely: may drop it, which *drop says. The key's VLAN may change. */
static u64 __attribute__((noinline)) admit(struct pass *s, struct pkt *p, u32 n, bool *drop)
{
	enum vsw_admission admission = vsw_admit(s->in, p, s->now_ns);

	s->special = 1;
	*drop = admission == VSW_ADMIT_DROP;
	if (admission == VSW_ADMIT_FLOOD)
		s->flood |= 1u << n;
	return fdb_key(0, p->vlan & 0xfff);
}

/* The first pass. */
static void collect(struct pass *s, u32 count)
{
	const struct vsw_port *in = s->in;
	const struct fdb_entry *slots = s->sw->fdb.slots;
	u64 factor = s->sw->fdb.factor, last = 0;
	u32 shift = s->sw->fdb.shift, n = 0, sources = 0;

	for (u32 i = 0; i < count; i++) {
		struct pkt *p = s->pkt[i];
		const u8 *data = pkt_data_const(p);
		u64 first = copy_load(data), second = copy_load(data + 8);
		u64 dst, src, vlan = fdb_key(0, in->pvid);

		p->vlan = in->pvid;
		p->in_port = in->index;
		if (unlikely(!is_plain(p, first, second) || in->slow_in)) {
			bool drop;

			vlan = admit(s, p, n, &drop);
			if (drop)
				continue;
			first = copy_load(pkt_data_const(p));
			second = copy_load(pkt_data_const(p) + 8);
		}
		s->pkt[n] = p;
		s->dst[n] = dst = destination_key(first, vlan);
		__builtin_prefetch(&slots[(dst * factor) >> shift]);
		src = source_key(first, second, vlan);
		if (src != last) {
			s->src[sources] = last = src;
			s->src_first[sources++] = (u8)n;
			__builtin_prefetch(&slots[(src * factor) >> shift]);
		}
		n++;
	}
	s->n = n;
	s->sources = sources;
	s->src_first[sources] = (u8)n;
}

/* A source that is not known at this port with the current age. */
static void __attribute__((noinline)) learn(struct pass *s, u32 i, u64 seen)
{
	struct vsw_port *in = s->in;

	if (in->flags & VSW_PORT_NO_LEARN || fdb_learn(&s->sw->fdb, s->src[i], seen, in->index,
						       fdb_age_now(s->now_ns)) != FDB_STOLEN)
		return;
	for (u32 k = s->src_first[i]; k < s->src_first[i + 1]; k++)
		s->refused |= 1u << k;
	vsw_port_drop(in, VSW_DROP_SPOOF_MAC, (u32)(s->src_first[i + 1] - s->src_first[i]));
}

static void look_up_sources(struct pass *s)
{
	const struct fdb *f = &s->sw->fdb;
	u16 index = s->in->index;
	u64 mine = fdb_value(index, f->ports[index].gen, fdb_age_now(s->now_ns), 0);

	for (u32 i = 0; i < s->sources; i++) {
		u64 seen = fdb_find(f, s->src[i]);

		if (unlikely((seen & ~FDB_FIXED) != mine))
			learn(s, i, seen);
	}
}

/* The port that a value of the table leads to for frame i; 0: it is dropped or flooded. */
static u16 __attribute__((noinline)) resolve(struct pass *s, u32 i, u64 value)
{
	if (s->refused >> i & 1) {
		s->flood &= ~(1u << i);
		return 0;
	}
	if (s->flood >> i & 1)
		return 0;
	if (unlikely(!value || !fdb_is_current(&s->sw->fdb, value))) {
		if (vsw_storm_allows(s->in, VSW_STORM_UNKNOWN, s->now_ns))
			s->flood |= 1u << i;
		return 0;
	}
	if (unlikely(fdb_value_port(value) == s->in->index)) {
		vsw_port_drop(s->in, VSW_DROP_SAME_PORT, 1);
		return 0;
	}
	return fdb_value_port(value);
}

/* Returns whether the frames go to different ports. */
static bool look_up_destinations(struct pass *s)
{
	const struct fdb *f = &s->sw->fdb;
	u64 last = ~0ull; /* a value that has been resolved */
	u32 odd = s->flood | s->refused, n = s->n, differ = 0;
	u16 out = 0;

	for (u32 i = 0; i < n; i++) {
		u64 value = fdb_find(f, s->dst[i]);

		if (unlikely((value ^ last) >> 32 || odd)) {
			out = resolve(s, i, value);
			last = out ? value : ~0ull;
		}
		s->out[i] = out;
		differ |= (u32)out ^ s->out[0];
	}
	return differ;
}

static struct vsw_port *find_port(struct pass *s, u16 out, u32 n)
{
	struct vsw_port *port = __atomic_load_n(&s->sw->ports[out], __ATOMIC_ACQUIRE);

	if (unlikely(!port)) {
		vsw_port_drop(s->in, VSW_DROP_LINK, n);
	} else if (unlikely(s->in->flags & port->flags & VSW_PORT_ISOLATED)) {
		vsw_port_drop(port, VSW_DROP_OUT_VLAN, n);
		port = NULL;
	}
	return port;
}

/* All frames to one port: if they are plain, their lengths are all there is to be looked at. */
static void send_all(struct vsw_worker *w, struct pass *s)
{
	struct vsw_port *port = find_port(s, s->out[0], s->n);

	if (unlikely(!port))
		return;
	if (likely(!(s->special | port->slow_out | port->state) && s->longest <= port->frame_max))
		vsw_hand_over(w, port, s->pkt, s->n, s->bytes);
	else
		vsw_port_send(w, port, s->pkt, s->n);
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
		struct vsw_port *port;
		u32 n = 0;

		for (u32 i = first[g]; i < PKT_BATCH; i = next[i])
			pkts[n++] = s->pkt[i];
		port = find_port(s, group[g], n);
		if (port)
			vsw_port_send(w, port, pkts, n);
	}
}

static void forward(struct vsw_worker *w, struct pass *s)
{
	if (unlikely(!s->n))
		return;
	look_up_sources(s);
	if (look_up_destinations(s))
		send_by_port(w, s);
	else if (s->out[0])
		send_all(w, s);
	if (unlikely(s->flood)) {
		vsw_count(&s->in->counters.flooded, (u64)__builtin_popcount(s->flood));
		vsw_flood(w, s->in, s->pkt, s->flood);
	}
}

static void measure(struct pass *s, u32 n)
{
	u32 longest = 0;
	u64 bytes = 0;

	for (u32 i = 0; i < n; i++) {
		u32 len = s->pkt[i]->len;

		bytes += len;
		longest = MAX(longest, len);
	}
	s->bytes = bytes;
	s->longest = longest;
	vsw_count(&s->in->counters.in_packets, n);
	vsw_count(&s->in->counters.in_bytes, bytes);
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
		s.pkt = batch->pkt;
		s.now_ns = now_ns;
		s.special = s.flood = s.refused = 0;
		measure(&s, batch->n);
		collect(&s, batch->n);
		forward(w, &s);
	}
	vsw_leave(w);
}
