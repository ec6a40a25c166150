/* SPDX-License-Identifier: BSD-2-Clause */
/* Handing frames to a port, in the shape that it understands. */
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"
#include "net/pkt/pcap.h"
#include "net/vswitch/internal.h"

static u64 sum_lengths(struct pkt **pkts, u32 n)
{
	u64 bytes = 0;

	for (u32 i = 0; i < n; i++)
		bytes += pkts[i]->len;
	return bytes;
}

/* The last step: n frames that fit. Returns how many were taken. */
static u32 hand_over(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n,
		     u64 bytes)
{
	u32 taken = port->ops->send(w, port, pkts, n);

	if (unlikely(taken < n)) {
		vsw_port_drop(port, VSW_DROP_NOBUF, n - taken);
		bytes = sum_lengths(pkts, taken);
	}
	vsw_count(&port->counters.out_packets, taken);
	vsw_count(&port->counters.out_bytes, bytes);
	return taken;
}

/* Frames that were looked at one by one, and wait for the next hand_over(). */
struct ready {
	struct vsw_worker *w;
	struct vsw_port *port;
	struct pkt *pkt[PKT_BATCH];
	u32 n;
};

static void flush(struct ready *r)
{
	if (r->n)
		hand_over(r->w, r->port, r->pkt, r->n, sum_lengths(r->pkt, r->n));
	r->n = 0;
}

static void capture(struct ready *r, struct pkt **pkts, u32 n)
{
	struct pcap_ring *ring = __atomic_load_n(&r->port->capture, __ATOMIC_ACQUIRE);

	for (u32 i = 0; ring && i < n; i++)
		pcap_ring_put(ring, pkts[i], r->w->now_ns);
}

static void set_tag(const struct vsw_port *port, struct pkt *p)
{
	bool want = port->flags & VSW_PORT_TRUNK && (p->vlan & 0xfff) != port->pvid;

	if (want && !(p->flags & PKT_TAGGED))
		pkt_tag_push(p);
	else if (!want && p->flags & PKT_TAGGED)
		pkt_tag_pop(p);
}

static u32 tag_bytes(const struct pkt *p)
{
	return p->flags & PKT_TAGGED ? ETH_TAG : 0;
}

/* The offload that a receiver of this segment must have. */
static u32 gso_offload(u8 gso_type)
{
	static const u32 by_type[] = {
	    [PKT_GSO_TCPV4] = VSW_OFF_TSO4,
	    [PKT_GSO_TCPV6] = VSW_OFF_TSO6,
	    [PKT_GSO_UDP_L4] = VSW_OFF_USO,
	};
	u8 type = gso_type & (u8)~PKT_GSO_ECN;

	return VSW_OFF_CSUM | (type < ARRAY_SIZE(by_type) ? by_type[type] : 0) |
	       (gso_type & PKT_GSO_ECN ? VSW_OFF_ECN : 0);
}

/* Fill scratch with as many segments as fit; how many, or ERR_*. */
static int cut(struct pkt_segmenter *s, struct vsw_scratch *scratch, struct pkt **pkts,
	       bool checksum)
{
	u32 free = ARRAY_SIZE(scratch->frags);
	int n = 0, got = 0;

	while (n < PKT_BATCH) {
		struct pkt_frag *frags = scratch->frags + (ARRAY_SIZE(scratch->frags) - free);

		got = pkt_segment(s, &scratch->pkt[n], frags, &free, checksum);
		if (got <= 0)
			break;
		pkts[n] = &scratch->pkt[n];
		n++;
	}
	return n ? n : got;
}

static void send_segments(struct ready *r, struct pkt *p, struct vsw_scratch *scratch)
{
	bool checksum = !(r->port->offloads & VSW_OFF_CSUM);
	struct pkt *pkts[PKT_BATCH];
	struct pkt_segmenter s;
	int n;

	pkt_segment_begin(&s, p);
	while ((n = cut(&s, scratch, pkts, checksum)) > 0) {
		capture(r, pkts, (u32)n);
		/* No room: further segments would only be lost as well. */
		if (hand_over(r->w, r->port, pkts, (u32)n, sum_lengths(pkts, (u32)n)) < (u32)n)
			return;
	}
	if (n < 0)
		vsw_port_drop(r->port, VSW_DROP_SEGMENT, 1);
}

/* A large segment for a receiver that takes single frames: after those before it. */
static void segment(struct ready *r, struct pkt *p)
{
	struct vsw_scratch *scratch = r->w->scratch;

	flush(r);
	if (!scratch) { /* segments within segments */
		vsw_port_drop(r->port, VSW_DROP_SEGMENT, 1);
		return;
	}
	r->w->scratch = NULL;
	send_segments(r, p, scratch);
	r->w->scratch = scratch;
}

static void ready_add(struct ready *r, struct pkt *p)
{
	capture(r, &p, 1);
	r->pkt[r->n++] = p;
}

static void send_gso(struct ready *r, struct pkt *p)
{
	const struct vsw_port *port = r->port;
	u32 need = gso_offload(p->off.gso_type);

	if (p->off.hdr_len + p->off.gso_size - tag_bytes(p) > port->frame_max)
		vsw_port_drop(r->port, VSW_DROP_MTU, 1);
	else if ((port->offloads & need) == need)
		ready_add(r, p);
	else
		segment(r, p);
}

static void send_one(struct ready *r, struct pkt *p)
{
	struct vsw_port *port = r->port;

	set_tag(port, p);
	if (vsw_offload_word(p) && pkt_offload_check(p)) {
		vsw_port_drop(port, VSW_DROP_SEGMENT, 1);
		return;
	}
	if (p->off.gso_type) {
		send_gso(r, p);
		return;
	}
	if (p->len - tag_bytes(p) > port->frame_max) {
		vsw_port_drop(port, VSW_DROP_MTU, 1);
		return;
	}
	if (!(port->offloads & VSW_OFF_CSUM)) {
		p->off.flags &= (u8)~PKT_OFF_DATA_VALID;
		if (p->off.flags && pkt_checksum_complete(p)) {
			vsw_port_drop(port, VSW_DROP_SEGMENT, 1);
			return;
		}
	}
	ready_add(r, p);
}

static void __attribute__((noinline))
send_slowly(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct ready r = {.w = w, .port = port};

	for (u32 i = 0; i < n; i++)
		send_one(&r, pkts[i]);
	flush(&r);
}

void vsw_port_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	u32 special = port->slow_out | port->state, most = port->frame_max, mask = port->off_mask;
	u64 bytes = 0;

	for (u32 i = 0; i < n; i++) {
		const struct pkt *p = pkts[i];

		bytes += p->len;
		special |= (p->len > most) | (vsw_offload_word(p) & mask) | (p->flags & PKT_TAGGED);
	}
	if (likely(!special))
		hand_over(w, port, pkts, n, bytes);
	else if (port->state)
		vsw_port_drop(port, VSW_DROP_OUT_LINK, n);
	else
		send_slowly(w, port, pkts, n);
}
