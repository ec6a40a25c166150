/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two virtio-net devices on a switch, driven as a guest's driver does: found in configuration
 * space, moved, negotiated, frames through their queues, interrupts as messages.
 */
#include "tests/host/vdev/nics.h"
#include "tests/host/virtio/driver.h"
#include "vmm/virtio/net.h"
#include "vmm/virtio/net_impl.h"
#include "vmm/vm/layout.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#define MEMORY NIC_GUEST_MEMORY
#define SIZE 16
#define FRAMES 0x20000
/* Layout of the device's BAR, as its capabilities say. */
#define COMMON 0
#define DEVICE 0x2000
#define NOTIFY 0x3000
#define MSIX 0x4000
#define FEATURES                                                                                \
	(VIRTIO_F_VERSION_1 | VNET_F_MRG_RXBUF | VNET_F_CTRL_VQ | VNET_F_CTRL_RX | VNET_F_MAC | \
	 VNET_F_STATUS)

/* A guest: its device, and what its driver keeps. */
struct guest {
	struct nic_guest at;
	struct driver_queue rx, tx, ctrl;
	u16 rx_seen;
};
static struct guest guests[2];

static u64 get(struct guest *g, u64 offset, unsigned size)
{
	return nic_guest_get(&g->at, offset, size);
}

static void set(struct guest *g, u64 offset, unsigned size, u64 value)
{
	nic_guest_set(&g->at, offset, size, value);
}

static int setup(void **state)
{
	if (fixture_setup(state))
		return 1;
	memset(guests, 0, sizeof(guests));
	nics_setup();
	nic_guest_make(&guests[0].at, &virtio_net_model, "a.net0", 1, VPCI_BDF(0, 1, 0));
	nic_guest_make(&guests[1].at, &virtio_net_model, "b.net0", 2, VPCI_BDF(0, 2, 0));
	return 0;
}

static int teardown(void **state)
{
	nic_guest_drop(&guests[0].at);
	nic_guest_drop(&guests[1].at);
	nics_teardown();
	return fixture_teardown(state);
}

/* --- a driver ----------------------------------------------------------------------------------
 */

static void features_set(struct guest *g, u64 features)
{
	set(g, COMMON + 0x14, 1, 0);
	set(g, COMMON + 0x14, 1, 3);
	for (u32 i = 0; i < 2; i++) {
		set(g, COMMON + 0x08, 4, i);
		set(g, COMMON + 0x0c, 4, (u32)(features >> i * 32));
	}
	set(g, COMMON + 0x14, 1, 0xb);
}

static void queue_set(struct guest *g, u16 index, struct driver_queue *q, u64 gpa)
{
	driver_queue_init(q, g->at.memory, gpa, SIZE);
	set(g, COMMON + 0x16, 2, index);
	assert_true(get(g, COMMON + 0x18, 2) >= SIZE);
	set(g, COMMON + 0x18, 2, SIZE);
	set(g, COMMON + 0x1a, 2, index);
	assert_int_equal(get(g, COMMON + 0x1e, 2), index);
	set(g, COMMON + 0x20, 8, q->desc_gpa);
	set(g, COMMON + 0x28, 4, q->avail_gpa);
	set(g, COMMON + 0x30, 4, q->used_gpa);
	set(g, COMMON + 0x1c, 2, 1);
	assert_int_equal(get(g, COMMON + 0x1c, 2), 1);
}

/* Vector i of MSI-X is interrupt 0x60 + i of the guest's first processor. */
static void msix_set(struct guest *g)
{
	u32 control;

	for (u32 i = 0; i < 4; i++) {
		set(g, MSIX + 16 * i, 8, LAYOUT_LAPIC);
		set(g, MSIX + 16 * i + 8, 4, 0x60 + i);
		set(g, MSIX + 16 * i + 12, 4, 0);
	}
	control = (u32)bus_read(&fx.p.mmio, nic_config(&g->at, 0x40), 4);
	assert_int_equal(control & 0xff, 0x11);
	bus_write(&fx.p.mmio, nic_config(&g->at, 0x42), 2, 0x8000);
}

/* Receive buffers of 64 bytes, so that frames take several. */
static void fill_rx(struct guest *g)
{
	for (u32 i = 0; i < SIZE; i++)
		driver_offer(&g->rx,
			     driver_desc(&g->rx, FRAMES + 0x8000 + i * 64, 64, VRING_DESC_WRITE));
}

static void drive(struct guest *g)
{
	features_set(g, FEATURES);
	assert_int_equal(get(g, COMMON + 0x14, 1), 0xb);
	msix_set(g);
	queue_set(g, 0, &g->rx, 0x1000);
	queue_set(g, 1, &g->tx, 0x2000);
	queue_set(g, 2, &g->ctrl, 0x3000);
	fill_rx(g);
	set(g, COMMON + 0x14, 1, 0xf);
	lapic_enable(0);
}

