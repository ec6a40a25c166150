/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor rings: 8254x Software Developer's Manual, 3.2 and 3.3. */
#include "drivers/nic/e1000.h"
#include "drivers/nic/e1000_regs.h"

static_assert(sizeof(struct e1000_rx_desc) == 16, "3.2.3");
static_assert(sizeof(struct e1000_tx_desc) == 16, "3.3.3");

int e1000_rings_create(struct e1000 *e)
{
	int err = nic_ring_create(&e->rx_ring);

	if (!err)
		err = nic_ring_create(&e->tx_ring);
	e->rx = e->rx_ring.descriptors;
	e->tx = e->tx_ring.descriptors;
	return err;
}

void e1000_rings_destroy(struct e1000 *e)
{
	nic_ring_destroy(&e->rx_ring);
	nic_ring_destroy(&e->tx_ring);
}

static void rx_refill(struct e1000 *e, u32 i)
{
	e->rx[i].address = nic_ring_buffer_hpa(&e->rx_ring, i);
	e->rx[i].status = 0;
}

void e1000_rings_start(struct e1000 *e)
{
	for (u32 i = 0; i < NIC_RING; i++) {
		rx_refill(e, i);
		e->tx[i] = (struct e1000_tx_desc){0};
	}
	e->rx_next = e->tx_next = e->tx_reaped = e->tx_context = 0;
	e1000_write(e, E1000_RDBAL, (u32)e->rx_ring.descriptors_hpa.v);
	e1000_write(e, E1000_RDBAH, (u32)(e->rx_ring.descriptors_hpa.v >> 32));
	e1000_write(e, E1000_RDLEN, PAGE_SIZE);
	e1000_write(e, E1000_RDH, 0);
	/* One stays with us: equal head and tail mean that there is none. */
	e1000_write(e, E1000_RDT, NIC_RING - 1);
	e1000_write(e, E1000_TDBAL, (u32)e->tx_ring.descriptors_hpa.v);
	e1000_write(e, E1000_TDBAH, (u32)(e->tx_ring.descriptors_hpa.v >> 32));
	e1000_write(e, E1000_TDLEN, PAGE_SIZE);
	e1000_write(e, E1000_TDH, 0);
	e1000_write(e, E1000_TDT, 0);
}

static bool checksum_good(u8 status, u8 errors)
{
	return !(status & E1000_RXD_IXSM) && status & E1000_RXD_TCPCS &&
	       !(errors & (E1000_RXD_TCPE | E1000_RXD_IPE));
}

/* What the card wrote is believed no further than the buffer reaches. A frame that is bad is
 * shown with length 0: it has its place in the order. */
u32 e1000_rx(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);
	u32 n = 0;

	(void)queue;
	for (u32 i = e->rx_next; n < max && n < NIC_RING - 1; i = nic_ring_next(i), n++) {
		u8 status = e->rx[i].status, errors;
		u16 len;

		if (!(status & E1000_RXD_DD))
			break;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		len = e->rx[i].length;
		errors = e->rx[i].errors;
		if (!(status & E1000_RXD_EOP) || errors & E1000_RXD_BAD || len > NIC_BUFFER_BYTES)
			len = 0;
		frames[n] = (struct nic_rx){
		    .data = nic_ring_buffer(&e->rx_ring, i),
		    .len = len,
		    .csum_ok = checksum_good(status, errors),
		};
	}
	return n;
}

void e1000_rx_done(struct nic *nic, u32 queue, u32 n)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);

	(void)queue;
	if (!n)
		return;
	for (u32 left = n; left; left--) {
		u16 len = e->rx[e->rx_next].length;

		nic->counters.rx_frames++;
		nic->counters.rx_bytes += len;
		nic->counters.rx_errors += !!(e->rx[e->rx_next].errors & E1000_RXD_BAD);
		rx_refill(e, e->rx_next);
		e->rx_next = nic_ring_next(e->rx_next);
	}
	__atomic_thread_fence(__ATOMIC_RELEASE);
	e1000_write(e, E1000_RDT, (e->rx_next + NIC_RING - 1) % NIC_RING);
}

static u32 tx_free(const struct e1000 *e)
{
	return (e->tx_reaped + NIC_RING - e->tx_next - 1) % NIC_RING;
}

/* Contexts have no status of their own: each is done when its data is. */
static void tx_reap(struct e1000 *e)
{
	for (u32 i = e->tx_reaped; i != e->tx_next; i = nic_ring_next(i)) {
		if (!(e->tx[i].command & E1000_TXD_DATA))
			continue;
		if (!(e->tx[i].status & E1000_TXD_DD))
			return;
		e->tx_reaped = nic_ring_next(i);
	}
}

u8 *e1000_tx_buffer(struct nic *nic, u32 queue)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);

	(void)queue;
	if (tx_free(e) < 2)
		tx_reap(e);
	return tx_free(e) < 2 ? NULL : nic_ring_buffer(&e->tx_ring, e->tx_next);
}

static void tx_put(struct e1000 *e, u64 address, u32 command, u32 status)
{
	volatile struct e1000_tx_desc *d = &e->tx[e->tx_next];

	d->address = address;
	d->status = status;
	d->command = command;
	e->tx_next = nic_ring_next(e->tx_next);
}

/* Tell the card which range is summed, unless it is the same as for the frame before. */
static void tx_context(struct e1000 *e, const struct nic_tx *frame)
{
	u32 context = (u32)frame->csum_start << 16 | frame->csum_offset;

	if (context == e->tx_context)
		return;
	e->tx_context = context;
	tx_put(e,
	       E1000_TXC_TUCSS(frame->csum_start) |
		   E1000_TXC_TUCSO(frame->csum_start + frame->csum_offset),
	       E1000_TXD_CONTEXT | E1000_TXD_DEXT, 0);
}

void e1000_tx_commit(struct nic *nic, u32 queue, const struct nic_tx *frame)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);
	/* Of its first descriptor, be it a context or data. */
	u64 buffer = nic_ring_buffer_hpa(&e->tx_ring, e->tx_next);
	u32 options = 0;

	(void)queue;
	if (frame->csum_start) {
		tx_context(e, frame);
		options = E1000_TXD_POPTS_TXSM;
	}
	tx_put(e, buffer,
	       frame->len | E1000_TXD_DATA | E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RS |
		   E1000_TXD_DEXT,
	       options);
	nic->counters.tx_frames++;
	nic->counters.tx_bytes += frame->len;
}

void e1000_tx_flush(struct nic *nic, u32 queue)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);

	(void)queue;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	e1000_write(e, E1000_TDT, e->tx_next);
}
