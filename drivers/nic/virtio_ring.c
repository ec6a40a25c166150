/* SPDX-License-Identifier: BSD-2-Clause */
/* Split rings from the driver's side: VIRTIO 1.2, 2.7. */
#include "drivers/iommu/iommu.h"
#include "drivers/nic/virtio.h"
#include "kernel/mm/page.h"

#define HEADER ((u32)sizeof(struct virtio_net_header))
/* Where the used ring begins in the shared page, behind the available one. */
#define USED_AT 1024

static_assert(sizeof(struct virtio_net_header) == 12, "5.1.6");
static_assert(sizeof(struct virtio_desc) == NIC_DESCRIPTOR_BYTES, "2.7.5");
static_assert(sizeof(struct virtio_avail) + 2 * NIC_RING <= USED_AT, "the available ring");
static_assert(USED_AT + sizeof(struct virtio_used) + 8 * NIC_RING <= PAGE_SIZE, "the used ring");
static_assert(HEADER + NIC_FRAME_MAX <= NIC_BUFFER_BYTES, "a frame with its header");

/* --- memory ------------------------------------------------------------------------------------
 */

static int ring_create(struct virtio_nic_queue *q)
{
	int err = nic_ring_create(&q->ring);

	if (!err && iommu_dma_alloc(PAGE_SIZE, &q->shared_hpa))
		err = trace_err(ERR_NOMEM, "nic: no memory for a ring");
	if (err)
		return err;
	q->desc = q->ring.descriptors;
	q->avail = page_virt(q->shared_hpa);
	q->used = (volatile void *)((volatile u8 *)q->avail + USED_AT);
	return 0;
}

int virtio_rings_create(struct virtio_nic *v)
{
	int err = ring_create(&v->queue[VIRTIO_NIC_RX]);

	return err ? err : ring_create(&v->queue[VIRTIO_NIC_TX]);
}

void virtio_rings_destroy(struct virtio_nic *v)
{
	for (u32 i = 0; i < VIRTIO_NIC_QUEUES; i++) {
		struct virtio_nic_queue *q = &v->queue[i];

		if (q->shared_hpa.v)
			iommu_dma_free(q->shared_hpa, PAGE_SIZE);
		q->shared_hpa = HPA(0);
		nic_ring_destroy(&q->ring);
	}
}

hpa_t virtio_avail_hpa(const struct virtio_nic_queue *q)
{
	return q->shared_hpa;
}

hpa_t virtio_used_hpa(const struct virtio_nic_queue *q)
{
	return HPA(q->shared_hpa.v + USED_AT);
}

/* Put a buffer into the available ring; the card sees it when the index is published. */
static void give(struct virtio_nic_queue *q, u16 id)
{
	q->busy[id] = true;
	q->avail->ring[q->avail_idx++ & (q->size - 1)] = id;
}

static void publish(struct virtio_nic_queue *q)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	q->avail->idx = q->avail_idx;
}

static void ring_start(struct virtio_nic_queue *q)
{
	q->avail->idx = q->used->idx = q->used->flags = 0;
	q->avail->flags = VIRTIO_AVAIL_NO_INTERRUPT;
	q->seen = q->avail_idx = q->free_count = 0;
	for (u16 i = 0; i < q->size; i++) {
		q->busy[i] = false;
		q->desc[i].address = nic_ring_buffer_hpa(&q->ring, i);
		q->desc[i].len = NIC_BUFFER_BYTES;
		q->desc[i].flags = q->desc[i].next = 0;
	}
}

void virtio_rings_start(struct virtio_nic *v)
{
	struct virtio_nic_queue *rx = &v->queue[VIRTIO_NIC_RX], *tx = &v->queue[VIRTIO_NIC_TX];

	ring_start(rx);
	ring_start(tx);
	for (u16 i = 0; i < rx->size; i++) {
		rx->desc[i].flags = VIRTIO_DESC_WRITE;
		give(rx, i);
	}
	publish(rx);
	for (u16 i = tx->size; i--;)
		tx->free[tx->free_count++] = i;
}

/* How many entries of the used ring have not been looked at; a card that says more than there
 * are buffers is believed no further than that. */