/* A frame of len bytes with its header, in two descriptors. */
static void transmit(struct guest *g, const u8 *dst, u32 len)
{
	u8 *frame = g->at.memory + FRAMES;
	u16 head;

	memset(frame, 0, 12);
	memcpy(frame + 12, dst, 6);
	memcpy(frame + 18, g->at.nic.port_config.mac, 6);
	frame[24] = 0x88, frame[25] = 0xb5;
	for (u32 i = 14; i < len; i++)
		frame[12 + i] = (u8)(i * 3);
	head = driver_desc(&g->tx, FRAMES, 40, VRING_DESC_NEXT);
	driver_desc(&g->tx, FRAMES + 40, len + 12 - 40, 0);
	driver_offer(&g->tx, head);
	set(g, NOTIFY + 4, 2, 1);
}

/* Take what has been received: several buffers of one frame. Returns its length. */
static u32 receive(struct guest *g, u8 *to)
{
	u32 len = 0, buffers = 1;

	if (g->rx_seen == g->rx.used_ring->idx)
		return 0;
	for (u32 i = 0; i < buffers; i++) {
		u32 at = g->rx_seen++ % SIZE, n = g->rx.used_ring->ring[at].len;
		u32 id = g->rx.used_ring->ring[at].id;
		const u8 *buffer = g->at.memory + g->rx.desc[id].addr;

		if (!i)
			buffers = buffer[10];
		memcpy(to + len, buffer, n);
		len += n;
	}
	return len - 12;
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void found(void **state)
{
	struct guest *g = &guests[0];
	u32 seen = 0;

	(void)state;
	assert_int_equal(bus_read(&fx.p.mmio, nic_config(&g->at, 0), 4), 0x10411af4);
	assert_int_equal(bus_read(&fx.p.mmio, nic_config(&g->at, 8), 4), 0x02000001);
	for (u64 at = bus_read(&fx.p.mmio, nic_config(&g->at, 0x34), 1); at;
	     at = bus_read(&fx.p.mmio, nic_config(&g->at, (u32)at + 1), 1)) {
		u32 id = (u32)bus_read(&fx.p.mmio, nic_config(&g->at, (u32)at), 1);

		seen |= id == 9 ? 1u << bus_read(&fx.p.mmio, nic_config(&g->at, (u32)at + 3), 1)
				: 1u << 30;
	}
	assert_int_equal(seen, 0x4000003e); /* all five structures, and MSI-X */
	/* The size of the BAR, and another place for it. */
	bus_write(&fx.p.mmio, nic_config(&g->at, 4), 2, 0);
	bus_write(&fx.p.mmio, nic_config(&g->at, 0x10), 4, 0xffffffff);
	assert_int_equal(bus_read(&fx.p.mmio, nic_config(&g->at, 0x10), 4), 0xffff8004);
	bus_write(&fx.p.mmio, nic_config(&g->at, 0x10), 4, 0xd0000000);
	assert_int_equal(get(g, DEVICE, 4), 0xffffffff);
	bus_write(&fx.p.mmio, nic_config(&g->at, 4), 2, 6);
	assert_int_equal(get(g, DEVICE, 4), 0xffffffff);
	g->at.bar = 0xd0000000;
	assert_int_equal(get(g, DEVICE, 4), 0x00000002);
	assert_int_equal(get(g, DEVICE + 4, 4), 0x00010100); /* MAC's end, link up */
	/* Where something else is, it is nowhere. */
	bus_write(&fx.p.mmio, nic_config(&g->at, 0x10), 4, (u32)LAYOUT_IOAPIC);
	assert_int_equal(get(g, DEVICE, 4), 0xffffffff);
	assert_true(bus_read(&fx.p.mmio, LAYOUT_IOAPIC + 0x10, 4) != 0xffffffff);
}

static void negotiation(void **state)
{
	struct guest *g = &guests[0];

	(void)state;
	features_set(g, FEATURES & ~(u64)VIRTIO_F_VERSION_1);
	assert_int_equal(get(g, COMMON + 0x14, 1), 3);
	features_set(g, FEATURES | BIT(60));
	assert_int_equal(get(g, COMMON + 0x14, 1), 3);
	features_set(g, FEATURES);
	assert_int_equal(get(g, COMMON + 0x14, 1), 0xb);
	/* A queue that is not in RAM. */
	set(g, COMMON + 0x16, 2, 0);
	set(g, COMMON + 0x20, 8, MEMORY);
	set(g, COMMON + 0x1c, 2, 1);
	assert_int_equal(get(g, COMMON + 0x1c, 2), 0);
	assert_int_equal(get(g, COMMON + 0x14, 1), 0x4b);
	set(g, COMMON + 0x14, 1, 0);
	assert_int_equal(get(g, COMMON + 0x14, 1), 0);
}

static void frames(void **state)
{
	static const u32 lengths[] = {60, 64, 65, 129, 500};
	static u8 got[4096];

	(void)state;
	drive(&guests[0]);
	drive(&guests[1]);
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		transmit(&guests[0], guests[1].at.nic.port_config.mac, lengths[i]);
		assert_int_equal(guests[0].tx.used_ring->idx, i + 1);
		assert_int_equal(receive(&guests[1], got), lengths[i]);
		assert_memory_equal(got + 12, guests[0].at.memory + FRAMES + 12, lengths[i]);
		assert_int_equal(take(0), 0x61); /* sent */
		vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
		assert_int_equal(take(0), 0x60); /* received */
		vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
		/* Once more than there is room for would be counted as dropped. */
		if (i % 2)
			fill_rx(&guests[1]),
			    guests[1].rx.avail->idx = (u16)(guests[1].rx_seen + SIZE);
	}
	assert_int_equal(guests[1].at.nic.port.counters.drops[VSW_DROP_NOBUF], 0);
}

