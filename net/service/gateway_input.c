/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches through the gateway. */
#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"
#include "net/pkt/plain.h"
#include "net/service/gateway_internal.h"
#include "net/service/icmp.h"

#define SECOND 1000000000ull
#define ERRORS_PER_SECOND 100 /* of ICMP, to each side (RFC 1812, 4.3.2.8) */
#define NOWHERE 0xffff        /* no side */

/* What the sender has left to its network card: frames of our own are sent as they are. The
 * switch has checked that the fields lie within the frame. */
static void finish_checksum(struct frame *frame, const struct pkt_offload *off)
{
	u32 start = off->csum_start, at = start + off->csum_offset;
	u16 check;

	if (!(off->flags & PKT_OFF_NEEDS_CSUM) || at + 2 > frame->len)
		return;
	check = (u16)~csum_fold(csum_bytes(0, frame->data + start, frame->len - start));
	/* 0 says that there is none, in UDP; for others the two are the same. */
	store16(frame->data + at, check ? check : 0xffff);
}

struct frame *gateway_copy(struct gateway *gw, const struct pkt *p)
{
	struct frame *frame =
	    p->len <= FRAME_BYTES && !p->off.gso_type ? frame_take(&gw->pool) : NULL;

	if (!frame) {
		gw->counts.no_buffer++;
		return NULL;
	}
	pkt_copy_out(p, frame->data);
	frame->len = (u16)p->len;
	finish_checksum(frame, &p->off);
	return frame;
}

void gateway_error(struct gateway *gw, const struct gateway_event *ev, u8 type, u8 code, u16 mtu)
{
	struct icmp_error error = {.type = type,
				   .code = code,
				   .mtu = mtu,
				   .from =
				       ev->uplink ? gw->nat->external : gw->nat->config.gateway};
	u32 second = (u32)(gw->now_ns / SECOND);
	struct frame *frame;

	if (gw->errors_second != second) {
		gw->errors_second = second;
		memset(gw->errors, 0, sizeof(gw->errors));
	}
	if (gw->errors[ev->side] >= ERRORS_PER_SECOND || !(frame = frame_take(&gw->pool))) {
		gw->counts.icmp_limited++;
		return;
	}
	if (!icmp_error_write(frame, ev->p, &error)) {
		frame_give(&gw->pool, frame);
		return;
	}
	gw->errors[ev->side]++;
	gw->counts.icmp_errors++;
	frame->to = ev->side;
	frame_list_add(ev->out, frame);
}

void gateway_resolve(struct gateway *gw, struct frame *frame, u16 hop, struct frame_list *out)
{
	u32 dst = load32(frame->data + ETH_HEADER + IP_DST);
	struct arp_msg msg = {.op = ARP_REQUEST, .sender = gw->nat->config.gateway, .target = dst};

	if (hop >= gw->nat->router_hop) {
		arp_send(&gw->arp, frame, dst, gw->now_ns, out);
		return;
	}
	/* A guest that a forward or a flow leads to, and that has not been heard of: ask it; what
	 * was to be sent will be sent again. */
	memcpy(msg.sender_mac, gw->nat->config.guest_mac, 6);
	arp_write(frame, (const u8 *)"\xff\xff\xff\xff\xff\xff", &msg);
	frame->to = FRAME_TO_ALL;
	frame_list_add(out, frame);
}

static void on_big(struct gateway *gw, const struct gateway_event *ev)
{
	struct pkt *p = ev->p;
	u32 mtu = ev->result->mtu;

	if (!p->off.gso_type && !(get_be16(pkt_data(p) + p->layers.l3 + IP_FRAG) & IP_DF)) {
		gateway_cut(gw, ev, mtu);
		return;
	}
	gw->nat->counts[NAT_C_TOO_BIG]++;
	gateway_error(gw, ev, ICMP_UNREACHABLE, ICMP_FRAG_NEEDED, (u16)mtu);
}

static void on_resolve(struct gateway *gw, const struct gateway_event *ev)
{
	struct frame *frame = gateway_copy(gw, ev->p);

	if (frame)
		gateway_resolve(gw, frame, ev->result->hop, ev->out);
	else
		gw->nat->counts[NAT_C_NEIGHBOUR]++;
}

