/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of a virtio card against a card that the test plays: one that is right, and one that
 * lies about what it has done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/iommu/iommu.h"
#include "drivers/nic/virtio.h"
#include "kernel/mm/page.h"

#define HEADER 12
#define SIZE 64

int iommu_dma_alloc(u64 bytes, hpa_t *out)
{
	*out = HPA((uintptr_t)aligned_alloc(PAGE_SIZE, bytes));
	memset((void *)(uintptr_t)out->v, 0, bytes);
	return 0;
}

void iommu_dma_free(hpa_t base, u64 bytes)
{
	(void)bytes;
	free((void *)(uintptr_t)base.v);
}

void *page_virt(hpa_t page)
{
	return (void *)(uintptr_t)page.v;
}

static struct virtio_nic card;
static u16 doorbell[VIRTIO_NIC_QUEUES];
static struct virtio_nic_queue *const rx = &card.queue[VIRTIO_NIC_RX];
static struct virtio_nic_queue *const tx = &card.queue[VIRTIO_NIC_TX];
/* How far the card has read each available ring. */
static u16 taken[VIRTIO_NIC_QUEUES];

static int setup(void **state)
{
	(void)state;
	memset(&card, 0, sizeof(card));
	memset(taken, 0, sizeof(taken));
	for (u32 i = 0; i < VIRTIO_NIC_QUEUES; i++) {
		card.queue[i].size = SIZE;
		card.queue[i].notify = &doorbell[i];
		doorbell[i] = 0xffff;
	}
	assert_int_equal(virtio_rings_create(&card), 0);
	virtio_rings_start(&card);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	virtio_rings_destroy(&card);
	return 0;
}

/* The card's next available descriptor, or -1. */
static int card_take(u32 which)
{
	struct virtio_nic_queue *q = &card.queue[which];

	if (q->avail->idx == taken[which])
		return -1;
	return q->avail->ring[taken[which]++ % SIZE];
}

static void card_give(u32 which, u32 id, u32 len)
{
	struct virtio_nic_queue *q = &card.queue[which];

	q->used->ring[q->used->idx % SIZE].id = id;
	q->used->ring[q->used->idx % SIZE].len = len;
	q->used->idx++;
}

/* The card receives a frame of len bytes that begins with `first`. */
static void receive(u8 first, u32 len)
{
	int id = card_take(VIRTIO_NIC_RX);

	assert_true(id >= 0);
	assert_int_equal(rx->desc[id].flags, VIRTIO_DESC_WRITE);
	assert_true(HEADER + len <= rx->desc[id].len);
	((u8 *)(uintptr_t)rx->desc[id].address)[HEADER] = first;
	card_give(VIRTIO_NIC_RX, (u32)id, HEADER + len);
}

static void frames_are_received_in_order(void **state)
{
	struct nic_rx frames[4];

	(void)state;
	assert_int_equal(rx->avail->idx, SIZE);
	assert_false(virtio_rx_waiting(&card));
	assert_int_equal(virtio_rx(&card.nic, 0, frames, 4), 0);
	for (u32 i = 0; i < 3000; i += 3) {
		receive((u8)i, 60);
		receive(1, 1514);
		receive(2, 80);
		assert_true(virtio_rx_waiting(&card));
		assert_int_equal(virtio_rx(&card.nic, 0, frames, 2), 2);
		assert_int_equal(virtio_rx(&card.nic, 0, frames, 4), 3);
		assert_int_equal(frames[0].data[0], (u8)i);
		assert_int_equal(frames[0].len, 60);
		assert_int_equal(frames[1].len, 1514);
		assert_int_equal(frames[2].data[0], 2);
		doorbell[VIRTIO_NIC_RX] = 0xffff;
		virtio_rx_done(&card.nic, 0, 3);
		assert_int_equal(doorbell[VIRTIO_NIC_RX], VIRTIO_NIC_RX);
		assert_int_equal(virtio_rx(&card.nic, 0, frames, 4), 0);
	}
	assert_int_equal(card.nic.counters.rx_frames, 3000);
	assert_int_equal(card.nic.counters.rx_bytes, 1000 * (60 + 1514 + 80));
	/* None has been lost: the card can fill all of them. */
	for (u32 i = 0; i < SIZE; i++)
		receive(0, 60);
	assert_int_equal(card_take(VIRTIO_NIC_RX), -1);
}

