/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a frame with offload fields, in pieces: parsed, and sent by a guest to a receiver
 * that understands no offload. What the parser says must be so, and what arrives must be frames
 * that the receiver's MTU allows.
 */
#include <stdlib.h>
#include <string.h>

#include "net/pkt/copy.h"
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"
#include "net/pkt/pcap.h"
#include "tests/host/net/fixture.h"

#define CONTROL 14 /* bytes: offload fields, sizes of pieces */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_layers(const struct pkt *p)
{
	const struct pkt_layers *l = &p->layers;

	require(l->l3 >= ETH_HEADER && l->l3 <= p->head_len && l->end <= p->len);
	if (l->what & PKT_L4)
		require(l->l4 > l->l3 && l->payload > l->l4 && l->payload <= p->head_len &&
			l->payload <= l->end);
	if (l->what & PKT_FRAG_LATER)
		require(!(l->what & PKT_L4));
}

/* In the pieces that the control bytes say; each is a copy of its own size. */
static u32 build(struct pkt *p, struct pkt_frag *frags, const u8 *control, const u8 *frame, u32 len)
{
	u32 head = MIN(len, MAX(control[10] % PKT_HEAD, 1u)), piece = 1 + control[11] * 8u;

	pkt_init(p);
	p->frags = frags;
	memcpy(&p->off, control, sizeof(p->off));
	pkt_set_head(p, frame, head);
	for (u32 at = head; at < len;) {
		u32 part = MIN(piece, len - at);
		u8 *copy = malloc(part);

		memcpy(copy, frame + at, part);
		if (pkt_add_frag(p, copy, part)) {
			free(copy);
			break;
		}
		at += part;
	}
	return p->nr_frags;
}

static void send(struct fix *f, struct pkt *p, u8 flags)
{
	struct vsw_port_config guest = {.flags = flags & 7}, receiver = {.mtu = 1500};
	static u8 captured[65536], record[2048];
	struct pcap_ring ring;

	guest.flags = (flags & 1 ? VSW_PORT_TRUNK : 0) | (flags & 2 ? VSW_PORT_SPOOF_IP : 0);
	receiver.flags = VSW_PORT_UPLINK | (flags & 4 ? VSW_PORT_TRUNK : 0);
	require(!pcap_ring_init(&ring, captured, sizeof(captured), 1000));
	require(!fix_add(f, 1, guest) && !fix_add(f, 2, receiver));
	vsw_port_set_offloads(&f->port[2].port, flags >> 4);
	vsw_port_set_capture(&f->port[2].port, flags & 8 ? &ring : NULL);
	f->batch.pkt[0] = p;
	f->batch.n = 1;
	fix_send(f, 1);
	for (u32 i = 0; i < MIN(f->port[2].n, FIX_KEEP); i++) {
		const struct fix_frame *g = &f->port[2].got[i];

		require(g->len <= 1518 || g->off.gso_type);
		if (!(flags >> 4))
			require(!g->off.flags && !g->off.gso_type);
	}
	while (pcap_ring_get(&ring, record, sizeof(record)))
		;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fix *f;
	struct pkt_frag frags[PKT_FRAGS];
	const struct pkt_frag *all = frags;
	struct pkt p, copy;
	u32 n;

	if (size <= CONTROL || size > 70000)
		return 0;
	if (!f)
		f = aligned_alloc(64, sizeof(*f));
	n = build(&p, frags, data, data + CONTROL, (u32)size - CONTROL);
	pkt_clone(&copy, &p);
	if (!pkt_parse(&copy))
		check_layers(&copy);
	fix_setup(f);
	send(f, &p, data[12]);
	fix_teardown(f);
	for (u32 i = 0; i < n; i++)
		free((void *)all[i].base);
	return 0;
}
