/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain frames through the switch: those at the beginning of a batch that have known addresses
 * and go to the same port.
 */
#include "net/pkt/plain.h"

#include "net/pkt/parse.h"
#include "net/vswitch/internal.h"

#define TYPE_TAG (ETH_TYPE_VLAN >> 8 | (ETH_TYPE_VLAN & 0xff) << 8) /* as it lies in memory */
#define GROUP BIT(16)                                               /* of a key's address */

/* Of a frame, between the passes: the key of its destination, and the slot where that belongs. */
#define NOTE_KEY 0
#define NOTE_HOME 1

struct plain_pass {
	struct vsw_port *in;
	const struct fdb *fdb;
	u32 sources;
	struct plain_source {
		u64 key;
		const struct fdb_entry *home;
		u64 first;    /* frame that has it */
	} src[PKT_BATCH + 1]; /* from 1 on */
};

/* Keys of the frames, and their slots of the table asked for; how many are plain. Addresses that
 * follow on the same ones are not looked up. */
static u32 collect(struct plain_pass *s, struct pkt_plain *frames, u32 n)
{
	const struct fdb_entry *slots = s->fdb->slots, *home = slots;
	u64 factor = s->fdb->factor, vlan = fdb_key(0, s->in->pvid), last_dst = 0;
	struct plain_source *src = s->src;
	struct pkt_plain *f = frames, *end = frames + n;
	u32 shift = s->fdb->shift;

	src->key = 0;
	for (; f < end; f++) {
		u64 dst_key, src_key;

		if (unlikely(!plain_glance(f)) || unlikely((u16)f->word[3] == TYPE_TAG))
			break;
		dst_key = f->word[1] >> 32 << 16 | f->word[2] << 48 | vlan;
		src_key = f->word[2] >> 16 << 16 | vlan;
		if (unlikely((dst_key | src_key) & GROUP))
			break;
		if (likely(dst_key != last_dst)) {
			last_dst = dst_key;
			home = &slots[(dst_key * factor) >> shift];
			__builtin_prefetch(home);
		}
		f->note[NOTE_KEY] = dst_key;
		f->note[NOTE_HOME] = (u64)home;
		if (unlikely(src_key != src->key)) {
			src++;
			src->key = src_key;
			src->home = &slots[(src_key * factor) >> shift];
			src->first = (u64)(f - frames);
			__builtin_prefetch(src->home);
		}
	}
	s->sources = (u32)(src - s->src);
	return (u32)(f - frames);
}

/* How many frames come before the first whose source is not the port's to use. */
static u32 look_up_sources(struct plain_pass *s, u32 n, u64 now_ns)
{
	const struct fdb *f = s->fdb;
	struct vsw_port *in = s->in;
	u16 age = fdb_age_now(now_ns);
	u64 mine = fdb_value(in->index, f->ports[in->index].gen, age, 0);

	for (const struct plain_source *src = s->src + 1; src <= s->src + s->sources; src++) {
		u64 seen = fdb_read(src->home, src->key);

		if (likely((seen & ~FDB_FIXED) == mine))
			continue;
		seen = fdb_find(f, src->key);

		if (likely((seen & ~FDB_FIXED) == mine) || in->flags & VSW_PORT_NO_LEARN)
			continue;
		if (fdb_learn(&in->sw->fdb, src->key, seen, in->index, age) == FDB_STOLEN)
			return (u32)src->first;
	}
	return n;
}

/* The port and generation of an entry's value. */
static inline u32 upper(u64 value)
{
	return (u32)(value >> 32);
}

/* Whether a frame goes where the first one does. The key is looked at again after the value, as
 * in fdb_read(). */
static inline bool goes_to(const struct plain_pass *s, const struct pkt_plain *f, u32 first)
{
	const struct fdb_entry *home = (const struct fdb_entry *)f->note[NOTE_HOME];
	u64 key = f->note[NOTE_KEY];

	if (likely(__atomic_load_n(&home->key, __ATOMIC_ACQUIRE) == key) &&
	    likely(upper(__atomic_load_n(&home->value, __ATOMIC_ACQUIRE)) == first) &&
	    likely(__atomic_load_n(&home->key, __ATOMIC_RELAXED) == key))
		return true;
	return upper(fdb_find(s->fdb, key)) == first;
}