/* A card that lies about numbers and lengths leads nowhere beyond the buffers. */
static void lies_stay_within_the_buffers(void **state)
{
	struct nic_rx frames[2 * SIZE];
	const u8 *end = rx->ring.buffers + SIZE * NIC_BUFFER_BYTES;

	(void)state;
	card_give(VIRTIO_NIC_RX, 0xffffffff, 60 + HEADER);
	card_give(VIRTIO_NIC_RX, SIZE, 0xffffffff);
	card_give(VIRTIO_NIC_RX, 1, HEADER - 1);
	card_give(VIRTIO_NIC_RX, 2, NIC_BUFFER_BYTES + 1);
	card_give(VIRTIO_NIC_RX, 3, NIC_BUFFER_BYTES);
	assert_int_equal(virtio_rx(&card.nic, 0, frames, SIZE), 5);
	for (u32 i = 0; i < 5; i++)
		assert_true(frames[i].data >= rx->ring.buffers &&
			    frames[i].data + frames[i].len <= end);
	assert_int_equal(frames[0].len, 60);
	assert_int_equal(frames[1].len, 0);
	assert_int_equal(frames[2].len, 0);
	assert_int_equal(frames[3].len, 0);
	assert_int_equal(frames[4].len, NIC_BUFFER_BYTES - HEADER);
	virtio_rx_done(&card.nic, 0, 5);
	assert_int_equal(card.nic.counters.rx_errors, 3);
	rx->used->idx = (u16)(rx->used->idx + 1000);
	assert_int_equal(virtio_rx(&card.nic, 0, frames, 2 * SIZE), SIZE);
	virtio_rx_done(&card.nic, 0, SIZE);
}

static void send(u8 first, u16 len, u16 csum_start, u16 csum_offset)
{
	const struct nic_tx frame = {len, csum_start, csum_offset};
	u8 *buffer = virtio_tx_buffer(&card.nic, 0);

	assert_non_null(buffer);
	memset(buffer, first, len);
	virtio_tx_commit(&card.nic, 0, &frame);
}

/* What the card sends next must be this. */
static void sent(u8 first, u16 len, u16 csum_start, u16 csum_offset)
{
	int id = card_take(VIRTIO_NIC_TX);
	const u8 *at;
	struct virtio_net_header h;

	assert_true(id >= 0);
	at = (const u8 *)(uintptr_t)tx->desc[id].address;
	memcpy(&h, at, sizeof(h));
	assert_int_equal(tx->desc[id].flags, 0);
	assert_int_equal(tx->desc[id].len, HEADER + len);
	assert_int_equal(at[HEADER], first);
	assert_int_equal(at[HEADER + len - 1], first);
	assert_int_equal(h.flags, csum_start ? VIRTIO_NET_NEEDS_CSUM : 0);
	assert_int_equal(h.csum_start, csum_start);
	assert_int_equal(h.csum_offset, csum_offset);
	assert_int_equal(h.gso_type | h.gso_size | h.hdr_len | h.num_buffers, 0);
	card_give(VIRTIO_NIC_TX, (u32)id, 0);
}

static void frames_are_sent_with_their_sums(void **state)
{
	(void)state;
	for (u32 round = 0; round < 1000; round++) {
		send((u8)round, 60, 0, 0);
		send(2, 100, 34, 16);
		send(3, NIC_FRAME_MAX, 34, 6);
		assert_int_equal(card_take(VIRTIO_NIC_TX), -1); /* not before it is told */
		virtio_tx_flush(&card.nic, 0);
		assert_int_equal(doorbell[VIRTIO_NIC_TX], VIRTIO_NIC_TX);
		sent((u8)round, 60, 0, 0);
		sent(2, 100, 34, 16);
		sent(3, NIC_FRAME_MAX, 34, 6);
		doorbell[VIRTIO_NIC_TX] = 0xffff;
		virtio_tx_flush(&card.nic, 0);
		assert_int_equal(doorbell[VIRTIO_NIC_TX], 0xffff); /* there is nothing new */
	}
	assert_int_equal(card.nic.counters.tx_frames, 3000);
}

static void a_card_that_looks_by_itself_is_not_told(void **state)
{
	(void)state;
	tx->used->flags = VIRTIO_USED_NO_NOTIFY;
	send(1, 60, 0, 0);
	virtio_tx_flush(&card.nic, 0);
	assert_int_equal(doorbell[VIRTIO_NIC_TX], 0xffff);
	sent(1, 60, 0, 0);
}

/* A card may be done with frames in any order; one that gives a buffer back twice does not get
 * two frames into it. */
static void buffers_come_back_in_any_order(void **state)
{
	int ids[SIZE];

	(void)state;
	for (u32 i = 0; i < SIZE; i++)
		send((u8)i, 60, 0, 0);
	assert_null(virtio_tx_buffer(&card.nic, 0));
	virtio_tx_flush(&card.nic, 0);
	for (u32 i = 0; i < SIZE; i++)
		ids[i] = card_take(VIRTIO_NIC_TX);
	card_give(VIRTIO_NIC_TX, (u32)ids[9], 0);
	card_give(VIRTIO_NIC_TX, (u32)ids[9], 0);
	card_give(VIRTIO_NIC_TX, (u32)ids[9] + SIZE, 0);
	card_give(VIRTIO_NIC_TX, (u32)ids[3], 0);
	send(1, 60, 0, 0);
	send(2, 60, 0, 0);
	assert_null(virtio_tx_buffer(&card.nic, 0));
	virtio_tx_flush(&card.nic, 0);
	sent(1, 60, 0, 0);
	sent(2, 60, 0, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(frames_are_received_in_order),    TEST(lies_stay_within_the_buffers),
	    TEST(frames_are_sent_with_their_sums), TEST(a_card_that_looks_by_itself_is_not_told),
	    TEST(buffers_come_back_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
