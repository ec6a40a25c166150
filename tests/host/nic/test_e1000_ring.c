/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings against a card that the test plays: registers are memory, descriptors are real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/iommu/iommu.h"
#include "drivers/nic/e1000.h"
#include "drivers/nic/e1000_regs.h"
#include "kernel/mm/page.h"

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

static struct e1000 card;
static u8 registers[0x6000] __aligned(8);

static int setup(void **state)
{
	(void)state;
	memset(&card, 0, sizeof(card));
	card.regs = registers;
	assert_int_equal(e1000_rings_create(&card), 0);
	e1000_rings_start(&card);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	e1000_rings_destroy(&card);
	return 0;
}

/* The card receives a frame of len bytes that begins with `first`. */
static void receive(u32 slot, u8 first, u16 len, u8 status, u8 errors)
{
	volatile struct e1000_rx_desc *d = &card.rx[slot % NIC_RING];

	*(u8 *)(uintptr_t)d->address = first;
	d->length = len;
	d->errors = errors;
	d->status = status;
}

static void frames_are_received_in_order(void **state)
{
	struct nic_rx frames[4];

	(void)state;
	assert_int_equal(e1000_read(&card, E1000_RDT), NIC_RING - 1);
	assert_int_equal(e1000_rx(&card.nic, 0, frames, 4), 0);
	for (u32 i = 0; i < 3 * NIC_RING; i += 3) {
		receive(i, (u8)i, 60, E1000_RXD_DD | E1000_RXD_EOP | E1000_RXD_TCPCS, 0);
		receive(i + 1, 1, 70,
			E1000_RXD_DD | E1000_RXD_EOP | E1000_RXD_IXSM | E1000_RXD_TCPCS, 0);
		receive(i + 2, 2, 80, E1000_RXD_DD | E1000_RXD_EOP | E1000_RXD_TCPCS,
			E1000_RXD_TCPE);
		assert_int_equal(e1000_rx(&card.nic, 0, frames, 2), 2);
		assert_int_equal(e1000_rx(&card.nic, 0, frames, 4), 3);
		assert_int_equal(frames[0].data[0], (u8)i);
		assert_int_equal(frames[0].len, 60);
		assert_true(frames[0].csum_ok);
		assert_false(frames[1].csum_ok);
		assert_false(frames[2].csum_ok);
		e1000_rx_done(&card.nic, 0, 3);
		assert_int_equal(e1000_read(&card, E1000_RDT), (i + 2) % NIC_RING);
		assert_int_equal(e1000_rx(&card.nic, 0, frames, 4), 0);
	}
	assert_int_equal(card.nic.counters.rx_frames, 3 * NIC_RING);
	assert_int_equal(card.nic.counters.rx_bytes, 210 * NIC_RING);
}

/* A card that lies about lengths leads nowhere beyond its buffers. */
static void bad_frames_have_no_bytes(void **state)
{
	struct nic_rx frames[4];

	(void)state;
	receive(0, 0, 60, E1000_RXD_DD, 0);
	receive(1, 0, 60, E1000_RXD_DD | E1000_RXD_EOP, 1);
	receive(2, 0, NIC_BUFFER_BYTES + 1, E1000_RXD_DD | E1000_RXD_EOP, 0);
	receive(3, 0, NIC_BUFFER_BYTES, E1000_RXD_DD | E1000_RXD_EOP, 0);
	assert_int_equal(e1000_rx(&card.nic, 0, frames, 4), 4);
	assert_int_equal(frames[0].len, 0);
	assert_int_equal(frames[1].len, 0);
	assert_int_equal(frames[2].len, 0);
	assert_int_equal(frames[3].len, NIC_BUFFER_BYTES);
	e1000_rx_done(&card.nic, 0, 4);
	assert_int_equal(card.nic.counters.rx_errors, 1);
}