/* What the n frames are long. */
static u64 measure(const struct pkt_plain *frames, u32 n, u32 *longest)
{
	u64 sum = 0, most = 0;

#pragma GCC unroll 4
	for (u32 i = 0; i < n; i++) {
		sum += frames[i].end;
		most = MAX(most, frames[i].end);
	}
	*longest = (u32)most - PLAIN_HEADER;
	return sum - (u64)n * PLAIN_HEADER;
}

/* How many frames go to the same port; and that one, NULL if it cannot be taken here. */
static u32 look_up_destinations(const struct plain_pass *s, const struct pkt_plain *frames, u32 n,
				struct vsw_port **port)
{
	u64 first = n ? fdb_find(s->fdb, frames->note[NOTE_KEY]) : 0;
	const struct pkt_plain *f = frames;
	struct vsw_port *out;

	*port = NULL;
	if (unlikely(!first || !fdb_is_current(s->fdb, first)))
		return 0;
	while (++f < frames + n)
		if (unlikely(!goes_to(s, f, upper(first))))
			break;
	out = __atomic_load_n(&s->in->sw->ports[fdb_value_port(first)], __ATOMIC_ACQUIRE);
	if (likely(out && out != s->in && vsw_port_takes_plain(out) &&
		   !(s->in->flags & out->flags & VSW_PORT_ISOLATED)))
		*port = out;
	return (u32)(f - frames);
}

/* What a port did not take: in full. */
static void __attribute__((noinline)) send_rest(struct vsw_worker *w, struct vsw_port *port,
						const struct pkt_plain *frames, u32 n, u32 words)
{
	struct pkt *pkts[PKT_BATCH];

	for (u32 i = 0; i < n; i++) {
		pkts[i] = &w->room[i];
		plain_to_pkt(pkts[i], &frames[i], words);
		pkts[i]->vlan = w->in->pvid;
		pkts[i]->in_port = w->in->index;
	}
	vsw_port_send(w, port, pkts, n);
}

void vsw_port_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			 u32 n, u32 words, u64 bytes)
{
	u32 taken = port->ops->send_plain(w, port, frames, n, words);

	if (unlikely(taken < n)) {
		u32 longest;

		bytes = measure(frames, taken, &longest);
		send_rest(w, port, frames + taken, n - taken, words);
	}
	vsw_count(&port->counters.out_packets, taken);
	vsw_count(&port->counters.out_bytes, bytes);
}

/* Returns how many of the frames, from the first, were dealt with. */
static u32 forward(struct vsw_worker *w, struct vsw_port *in, struct pkt_plain *frames, u32 n,
		   struct pkt *room)
{
	struct plain_pass s;
	struct vsw_port *out;
	u32 longest;
	u64 bytes;

	s.in = in;
	s.fdb = &in->sw->fdb;
	n = collect(&s, frames, n);
	n = look_up_sources(&s, n, w->now_ns);
	n = look_up_destinations(&s, frames, n, &out);
	if (unlikely(!out))
		return 0;
	bytes = measure(frames, n, &longest);
	if (unlikely(longest > out->frame_max))
		return 0;
	w->room = room;
	w->in = in;
	vsw_count(&in->counters.in_packets, n);
	vsw_count(&in->counters.in_bytes, bytes);
	vsw_port_send_plain(w, out, frames, n, PLAIN_READ, bytes);
	return n;
}

u32 vsw_input_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames, u32 n,
		    struct pkt *room, u64 now_ns)
{
	u32 done = 0;

	vsw_enter(w, now_ns);
	if (likely(!port->slow_in && w->depth <= VSW_DEPTH))
		done = forward(w, port, frames, n, room);
	vsw_leave(w);
	return done;
}