/* Everything but what is just sent or dropped. */
static void on_event(struct gateway *gw, const struct gateway_event *ev)
{
	switch (ev->result->verdict) {
	case NAT_LOCAL:
		gateway_local(gw, ev);
		break;
	case NAT_EXPIRED:
		gateway_error(gw, ev, ICMP_TIME, 0, 0);
		break;
	case NAT_BIG:
		on_big(gw, ev);
		break;
	case NAT_RESOLVE:
		on_resolve(gw, ev);
		break;
	case NAT_PROHIBIT:
		gateway_error(gw, ev, ICMP_UNREACHABLE, ICMP_NET, 0);
		break;
	case NAT_WAIT:
		gateway_hold(gw, ev);
		break;
	default:
		break;
	}
}

/* Which side a translated frame goes to. */
static u8 hop_side(const struct nat *nat, u16 hop)
{
	return hop < nat->router_hop ? nat->hops[hop].side : NAT_SIDE_UPLINK;
}

/* Under the lock: translate, and find for each frame the side it goes to, or NOWHERE. */
static void batch_decide(struct gateway *gw, bool uplink, struct pkt **pkts, u32 n, u16 *to,
			 struct frame_list *out)
{
	struct nat_result results[PKT_BATCH];
	struct nat *nat = gw->nat;

	nat_translate(nat, uplink, pkts, n, results);
	for (u32 i = 0; i < n; i++) {
		struct gateway_event ev = {.p = pkts[i],
					   .uplink = uplink,
					   .side = uplink ? 0 : (u8)pkts[i]->in_port,
					   .result = &results[i],
					   .to = &to[i],
					   .out = out};

		to[i] = NOWHERE;
		if (likely(results[i].verdict == NAT_SEND))
			to[i] = hop_side(nat, results[i].hop);
		else if (results[i].verdict != NAT_DISCARD)
			on_event(gw, &ev);
		if (unlikely(gw->held.n) && pkts[i]->layers.what & PKT_FRAGMENT &&
		    results[i].verdict == NAT_SEND)
			gateway_release(gw, &ev);
	}
}

static struct vsw_port *side_port(struct gateway *gw, u8 side)
{
	return side == NAT_SIDE_UPLINK ? gw->uplink : gw->sw->ports[side];
}

/* Those of a side, which are marked as sent. */
static u32 batch_pick(struct pkt **pkts, u32 n, u16 *to, u16 side, struct pkt **same)
{
	u32 count = 0;

	for (u32 i = 0; i < n; i++)
		if (to[i] == side) {
			same[count++] = pkts[i];
			to[i] = NOWHERE;
		}
	return count;
}

/* Frames to the same side together, in their order. */
static void batch_send(struct gateway *gw, struct vsw_worker *w, struct pkt **pkts, u32 n, u16 *to)
{
	for (u32 i = 0; i < n; i++) {
		struct pkt *same[PKT_BATCH];
		struct vsw_port *port;
		u16 side = to[i];
		u32 count;

		if (side == NOWHERE)
			continue;
		count = batch_pick(pkts + i, n - i, to + i, side, same);
		port = side_port(gw, (u8)side);
		if (port)
			vsw_port_send(w, port, same, count);
		if (count == n - i)
			return;
	}
}

static void send_frame(struct gateway *gw, struct vsw_worker *w, struct frame *frame)
{
	struct pkt p, *one = &p;
	struct pkt_batch batch = {.n = 1, .pkt = {&p}};
	u32 head = MIN((u32)frame->len, (u32)PKT_HEAD);

	pkt_init(&p);
	pkt_set_head(&p, frame->data, head);
	p.vlan = gw->port.pvid;
	if (frame->len > head && pkt_add_frag(&p, frame->data + head, frame->len - head))
		return;
	if (frame->to == FRAME_TO_ALL)
		vsw_input(w, &gw->port, &batch, w->now_ns);
	else if (side_port(gw, (u8)frame->to))
		vsw_port_send(w, side_port(gw, (u8)frame->to), &one, 1);
}

void gateway_send_frames(struct gateway *gw, struct vsw_worker *w, struct frame_list *out)
{
	struct frame_list done = {0};
	struct frame *frame;

	if (likely(!out->n))
		return;
	while ((frame = frame_list_take(out))) {
		send_frame(gw, w, frame);
		frame_list_add(&done, frame);
	}
	ticket_lock(&gw->lock);
	frame_list_move(&gw->pool.free, &done);
	ticket_unlock(&gw->lock);
}