/* Frames in one descriptor each, batches of them, to buffers that hold one or do not. */
static void plain_frames(void **state)
{
	static u8 got[4096];
	struct guest *a = &guests[0], *b = &guests[1];
	u32 number = 0;

	(void)state;
	drive(a);
	drive(b);
	for (u32 round = 0; round < 20; round++) {
		u32 n = 1 + round % (SIZE / 2), big = round % 5 == 4 ? 64 : 2048;

		for (u32 i = 0; i < n; i++, number++) {
			u8 *frame = a->at.memory + FRAMES + i * 256;

			memset(frame, 0, 12);
			memset(frame + 12, (int)number, 200);
			memcpy(frame + 12, b->at.nic.port_config.mac, 6);
			memcpy(frame + 18, a->at.nic.port_config.mac, 6);
			driver_offer(&a->tx, driver_desc(&a->tx, FRAMES + i * 256, 12 + 60 + i, 0));
		}
		b->rx.avail->idx = b->rx_seen;
		for (u32 i = 0; i < 2 * n; i++)
			driver_offer(&b->rx, driver_desc(&b->rx, FRAMES + 0x8000 + i * 2048, big,
							 VRING_DESC_WRITE));
		set(a, NOTIFY + 4, 2, 1);
		for (u32 i = 0; i < n; i++) {
			assert_int_equal(receive(b, got), 60 + i);
			assert_int_equal(got[12 + 59], (u8)(number - n + i));
			assert_memory_equal(got + 12, a->at.memory + FRAMES + i * 256 + 12, 60 + i);
		}
		assert_int_equal(a->tx.used_ring->idx, (u16)number);
	}
	assert_int_equal(b->at.nic.port.counters.out_packets, number);
}

static void no_room(void **state)
{
	static u8 got[4096];

	(void)state;
	drive(&guests[0]);
	drive(&guests[1]);
	transmit(&guests[0], guests[1].at.nic.port_config.mac, 1000); /* 16 buffers of 64 */
	assert_int_equal(receive(&guests[1], got), 1000);
	transmit(&guests[0], guests[1].at.nic.port_config.mac, 60);
	assert_int_equal(receive(&guests[1], got), 0);
	assert_int_equal(guests[1].at.nic.port.counters.drops[VSW_DROP_NOBUF], 1);
	assert_int_equal(guests[0].tx.used_ring->idx, 2);
}

static void masked(void **state)
{
	static u8 got[4096];

	(void)state;
	drive(&guests[0]);
	drive(&guests[1]);
	set(&guests[1], MSIX + 12, 4, 1);
	transmit(&guests[0], guests[1].at.nic.port_config.mac, 60);
	assert_int_equal(receive(&guests[1], got), 60);
	assert_int_equal(take(0), 0x61);
	assert_int_equal(take(0), -1);
	assert_int_equal(get(&guests[1], MSIX + 16 * 10, 8), 1); /* pending: 4 pairs and 2 */
	vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	set(&guests[1], MSIX + 12, 4, 0);
	assert_int_equal(take(0), 0x60);
	assert_int_equal(get(&guests[1], MSIX + 16 * 10, 8), 0);
}