static u32 used_count(const struct virtio_nic_queue *q)
{
	u16 count = (u16)(q->used->idx - q->seen);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return MIN(count, q->size);
}

/* --- receive -----------------------------------------------------------------------------------
 */

bool virtio_rx_waiting(const struct virtio_nic *v)
{
	return used_count(&v->queue[VIRTIO_NIC_RX]);
}

/* What the card wrote is believed no further than the buffer reaches. A frame that is bad is
 * shown with length 0: it has its place in the order. */
u32 virtio_rx(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);
	const struct virtio_nic_queue *q = &v->queue[VIRTIO_NIC_RX];
	u32 n = MIN(used_count(q), max);

	(void)queue;
	for (u32 i = 0; i < n; i++) {
		u32 at = (q->seen + i) & (q->size - 1u);
		u32 id = q->used->ring[at].id & (q->size - 1u), len = q->used->ring[at].len;

		frames[i] = (struct nic_rx){.data = nic_ring_buffer(&q->ring, id) + HEADER};
		if (len > HEADER && len <= NIC_BUFFER_BYTES)
			frames[i].len = (u16)(len - HEADER);
	}
	return n;
}

void virtio_rx_done(struct nic *nic, u32 queue, u32 n)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);
	struct virtio_nic_queue *q = &v->queue[VIRTIO_NIC_RX];

	(void)queue;
	if (!n)
		return;
	for (u32 left = n; left; left--, q->seen++) {
		u32 at = q->seen & (q->size - 1u), len = q->used->ring[at].len;
		bool good = len > HEADER && len <= NIC_BUFFER_BYTES;

		nic->counters.rx_frames++;
		nic->counters.rx_bytes += good ? len - HEADER : 0;
		nic->counters.rx_errors += !good;
		/* Whatever the card calls it: each buffer is its own again in its turn. */
		give(q, (u16)(q->used->ring[at].id & (q->size - 1u)));
	}
	publish(q);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(q->used->flags & VIRTIO_USED_NO_NOTIFY))
		mmio_write16(q->notify, VIRTIO_NIC_RX);
}

/* --- transmit ----------------------------------------------------------------------------------
 */

/* Take back what has gone. A buffer that the card gives back twice is taken once. */
static void tx_reap(struct virtio_nic_queue *q)
{
	for (u32 left = used_count(q); left; left--, q->seen++) {
		u32 id = q->used->ring[q->seen & (q->size - 1u)].id & (q->size - 1u);

		if (!q->busy[id])
			continue;
		q->busy[id] = false;
		q->free[q->free_count++] = (u16)id;
	}
}

u8 *virtio_tx_buffer(struct nic *nic, u32 queue)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);
	struct virtio_nic_queue *q = &v->queue[VIRTIO_NIC_TX];

	(void)queue;
	if (!q->free_count)
		tx_reap(q);
	if (!q->free_count)
		return NULL;
	return nic_ring_buffer(&q->ring, q->free[q->free_count - 1]) + HEADER;
}

void virtio_tx_commit(struct nic *nic, u32 queue, const struct nic_tx *frame)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);
	struct virtio_nic_queue *q = &v->queue[VIRTIO_NIC_TX];
	u16 id = q->free[--q->free_count];
	struct virtio_net_header *header = (void *)nic_ring_buffer(&q->ring, id);

	(void)queue;
	*header = (struct virtio_net_header){
	    .flags = frame->csum_start ? VIRTIO_NET_NEEDS_CSUM : 0,
	    .csum_start = frame->csum_start,
	    .csum_offset = frame->csum_offset,
	};
	q->desc[id].len = HEADER + frame->len;
	give(q, id);
	nic->counters.tx_frames++;
	nic->counters.tx_bytes += frame->len;
}

void virtio_tx_flush(struct nic *nic, u32 queue)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);
	struct virtio_nic_queue *q = &v->queue[VIRTIO_NIC_TX];

	(void)queue;
	if (q->avail->idx == q->avail_idx)
		return;
	publish(q);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(q->used->flags & VIRTIO_USED_NO_NOTIFY))
		mmio_write16(q->notify, VIRTIO_NIC_TX);
}
