/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net, from the switch to the guest. */
#include <string.h>

#include "net/pkt/copy.h"
#include "vmm/virtio/net_impl.h"
#include "vmm/virtio/net_plain.h"

/* --- which queue -------------------------------------------------------------------------------
 */

#define ETHERTYPE(head) ((u32)(head)[12] << 8 | (head)[13])
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

static u32 load32(const u8 *from)
{
	u32 value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static u32 mix(u32 x)
{
	x *= 0x9e3779b1;
	return (x >> 16 ^ x) % VNET_STEERING;
}

/* Addresses and ports, each pair combined so that its order does not matter. A guest that finds
 * collisions only crowds its own queues. */
u32 vnet_flow(const struct pkt *p)
{
	const u8 *head = pkt_data_const(p);
	u32 sum = 0, l4, ports;

	if (p->head_len < 14 + 20 + 4)
		return 0;
	if (ETHERTYPE(head) == ETHERTYPE_IPV4) {
		sum = load32(head + 26) ^ load32(head + 30);
		l4 = 14 + (head[14] & 0xf) * 4u;
	} else if (ETHERTYPE(head) == ETHERTYPE_IPV6 && p->head_len >= 14 + 40 + 4) {
		for (u32 at = 22; at < 54; at += 4)
			sum ^= load32(head + at);
		l4 = 14 + 40;
	} else {
		return 0;
	}
	ports = l4 + 4 <= p->head_len ? load32(head + l4) : 0;
	return mix(sum ^ (ports >> 16 ^ (ports & 0xffff)));
}

static u32 pair_of(const struct virtio_net *net, const struct pkt *p, u32 active)
{
	u32 flow = vnet_flow(p);
	u8 pair = __atomic_load_n(&net->steering[flow], __ATOMIC_RELAXED);

	return pair < active ? pair : flow % active;
}

/* --- one frame ---------------------------------------------------------------------------------
 */

struct rx_buffers {
	struct vring_seg *segs;
	struct vring_chain *chains;
	u32 nsegs, nchains;
};

/* Take chains until they hold `need` bytes. False: there are not enough; none is taken then. */
static bool gather(struct vring *r, struct rx_buffers *b, u64 need, bool mergeable)
{
	u64 have = 0;

	b->nsegs = b->nchains = 0;
	while (have < need) {
		struct vring_chain *c = &b->chains[b->nchains];

		if (b->nsegs == NET_RX_SEGS || (b->nchains && !mergeable) ||
		    vring_next(r, b->segs + b->nsegs, NET_RX_SEGS - b->nsegs, c) != 1)
			break;
		b->nchains++;
		if (c->readable || !c->writable) {
			r->broken = "a receive buffer that cannot be written";
			break;
		}
		b->nsegs += c->writable;
		have += c->write_len;
	}
	if (have >= need && !r->broken)
		return true;
	vring_rewind(r, b->nchains);
	return false;
}

static void scatter(const struct rx_buffers *b, const struct vnet_hdr *hdr, const struct pkt *p)
{
	const u8 *from = (const u8 *)hdr;
	u32 left = sizeof(*hdr);
	struct pkt_cursor cursor;

	if (likely(b->segs[0].len >= sizeof(*hdr) + p->len)) {
		memcpy(b->segs[0].base, hdr, sizeof(*hdr));
		pkt_copy_out(p, b->segs[0].base + sizeof(*hdr));
		return;
	}
	pkt_cursor_init(&cursor, p);
	for (u32 i = 0; i < b->nsegs; i++) {
		u32 part = MIN(left, b->segs[i].len);

		memcpy(b->segs[i].base, from, part);
		from += part;
		left -= part;
		if (part < b->segs[i].len)
			(void)pkt_cursor_copy(&cursor, b->segs[i].base + part,
					      b->segs[i].len - part);
	}
}

static bool place(struct virtio_net *net, struct vring *r, const struct pkt *p)
{
	struct net_scratch *s = net_scratch();
	struct rx_buffers b = {.segs = s->rx_segs, .chains = s->rx_chains};
	struct vnet_hdr hdr = {.off = p->off};
	u32 left = (u32)sizeof(hdr) + p->len;

	if (!gather(r, &b, left, net->features & VNET_F_MRG_RXBUF))
		return false;
	hdr.num_buffers = (u16)b.nchains;
	if (!(net->features & VNET_F_GUEST_CSUM))
		hdr.off = (struct pkt_offload){0};
	scatter(&b, &hdr, p);
	for (u32 i = 0; i < b.nchains; i++) {
		u32 part = MIN(left, b.chains[i].write_len);

		vring_push(r, b.chains[i].head, part);
		left -= part;
	}
	return true;
}

/* --- a batch -----------------------------------------------------------------------------------
 */

/* The filter by VLAN that the driver has set: only for frames that arrive with a tag. */
static bool vlan_passes(const struct virtio_net *net, const struct pkt *p)
{
	u32 vid = p->vlan & 0xfff;

	if (!(net->features & VNET_F_CTRL_VLAN) || !(p->flags & PKT_TAGGED) || net->promisc)
		return true;
	return net->vlans[vid / 64] >> vid % 64 & 1;
}

/* To one queue; frames of others have their place in pkts, but not their bit in mask. Returns how
 * many did not fit. */
static u32 deliver(struct virtio_net *net, u32 queue, struct pkt **pkts, u32 mask)
{
	struct virtio_queue *q = &net->pci.queue[queue];
	bool interrupt;
	u32 lost = 0;

	ticket_lock(&q->lock);
	if (virtio_started(&net->pci))
		(void)vring_available(&q->ring);
	for (; mask; mask &= mask - 1) {
		const struct pkt *p = pkts[__builtin_ctz(mask)];

		if (vlan_passes(net, p) && (!vring_live(&q->ring) || !place(net, &q->ring, p)))
			lost++;
	}
	interrupt = vring_live(&q->ring) && vring_publish(&q->ring);
	ticket_unlock(&q->lock);
	if (unlikely(q->ring.broken))
		virtio_fail(&net->pci, q->ring.broken);
	if (interrupt)
		virtio_interrupt(&net->pci, queue);
	return lost;
}

u32 vnet_rx_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames, u32 n,
		       u32 words)
{
	struct net_nic *nic = container_of(port, struct net_nic, port);
	struct virtio_net *net = nic->dev;
	struct virtio_queue *q = &net->pci.queue[vnet_rx_queue(0)];
	bool interrupt;

	(void)w;
	if (unlikely(__atomic_load_n(&net->active, __ATOMIC_RELAXED) != 1))
		return 0;
	ticket_lock(&q->lock);
	n = virtio_started(&net->pci) && vring_available(&q->ring)
		? vnet_plain_put(&q->ring, frames, n, words)
		: 0;
	interrupt = n && vring_publish(&q->ring);
	ticket_unlock(&q->lock);
	if (interrupt)
		virtio_interrupt(&net->pci, vnet_rx_queue(0));
	return n;
}

u32 vnet_rx_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct net_nic *nic = container_of(port, struct net_nic, port);
	struct virtio_net *net = nic->dev;
	u32 active = __atomic_load_n(&net->active, __ATOMIC_RELAXED), lost = 0;
	u32 all = n < 32 ? (1u << n) - 1 : ~0u;

	(void)w;
	if (likely(active == 1)) {
		lost = deliver(net, vnet_rx_queue(0), pkts, all);
	} else {
		for (u32 pair = 0; all; pair++) {
			u32 mine = 0;

			for (u32 i = 0; i < n; i++)
				if (all >> i & 1 && pair_of(net, pkts[i], active) == pair)
					mine |= 1u << i;
			if (mine)
				lost += deliver(net, vnet_rx_queue(pair), pkts, mine);
			all = pair + 1 == active ? 0 : all & ~mine;
		}
	}
	if (unlikely(lost))
		vsw_port_drop(port, VSW_DROP_NOBUF, lost);
	return n;
}