static void batch_run(struct gateway *gw, struct vsw_worker *w, bool uplink, struct pkt **pkts,
		      u32 n, u64 now_ns)
{
	struct frame_list out = {0};
	u16 to[PKT_BATCH];

	ticket_lock(&gw->lock);
	gw->now_ns = now_ns;
	gw->nat->now = (u32)(now_ns / SECOND);
	batch_decide(gw, uplink, pkts, n, to, &out);
	ticket_unlock(&gw->lock);
	batch_send(gw, w, pkts, n, to);
	gateway_send_frames(gw, w, &out);
}

/* Frames that others get as well are rewritten in a copy; they are few. */
u32 gateway_port_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct gateway *gw = container_of(port, struct gateway, port);
	u32 from = 0;

	for (u32 i = 0; i < n; i++) {
		struct pkt copy, *one = &copy;

		if (likely(!(pkts[i]->flags & PKT_SHARED)))
			continue;
		if (i > from)
			batch_run(gw, w, false, pkts + from, i - from, w->now_ns);
		from = i + 1;
		pkt_clone(&copy, pkts[i]);
		copy.flags &= (u16)~PKT_SHARED;
		batch_run(gw, w, false, &one, 1, w->now_ns);
	}
	if (n > from)
		batch_run(gw, w, false, pkts + from, n - from, w->now_ns);
	return n;
}

u32 gateway_port_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			    u32 n, u32 words)
{
	struct gateway *gw = container_of(port, struct gateway, port);
	struct vsw_port *uplink = gw->uplink;
	u64 bytes = 0;

	/* The translation's MTU is no more than the card's. */
	if (unlikely(!uplink || !vsw_port_takes_plain(uplink)))
		return 0;
	(void)words;
	ticket_lock(&gw->lock);
	gw->now_ns = w->now_ns;
	gw->nat->now = (u32)(w->now_ns / SECOND);
	n = nat_translate_plain(gw->nat, (u8)w->in->index, frames, n);
	ticket_unlock(&gw->lock);
	for (u32 i = 0; i < n; i++)
		bytes += plain_len(&frames[i]);
	if (n)
		vsw_port_send_plain(w, uplink, frames, n, PLAIN_WORDS, bytes);
	return n;
}

void gateway_uplink_input(struct gateway *gw, struct vsw_worker *w, struct pkt_batch *batch,
			  u64 now_ns)
{
	struct pkt *good[PKT_BATCH];
	u32 n = 0;

	for (u32 i = 0; i < batch->n; i++) {
		struct pkt *p = batch->pkt[i];

		/* What the card says of a frame is checked as what a guest says. */
		if (unlikely(p->off.flags | p->off.gso_type) && pkt_offload_check(p))
			gw->counts.bad_offload++;
		else
			good[n++] = p;
		p->vlan = gw->port.pvid;
	}
	vsw_enter(w, now_ns);
	if (n)
		batch_run(gw, w, true, good, n, now_ns);
	vsw_leave(w);
}

bool gateway_translate_frame(struct gateway *gw, struct frame *frame, bool uplink, u8 side,
			     struct frame_list *out)
{
	struct pkt p, *one = &p;
	struct nat_result result;
	u32 head = MIN((u32)frame->len, (u32)PKT_HEAD);

	pkt_init(&p);
	pkt_set_head(&p, frame->data, head);
	p.in_port = side;
	if (frame->len > head && pkt_add_frag(&p, frame->data + head, frame->len - head))
		result.verdict = NAT_DISCARD;
	else
		nat_translate(gw->nat, uplink, &one, 1, &result);
	if (result.verdict == NAT_WAIT)
		return false;
	if (result.verdict != NAT_SEND && result.verdict != NAT_RESOLVE) {
		frame_give(&gw->pool, frame);
		return true;
	}
	memcpy(frame->data, pkt_data(&p), head);
	frame->to = hop_side(gw->nat, result.hop);
	if (result.verdict == NAT_SEND)
		frame_list_add(out, frame);
	else
		gateway_resolve(gw, frame, result.hop, out);
	return true;
}