static u8 command(struct guest *g, const void *bytes, u32 len)
{
	u16 head;

	memcpy(g->at.memory + 0x5000, bytes, len);
	g->at.memory[0x5800] = 0x55;
	head = driver_desc(&g->ctrl, 0x5000, 2, VRING_DESC_NEXT);
	driver_desc(&g->ctrl, 0x5002, len - 2, VRING_DESC_NEXT);
	driver_desc(&g->ctrl, 0x5800, 1, VRING_DESC_WRITE);
	driver_offer(&g->ctrl, head);
	set(g, NOTIFY + 8, 2, 2);
	return g->at.memory[0x5800];
}

static void control(void **state)
{
	static const u8 table_set[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 9};
	static const u8 group[6] = {1, 0, 0x5e, 0, 0, 9};
	struct guest *g = &guests[1];
	static u8 got[4096];

	(void)state;
	drive(&guests[0]);
	drive(g);
	assert_int_equal(command(g, "\0\1\0", 3), 0); /* not all groups */
	transmit(&guests[0], group, 60);
	assert_int_equal(receive(g, got), 0);
	assert_int_equal(command(g, table_set, sizeof(table_set)), 0);
	transmit(&guests[0], group, 60);
	assert_int_equal(receive(g, got), 60);
	/* What is not known, not negotiated, too short, or lies about its length. */
	assert_int_equal(command(g, "\0\6\0", 3), 1);
	assert_int_equal(command(g, "\2\0\1\0", 4), 1);
	assert_int_equal(command(g, "\1\0\0", 3), 1);
	assert_int_equal(command(g, "\1\0\0\0\0\0\xff\xff\xff\xff", 10), 1);
	assert_int_equal(command(g, "\x20\0\0", 3), 1);
}

static void hostile(void **state)
{
	static u8 got[4096];

	(void)state;
	drive(&guests[0]);
	drive(&guests[1]);
	/* A loop in a chain: the device asks to be reset, and works again afterwards. */
	guests[0].tx.desc[0] = (struct vring_desc){FRAMES, 12, VRING_DESC_NEXT, 0};
	driver_offer(&guests[0].tx, 0);
	set(&guests[0], NOTIFY + 4, 2, 1);
	assert_int_equal(get(&guests[0], COMMON + 0x14, 1), 0x4f);
	transmit(&guests[0], guests[1].at.nic.port_config.mac, 60);
	assert_int_equal(receive(&guests[1], got), 0);
	/* A receive buffer that cannot be written. */
	guests[1].rx.desc[0].flags = 0;
	drive(&guests[0]);
	transmit(&guests[0], guests[1].at.nic.port_config.mac, 60);
	assert_int_equal(get(&guests[1], COMMON + 0x14, 1), 0x4f);
	drive(&guests[1]);
	guests[1].rx_seen = 0;
	transmit(&guests[0], guests[1].at.nic.port_config.mac, 60);
	assert_int_equal(receive(&guests[1], got), 60);
}

static void link_state(void **state)
{
	struct guest *g = &guests[0];
	u64 generation;

	(void)state;
	drive(g);
	generation = get(g, COMMON + 0x15, 1);
	set(g, COMMON + 0x10, 2, 3);
	vsw_port_set_link(&g->at.nic.port, false);
	assert_int_equal(get(g, DEVICE + 6, 2), 0);
	assert_int_not_equal(get(g, COMMON + 0x15, 1), generation);
	assert_int_equal(take(0), 0x63);
	vsw_port_set_link(&g->at.nic.port, true);
	assert_int_equal(get(g, DEVICE + 6, 2), 3); /* and it is to announce itself */
}

/* Frames take ten seconds to be switched, as it seems where this processor has stood still. */
static u32 take_long(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	(void)w, (void)port, (void)pkts;
	fake_tsc += 10000000000;
	return n;
}

/* Polling goes on at a pace that connections bear, whatever serving seemed to cost. */
static void looks_come_in_time(void **state)
{
	static const struct vsw_port_ops slow = {.send = take_long};
	const struct virtio_net *net = guests[0].at.nic.dev;
	const struct vnet_tx *tx = &net->tx[0];

	(void)state;
	drive(&guests[0]);
	guests[1].at.nic.port.ops = &slow;
	for (u32 i = 0; i < SIZE && !tx->polling; i++)
		transmit(&guests[0], guests[1].at.nic.port_config.mac, 60);
	assert_true(tx->polling);
	assert_true(timer_armed(&tx->timer));
	assert_in_range(tx->timer.deadline - fake_tsc, 1, 1200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(found),        TEST(negotiation), TEST(frames),
	    TEST(no_room),      TEST(masked),      TEST(control),
	    TEST(hostile),      TEST(link_state),  TEST(looks_come_in_time),
	    TEST(plain_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