/* The whole ring is never shown: equal head and tail would stop the card. */
static void a_full_ring_keeps_one(void **state)
{
	struct nic_rx frames[NIC_RING + 8];

	(void)state;
	for (u32 i = 0; i < NIC_RING; i++)
		receive(i, (u8)i, 60, E1000_RXD_DD | E1000_RXD_EOP, 0);
	assert_int_equal(e1000_rx(&card.nic, 0, frames, ARRAY_SIZE(frames)), NIC_RING - 1);
}

/* Do what the card does with everything up to its tail: returns how many frames went out. */
static u32 transmit(u32 *head, u32 contexts[2])
{
	u32 tail = e1000_read(&card, E1000_TDT), frames = 0;

	for (; *head != tail; *head = (*head + 1) % NIC_RING) {
		volatile struct e1000_tx_desc *d = &card.tx[*head];

		assert_true(d->command & E1000_TXD_DEXT);
		if (!(d->command & E1000_TXD_DATA)) {
			contexts[0]++;
			contexts[1] = (u32)(d->address >> 32);
			continue;
		}
		d->status |= E1000_TXD_DD;
		frames++;
	}
	return frames;
}

static void send(u8 first, u16 csum_start, u16 csum_offset)
{
	const struct nic_tx frame = {100, csum_start, csum_offset};
	u8 *buffer = e1000_tx_buffer(&card.nic, 0);

	assert_non_null(buffer);
	buffer[0] = first;
	e1000_tx_commit(&card.nic, 0, &frame);
}

static void frames_are_sent_with_their_sums(void **state)
{
	u32 head = 0, contexts[2] = {0};

	(void)state;
	for (u32 round = 0; round < 1000; round++) {
		send(1, 0, 0);
		send(2, 34, 16);
		send(3, 34, 16); /* the same context */
		send(4, 34, 6);
		e1000_tx_flush(&card.nic, 0);
		assert_int_equal(transmit(&head, contexts), 4);
		assert_int_equal(contexts[1], 34 | 40 << 8);
	}
	assert_int_equal(contexts[0], 2000);
	assert_int_equal(card.nic.counters.tx_frames, 4000);
}

static void a_full_queue_has_no_buffer(void **state)
{
	const struct nic_tx frame = {60, 0, 0};
	u32 head = 0, contexts[2], n = 0;
	u8 *first = e1000_tx_buffer(&card.nic, 0), *buffer;

	(void)state;
	for (; (buffer = e1000_tx_buffer(&card.nic, 0)); n++) {
		buffer[NIC_BUFFER_BYTES - 1] = 1;
		e1000_tx_commit(&card.nic, 0, &frame);
	}
	assert_int_equal(n, NIC_RING - 2);
	assert_null(e1000_tx_buffer(&card.nic, 0));
	e1000_tx_flush(&card.nic, 0);
	assert_int_equal(transmit(&head, contexts), n);
	buffer = e1000_tx_buffer(&card.nic, 0);
	assert_ptr_equal(buffer, first + n * NIC_BUFFER_BYTES);
}

/* A buffer is given out again only when the frame in it has gone, also where contexts take
 * slots in between. */
static void buffers_are_not_reused_too_early(void **state)
{
	u32 head = 0, contexts[2], slot;
	bool busy[NIC_RING] = {false};

	(void)state;
	srand(1);
	for (u32 i = 0; i < 20000; i++) {
		u8 *buffer = e1000_tx_buffer(&card.nic, 0);

		if (!buffer || rand() % 50 == 0) {
			e1000_tx_flush(&card.nic, 0);
			transmit(&head, contexts);
			memset(busy, 0, sizeof(busy));
			continue;
		}
		slot = (u32)(buffer - card.tx_ring.buffers) / NIC_BUFFER_BYTES;
		assert_false(busy[slot]);
		busy[slot] = true;
		send(0, rand() % 3 ? 34 : 0, rand() % 2 ? 16 : 6);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(frames_are_received_in_order), TEST(bad_frames_have_no_bytes),
	    TEST(a_full_ring_keeps_one),        TEST(frames_are_sent_with_their_sums),
	    TEST(a_full_queue_has_no_buffer),   TEST(buffers_are_not_reused_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
