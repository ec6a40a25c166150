/* SPDX-License-Identifier: BSD-2-Clause */
/* Advanced descriptors of the 82576: Datasheet, 7.1.5 and 7.2.2. */
#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"

static_assert(sizeof(struct igb_rx_desc) == NIC_DESCRIPTOR_BYTES, "7.1.5.1");
static_assert(sizeof(struct igb_tx_desc) == NIC_DESCRIPTOR_BYTES, "7.2.2.4");

#define ETHERNET_HEADER 14
#define TCP_CHECKSUM_AT 16 /* in its header; UDP's is elsewhere */

int igb_rings_create(struct igb *g)
{
	int err = nic_ring_create(&g->rx_ring);

	if (!err)
		err = nic_ring_create(&g->tx_ring);
	g->rx = g->rx_ring.descriptors;
	g->tx = g->tx_ring.descriptors;
	return err;
}

void igb_rings_destroy(struct igb *g)
{
	nic_ring_destroy(&g->rx_ring);
	nic_ring_destroy(&g->tx_ring);
}

/* The card writes over the address. */
static void rx_refill(struct igb *g, u32 i)
{
	g->rx[i].address = nic_ring_buffer_hpa(&g->rx_ring, i);
	g->rx[i].status = 0;
	g->rx[i].length = 0;
	g->rx[i].vlan = 0;
}

static void queue_place(struct igb *g, u32 base, hpa_t descriptors)
{
	igb_write(g, base + IGB_DBAL, (u32)descriptors.v);
	igb_write(g, base + IGB_DBAH, (u32)(descriptors.v >> 32));
	igb_write(g, base + IGB_DLEN, NIC_RING_BYTES);
	igb_write(g, base + IGB_DH, 0);
	igb_write(g, base + IGB_DT, 0);
	igb_write(g, base + IGB_DCTL, igb_read(g, base + IGB_DCTL) | (u32)IGB_DCTL_ENABLE);
}

void igb_rings_start(struct igb *g)
{
	for (u32 i = 0; i < NIC_RING; i++) {
		rx_refill(g, i);
		g->tx[i] = (struct igb_tx_desc){0};
	}
	g->rx_next = g->tx_next = g->tx_reaped = g->tx_context = 0;
	igb_write(g, IGB_RX(IGB_QUEUE, IGB_SRRCTL),
		  IGB_SRRCTL_2K | IGB_SRRCTL_ADVANCED | (u32)IGB_SRRCTL_DROP);
	queue_place(g, IGB_RX(IGB_QUEUE, 0), g->rx_ring.descriptors_hpa);
	queue_place(g, IGB_TX(IGB_QUEUE, 0), g->tx_ring.descriptors_hpa);
	/* One stays with us: equal head and tail mean that there is none. */
	igb_write(g, IGB_RX(IGB_QUEUE, IGB_DT), NIC_RING - 1);
}

static bool checksum_good(u32 status)
{
	return status & (IGB_RXD_L4CS | IGB_RXD_UDPCS) && !(status & (IGB_RXD_L4E | IGB_RXD_IPE));
}

/* What the card wrote is believed no further than the buffer reaches. A frame that is bad is
 * shown with length 0: it has its place in the order. */
u32 igb_rx(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max)
{
	struct igb *g = container_of(nic, struct igb, nic);
	u32 n = 0;

	(void)queue;
	for (u32 i = g->rx_next; n < max && n < NIC_RING - 1; i = nic_ring_next(i), n++) {
		u32 status = g->rx[i].status;
		u16 len;

		if (!(status & IGB_RXD_DD))
			break;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		len = g->rx[i].length;
		if (!(status & IGB_RXD_EOP) || status & IGB_RXD_RXE || len > NIC_BUFFER_BYTES)
			len = 0;
		frames[n] = (struct nic_rx){
		    .data = nic_ring_buffer(&g->rx_ring, i),
		    .len = len,
		    .csum_ok = checksum_good(status),
		};
	}
	return n;
}

void igb_rx_done(struct nic *nic, u32 queue, u32 n)
{
	struct igb *g = container_of(nic, struct igb, nic);

	(void)queue;
	if (!n)
		return;
	for (u32 left = n; left; left--) {
		nic->counters.rx_frames++;
		nic->counters.rx_bytes += g->rx[g->rx_next].length;
		nic->counters.rx_errors += !!(g->rx[g->rx_next].status & IGB_RXD_RXE);
		rx_refill(g, g->rx_next);
		g->rx_next = nic_ring_next(g->rx_next);
	}
	__atomic_thread_fence(__ATOMIC_RELEASE);
	igb_write(g, IGB_RX(IGB_QUEUE, IGB_DT), (g->rx_next + NIC_RING - 1) % NIC_RING);
}

static u32 tx_free(const struct igb *g)
{
	return (g->tx_reaped + NIC_RING - g->tx_next - 1) % NIC_RING;
}

/* Contexts report nothing: each is done when its data is. */
static void tx_reap(struct igb *g)
{
	for (u32 i = g->tx_reaped; i != g->tx_next; i = nic_ring_next(i)) {
		if (!(g->tx[i].command & IGB_TXD_EOP))
			continue;
		if (!(g->tx[i].status & IGB_TXD_DD))
			return;
		g->tx_reaped = nic_ring_next(i);
	}
}

u8 *igb_tx_buffer(struct nic *nic, u32 queue)
{
	struct igb *g = container_of(nic, struct igb, nic);

	(void)queue;
	if (tx_free(g) < 2)
		tx_reap(g);
	return tx_free(g) < 2 ? NULL : nic_ring_buffer(&g->tx_ring, g->tx_next);
}

static void tx_put(struct igb *g, u64 address, u32 command, u32 status)
{
	volatile struct igb_tx_desc *d = &g->tx[g->tx_next];

	d->address = address;
	d->status = status;
	d->command = command | IGB_TXD_DEXT;
	g->tx_next = nic_ring_next(g->tx_next);
}

/* Where the TCP or UDP header is, unless it is the same as for the frame before. */
static void tx_context(struct igb *g, const struct nic_tx *frame)
{
	u32 context = (u32)frame->csum_start << 16 | frame->csum_offset;
	u32 type = frame->csum_offset == TCP_CHECKSUM_AT ? IGB_TXC_TCP : 0;

	if (context == g->tx_context)
		return;
	g->tx_context = context;
	tx_put(g, IGB_TXC_LENGTHS(ETHERNET_HEADER, frame->csum_start - ETHERNET_HEADER),
	       IGB_TXD_CONTEXT | type, 0);
}

void igb_tx_commit(struct nic *nic, u32 queue, const struct nic_tx *frame)
{
	struct igb *g = container_of(nic, struct igb, nic);
	/* Of its first descriptor, be it a context or data. */
	u64 buffer = nic_ring_buffer_hpa(&g->tx_ring, g->tx_next);
	u32 options = IGB_TXD_LENGTH(frame->len);

	(void)queue;
	if (frame->csum_start > ETHERNET_HEADER) {
		tx_context(g, frame);
		options |= IGB_TXD_TXSM;
	}
	tx_put(g, buffer, frame->len | IGB_TXD_DATA | IGB_TXD_EOP | IGB_TXD_IFCS | IGB_TXD_RS,
	       options);
	nic->counters.tx_frames++;
	nic->counters.tx_bytes += frame->len;
}

void igb_tx_flush(struct nic *nic, u32 queue)
{
	struct igb *g = container_of(nic, struct igb, nic);

	(void)queue;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	igb_write(g, IGB_TX(IGB_QUEUE, IGB_DT), g->tx_next);
}
