/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments at the gateway: cutting packets for a smaller MTU, and keeping what came early. */
#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"
#include "net/service/gateway_internal.h"

#define HELD_SECONDS 2

/* One piece of p: its payload from offset (of the IP payload), n bytes. */
static struct frame *cut_piece(struct gateway *gw, const struct pkt *p, u32 offset, u32 n,
			       bool more, struct pkt_cursor *cursor)
{
	const u8 *from = pkt_data_const(p);
	u32 header = (from[p->layers.l3] & 15) * 4u, old;
	struct frame *frame = frame_take(&gw->pool);
	u8 *ip;

	if (!frame)
		return NULL;
	ip = frame->data + ETH_HEADER;
	memcpy(frame->data, from, ETH_HEADER + header);
	pkt_cursor_copy(cursor, ip + header, n);
	old = get_be16(ip + IP_FRAG);
	put_be16(ip + IP_TOTAL, (u16)(header + n));
	put_be16(ip + IP_FRAG,
		 (u16)((old & IP_MF) | (more ? IP_MF : 0) | ((old & IP_OFFSET) + offset / 8)));
	store16(ip + IP_CHECK, 0);
	store16(ip + IP_CHECK, (u16)~csum_fold(csum_bytes(0, ip, header)));
	frame->len = (u16)(ETH_HEADER + header + n);
	return frame;
}

/* RFC 791, 3.2. Options are repeated in each piece: they are rare, and so is this. */
void gateway_cut(struct gateway *gw, const struct gateway_event *ev, u32 mtu)
{
	struct pkt *p = ev->p;
	u32 header = (pkt_data(p)[p->layers.l3] & 15) * 4u, begin = p->layers.l3 + header;
	u32 payload = p->layers.end - begin, step = (mtu - header) & ~7u;
	struct pkt_cursor cursor;

	if (p->off.flags & PKT_OFF_NEEDS_CSUM && pkt_checksum_complete(p))
		return;
	if (mtu + ETH_HEADER > FRAME_BYTES || mtu < header + 8)
		return;
	pkt_cursor_init(&cursor, p);
	pkt_cursor_copy(&cursor, gw->scratch, begin);
	for (u32 offset = 0; offset < payload; offset += step) {
		u32 n = MIN(step, payload - offset);
		struct frame *frame = cut_piece(gw, p, offset, n, offset + n < payload, &cursor);

		if (!frame) {
			gw->counts.no_buffer++;
			return;
		}
		if (!gateway_translate_frame(gw, frame, ev->uplink, ev->side, ev->out))
			frame_give(&gw->pool, frame); /* the first one was refused */
	}
	gw->counts.fragmented++;
}

static u32 held_of(const struct gateway *gw, u8 side)
{
	u32 n = 0;

	for (const struct frame *f = gw->held.first; f; f = f->next)
		n += f->to == side;
	return n;
}

void gateway_hold(struct gateway *gw, const struct gateway_event *ev)
{
	struct frame *frame = NULL;

	if (gw->held.n < GATEWAY_HELD && held_of(gw, ev->side) < GATEWAY_HELD_SIDE)
		frame = gateway_copy(gw, ev->p);
	if (!frame) {
		gw->nat->counts[NAT_C_FRAGMENT]++;
		return;
	}
	frame->to = ev->side; /* where it came from, as long as it is held */
	frame->until = (u32)(gw->now_ns / 1000000000ull) + HELD_SECONDS;
	frame_list_add(&gw->held, frame);
}

/* A first fragment has passed on this side: those that waited for it may now, too. */
void gateway_release(struct gateway *gw, const struct gateway_event *ev)
{
	struct frame_list all = {0};
	struct frame *frame;

	frame_list_move(&all, &gw->held);
	while ((frame = frame_list_take(&all))) {
		if (frame->to != ev->side ||
		    !gateway_translate_frame(gw, frame, ev->uplink, ev->side, ev->out))
			frame_list_add(&gw->held, frame);
	}
}

void gateway_held_tick(struct gateway *gw)
{
	struct frame_list all = {0};
	struct frame *frame;
	u32 now = (u32)(gw->now_ns / 1000000000ull);

	frame_list_move(&all, &gw->held);
	while ((frame = frame_list_take(&all))) {
		if (now < frame->until) {
			frame_list_add(&gw->held, frame);
			continue;
		}
		gw->counts.held_lost++;
		frame_give(&gw->pool, frame);
	}
}
