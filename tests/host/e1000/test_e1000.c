/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two emulated 82540EM on a switch, driven as drivers do: EEPROM and PHY, rings, checksums and
 * segments, tags, filters, interrupts; and as no driver should.
 */
#include "drivers/nic/e1000_regs.h"
#include "net/pkt/csum.h"
#include "tests/host/vdev/nics.h"
#include "vmm/e1000/e1000.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#define DESCS 16
#define TX_RING 0x1000
#define RX_RING 0x2000
#define TX_DATA 0x10000
#define RX_DATA 0x20000
#define RX_SIZE 2048
#define ETHERTYPE 0x88b5
#define SENT (E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RS)

struct guest {
	struct nic_guest at;
	u32 tx_next, rx_next;
};
static struct guest guests[2], *const a = &guests[0], *const b = &guests[1];
static u8 got[16384];

static u32 get(struct guest *g, u32 reg)
{
	return (u32)nic_guest_get(&g->at, reg, 4);
}

static void set(struct guest *g, u32 reg, u32 value)
{
	nic_guest_set(&g->at, reg, 4, value);
}

static struct e1000_tx_desc *tx_desc(struct guest *g, u32 i)
{
	return (struct e1000_tx_desc *)(g->at.memory + TX_RING) + i;
}

static struct e1000_rx_desc *rx_desc(struct guest *g, u32 i)
{
	return (struct e1000_rx_desc *)(g->at.memory + RX_RING) + i;
}

static u8 *tx_data(struct guest *g)
{
	return g->at.memory + TX_DATA;
}

/* Rings as drivers make them: all buffers but one are the card's. */
static void drive(struct guest *g)
{
	set(g, E1000_CTRL, E1000_CTRL_RST);
	g->tx_next = g->rx_next = 0;
	memset(g->at.memory + TX_RING, 0, 0x2000);
	for (u32 i = 0; i < DESCS; i++)
		rx_desc(g, i)->address = RX_DATA + i * RX_SIZE;
	set(g, E1000_RDBAL, RX_RING);
	set(g, E1000_RDLEN, DESCS * 16);
	set(g, E1000_RDT, DESCS - 1);
	set(g, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_SECRC);
	set(g, E1000_TDBAL, TX_RING);
	set(g, E1000_TDLEN, DESCS * 16);
	set(g, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
}

static int setup(void **state)
{
	if (fixture_setup(state))
		return 1;
	memset(guests, 0, sizeof(guests));
	nics_setup();
	nic_guest_make(&a->at, &e1000_model, "a.net0", 1, VPCI_BDF(0, 1, 0));
	nic_guest_make(&b->at, &e1000_model, "b.net0", 2, VPCI_BDF(0, 2, 0));
	drive(a);
	drive(b);
	return 0;
}

static int teardown(void **state)
{
	nic_guest_drop(&a->at);
	nic_guest_drop(&b->at);
	nics_teardown();
	return fixture_teardown(state);
}

/* --- a driver ----------------------------------------------------------------------------------
 */

static void put(struct guest *g, u64 address, u32 command, u32 status)
{
	*tx_desc(g, g->tx_next) = (struct e1000_tx_desc){address, command, status};
	g->tx_next = (g->tx_next + 1) % DESCS;
}

static void kick(struct guest *g)
{
	set(g, E1000_TDT, g->tx_next);
}

static void frame_make(u8 *frame, const u8 *to, u32 len)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, a->at.nic.port_config.mac, 6);
	frame[12] = ETHERTYPE >> 8, frame[13] = ETHERTYPE & 0xff;
	for (u32 i = 14; i < len; i++)
		frame[i] = (u8)(i * 7 + len);
}

/* In two pieces. */
static void transmit(const u8 *to, u32 len)
{
	frame_make(tx_data(a), to, len);
	put(a, TX_DATA, 20, 0);
	put(a, TX_DATA + 20, (len - 20) | SENT, 0);
	kick(a);
}

/* The next frame that has arrived: its length, and the last descriptor's status and tag. */
static u8 last_status;
static u16 last_special;
static u32 receive(struct guest *g)
{
	u32 len = 0;

	for (;;) {
		struct e1000_rx_desc *d = rx_desc(g, g->rx_next);

		if (!(d->status & E1000_RXD_DD))
			return 0;
		memcpy(got + len, g->at.memory + d->address, d->length);
		len += d->length;
		last_status = d->status;
		last_special = d->special;
		d->status = 0;
		set(g, E1000_RDT, g->rx_next);
		g->rx_next = (g->rx_next + 1) % DESCS;
		if (last_status & E1000_RXD_EOP)
			return len;
	}
}

static const u8 *mac_of(struct guest *g)
{
	return g->at.nic.port_config.mac;
}

/* --- identity ----------------------------------------------------------------------------------
 */

static void clock_in(struct guest *g, u32 pins)
{
	set(g, E1000_EECD, pins | E1000_EECD_CS);
	set(g, E1000_EECD, pins | E1000_EECD_CS | E1000_EECD_SK);
}

static u16 microwire_read(struct guest *g, u32 word)
{
	u32 command = 6u << 6 | word;
	u16 value = 0;

	set(g, E1000_EECD, E1000_EECD_REQ);
	assert_true(get(g, E1000_EECD) & E1000_EECD_GNT);
	for (u32 i = 9; i-- > 0;)
		clock_in(g, command >> i & 1 ? E1000_EECD_DI : 0);
	for (u32 i = 0; i < 16; i++) {
		clock_in(g, 0);
		value = (u16)(value << 1 | !!(get(g, E1000_EECD) & E1000_EECD_DO));
	}
	set(g, E1000_EECD, 0);
	return value;
}

static u16 eerd(struct guest *g, u32 word)
{
	set(g, E1000_EERD, word << E1000_EERD_ADDR_SHIFT | E1000_EERD_START);
	assert_true(get(g, E1000_EERD) & E1000_EERD_DONE);
	return (u16)(get(g, E1000_EERD) >> E1000_EERD_DATA_SHIFT);
}

static void found(void **state)
{
	u16 sum = 0;

	(void)state;
	assert_int_equal(bus_read(&fx.p.mmio, nic_config(&a->at, 0), 4), 0x100e8086);
	assert_int_equal(bus_read(&fx.p.mmio, nic_config(&a->at, 8), 4), 0x02000003);
	assert_int_equal(bus_read(&fx.p.mmio, nic_config(&a->at, 0x3d), 1), 1);
	for (u32 i = 0; i < 64; i++) {
		sum = (u16)(sum + eerd(a, i));
		assert_int_equal(eerd(a, i), microwire_read(a, i));
	}
	assert_int_equal(sum, 0xbaba);
	assert_int_equal(eerd(a, 0), 0x0002);
	assert_int_equal(eerd(a, 2), 0x0100);
	assert_int_equal(get(a, E1000_RAL), 0x00000002);
	assert_int_equal(get(a, E1000_RAH), 0x80000100);
	assert_int_equal(get(a, 0x5f00), 0);
	assert_int_equal(get(a, 0x1fffc), 0);
}

static u32 phy_read(struct guest *g, u32 phy, u32 reg)
{
	set(g, E1000_MDIC, 2u << 26 | phy << 21 | reg << 16);
	assert_true(get(g, E1000_MDIC) & E1000_MDIC_READY);
	return get(g, E1000_MDIC);
}

static void phy(void **state)
{
	(void)state;
	assert_int_equal(phy_read(a, 1, 2) & 0xffff, 0x0141);
	assert_int_equal(phy_read(a, 1, 3) & 0xfff0, 0x0c20);
	assert_true(phy_read(a, 2, 2) & E1000_MDIC_ERROR);
	assert_int_equal(phy_read(a, 1, 1) & 0x24, 0x24);
	assert_true(get(a, E1000_STATUS) & E1000_STATUS_LU);
	/* Reset and restart of auto-negotiation are over at once; identities stay. */
	set(a, E1000_MDIC, 1u << 26 | 1u << 21 | 0u << 16 | 0x9200);
	assert_int_equal(phy_read(a, 1, 0) & 0xffff, 0x1000);
	set(a, E1000_MDIC, 1u << 26 | 1u << 21 | 2u << 16 | 0x1234);
	assert_int_equal(phy_read(a, 1, 2) & 0xffff, 0x0141);
	set(a, E1000_IMS, E1000_INT_LSC);
	(void)get(a, E1000_ICR);
	vsw_port_set_link(&a->at.nic.port, false);
	assert_int_equal(get(a, E1000_ICR), E1000_INT_LSC);
	assert_false(get(a, E1000_STATUS) & E1000_STATUS_LU);
	assert_int_equal(phy_read(a, 1, 1) & 0x24, 0);
	assert_int_equal(phy_read(a, 1, 17) & 0x0c00, 0);
}

/* --- frames ------------------------------------------------------------------------------------
 */

static void frames(void **state)
{
	static const u32 lengths[] = {60, 64, 65, 129, 500, 1514, 42, 20, 1514, 1000};
	u64 octets = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		u32 padded = MAX(lengths[i], 60u);

		if (lengths[i] > 20)
			transmit(mac_of(b), lengths[i]);
		else
			frame_make(tx_data(a), mac_of(b), 20), put(a, TX_DATA, 20 | SENT, 0),
			    kick(a);
		octets += lengths[i] + 4;
		assert_int_equal(get(a, E1000_TDH), a->tx_next);
		assert_true(tx_desc(a, (a->tx_next + DESCS - 1) % DESCS)->status & E1000_TXD_DD);
		assert_int_equal(receive(b), padded);
		assert_memory_equal(got, tx_data(a), lengths[i]);
		for (u32 at = lengths[i]; at < padded; at++)
			assert_int_equal(got[at], 0);
	}
	assert_int_equal(get(a, E1000_GPTC), ARRAY_SIZE(lengths));
	assert_int_equal(get(a, E1000_GPTC), 0);
	assert_int_equal(get(a, E1000_GOTCL), octets);
	assert_int_equal(get(a, E1000_GOTCL + 4), 0);
	assert_int_equal(get(a, E1000_GOTCL), 0);
	assert_int_equal(get(b, E1000_GPRC), ARRAY_SIZE(lengths));
}

/* Buffers of 256 bytes, and the FCS's room where it is not stripped. */
static void small_buffers(void **state)
{
	(void)state;
	set(b, E1000_RCTL, E1000_RCTL_EN | 3u << 16);
	transmit(mac_of(b), 1000);
	assert_int_equal(rx_desc(b, 0)->length, 256);
	assert_false(rx_desc(b, 0)->status & E1000_RXD_EOP);
	assert_int_equal(receive(b), 1004);
	assert_memory_equal(got, tx_data(a), 1000);
	assert_int_equal(b->rx_next, 4);
	/* More than there are buffers: none is used, and it is counted. */
	set(b, E1000_RDT, (b->rx_next + 3) % DESCS);
	transmit(mac_of(b), 1000);
	assert_int_equal(receive(b), 0);
	assert_int_equal(get(b, E1000_RDH), b->rx_next);
	assert_int_equal(get(b, E1000_MPC), 1);
	assert_int_equal(b->at.nic.port.counters.drops[VSW_DROP_NOBUF], 1);
	transmit(mac_of(b), 700);
	assert_int_equal(receive(b), 704);
}

/* --- checksums and segments --------------------------------------------------------------------
 */

#define IP 14
#define L4 34
#define PAYLOAD 54

static void be16(u8 *to, u32 value)
{
	to[0] = (u8)(value >> 8), to[1] = (u8)value;
}

/* An IPv4 TCP frame; the pseudo header's sum is in place, with the length or without. */
static void tcp_make(u8 *f, u32 payload, bool length)
{
	u16 sum;

	frame_make(f, mac_of(b), PAYLOAD + payload);
	be16(f + 12, 0x0800);
	memset(f + IP, 0, 40);
	f[IP] = 0x45, f[IP + 8] = 64, f[IP + 9] = 6;
	be16(f + IP + 2, length ? 40 + payload : 0);
	be16(f + IP + 4, 0x1234);
	memcpy(f + IP + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
	be16(f + L4, 1000), be16(f + L4 + 2, 2000);
	f[L4 + 12] = 0x50, f[L4 + 13] = 0x18;
	sum = csum_fold(csum_pseudo(f + IP, false, 6, length ? 20 + payload : 0));
	memcpy(f + L4 + 16, &sum, 2);
}

static void context(u32 hdr, u32 mss, u32 command)
{
	put(a, IP | (IP + 10) << 8 | (L4 - 1) << 16 | (u64)L4 << 32 | (u64)(L4 + 16) << 40,
	    E1000_TXD_DEXT | E1000_TXD_CONTEXT | command, hdr << 8 | mss << 16);
}

static void assert_sums(const u8 *f, u32 len)
{
	u64 pseudo = csum_pseudo(f + IP, false, 6, len - L4);

	assert_int_equal(csum_fold(csum_bytes(0, f + IP, 20)), 0xffff);
	assert_int_equal(csum_fold(csum_bytes(pseudo, f + L4, len - L4)), 0xffff);
}

static void checksums(void **state)
{
	(void)state;
	tcp_make(tx_data(a), 333, true);
	context(0, 0, 0);
	put(a, TX_DATA, 40 | E1000_TXD_DEXT | E1000_TXD_DATA,
	    E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM);
	put(a, TX_DATA + 40, (PAYLOAD + 333 - 40) | E1000_TXD_DEXT | E1000_TXD_DATA | SENT, 0);
	kick(a);
	assert_int_equal(receive(b), PAYLOAD + 333);
	assert_sums(got, PAYLOAD + 333);
	/* The context holds for what follows. */
	put(a, TX_DATA, (PAYLOAD + 333) | E1000_TXD_DEXT | E1000_TXD_DATA | SENT,
	    E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM);
	kick(a);
	assert_int_equal(receive(b), PAYLOAD + 333);
	assert_sums(got, PAYLOAD + 333);
	/* A legacy descriptor inserts one. */
	be16(tx_data(a) + IP + 10, 0);
	put(a, TX_DATA, (PAYLOAD + 333) | E1000_TXD_IC | (L4 + 16) << 16 | SENT, L4 << 8);
	kick(a);
	assert_int_equal(receive(b), PAYLOAD + 333);
	memcpy(got + IP + 10, tx_data(a) + IP + 10, 2);
	be16(got + IP + 10, 0);
	assert_int_equal(
	    csum_fold(csum_bytes(csum_pseudo(got + IP, false, 6, 20 + 333), got + L4, 20 + 333)),
	    0xffff);
}

static void segments(void **state)
{
	(void)state;
	tcp_make(tx_data(a), 3500, false);
	context(PAYLOAD, 1000, E1000_TXD_TSE | E1000_TXC_TCP | E1000_TXC_IP);
	put(a, TX_DATA, 1500 | E1000_TXD_DEXT | E1000_TXD_DATA | E1000_TXD_TSE,
	    E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM);
	put(a, TX_DATA + 1500,
	    (PAYLOAD + 3500 - 1500) | E1000_TXD_DEXT | E1000_TXD_DATA | E1000_TXD_TSE | SENT, 0);
	kick(a);
	for (u32 i = 0; i < 4; i++) {
		u32 payload = i < 3 ? 1000 : 500;

		assert_int_equal(receive(b), PAYLOAD + payload);
		assert_int_equal(got[IP + 2] << 8 | got[IP + 3], 40 + payload);
		assert_int_equal(got[IP + 4] << 8 | got[IP + 5], 0x1234 + i);
		assert_int_equal(got[L4 + 6] << 8 | got[L4 + 7], i * 1000);
		assert_sums(got, PAYLOAD + payload);
		assert_memory_equal(got + PAYLOAD, tx_data(a) + PAYLOAD + i * 1000, payload);
	}
	assert_int_equal(receive(b), 0);
	/* What fits one frame needs no cutting, but its lengths and sums all the same. */
	tcp_make(tx_data(a), 800, false);
	put(a, TX_DATA, (PAYLOAD + 800) | E1000_TXD_DEXT | E1000_TXD_DATA | E1000_TXD_TSE | SENT,
	    E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM);
	kick(a);
	assert_int_equal(receive(b), PAYLOAD + 800);
	assert_sums(got, PAYLOAD + 800);
}

/* --- tags --------------------------------------------------------------------------------------
 */

static void trunk(struct guest *g)
{
	struct vsw_port_config config = g->at.nic.port_config;

	config.flags |= VSW_PORT_TRUNK;
	assert_int_equal(vsw_port_configure(&g->at.nic.port, &config), 0);
}

static void tags(void **state)
{
	(void)state;
	trunk(a);
	trunk(b);
	frame_make(tx_data(a), mac_of(b), 100);
	put(a, TX_DATA, 100 | E1000_TXD_VLE | SENT, 0x600au << 16);
	kick(a);
	assert_int_equal(receive(b), 104);
	assert_memory_equal(got + 12, "\x81\0\x60\x0a", 4);
	assert_memory_equal(got + 16, tx_data(a) + 12, 88);
	assert_false(last_status & E1000_RXD_VP);
	/* Taken out. */
	set(b, E1000_CTRL, E1000_CTRL_VME);
	put(a, TX_DATA, 100 | E1000_TXD_VLE | SENT, 0x600au << 16);
	kick(a);
	assert_int_equal(receive(b), 100);
	assert_memory_equal(got, tx_data(a), 100);
	assert_true(last_status & E1000_RXD_VP);
	assert_int_equal(last_special, 0x600a);
	/* Only VLANs that are in the table. */
	set(b, E1000_RCTL, get(b, E1000_RCTL) | E1000_RCTL_VFE);
	put(a, TX_DATA, 100 | E1000_TXD_VLE | SENT, 0x600au << 16);
	kick(a);
	assert_int_equal(receive(b), 0);
	set(b, E1000_VFTA(0), 1u << 10);
	put(a, TX_DATA, 100 | E1000_TXD_VLE | SENT, 0x600au << 16);
	kick(a);
	assert_int_equal(receive(b), 100);
	/* A checksum moves with what is behind the tag. */
	tcp_make(tx_data(a), 200, true);
	context(0, 0, 0);
	put(a, TX_DATA, (PAYLOAD + 200) | E1000_TXD_DEXT | E1000_TXD_DATA | E1000_TXD_VLE | SENT,
	    E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM | 0x000au << 16);
	kick(a);
	assert_int_equal(receive(b), PAYLOAD + 200);
	assert_sums(got, PAYLOAD + 200);
}

/* --- filters -----------------------------------------------------------------------------------
 */

static void filters(void **state)
{
	static const u8 all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const u8 group[6] = {1, 0, 0x5e, 0, 0, 9}, nobody[6] = {2, 0, 0, 0, 0, 77};
	u32 hash = (group[4] | (u32)group[5] << 8) >> 4 & 0xfff;

	(void)state;
	transmit(all, 60);
	assert_int_equal(receive(b), 60);
	set(b, E1000_RCTL, get(b, E1000_RCTL) & ~(u32)E1000_RCTL_BAM);
	transmit(all, 60);
	assert_int_equal(receive(b), 0);
	transmit(group, 60);
	assert_int_equal(receive(b), 0);
	set(b, E1000_MTA(hash / 32), 1u << hash % 32);
	transmit(group, 60);
	assert_int_equal(receive(b), 60);
	set(b, E1000_MTA(hash / 32), 0);
	set(b, E1000_RCTL, get(b, E1000_RCTL) | E1000_RCTL_MPE);
	transmit(group, 60);
	assert_int_equal(receive(b), 60);
	transmit(nobody, 60);
	assert_int_equal(receive(b), 0);
	set(b, E1000_RCTL, get(b, E1000_RCTL) | E1000_RCTL_UPE);
	transmit(nobody, 60);
	assert_int_equal(receive(b), 60);
	/* An address of its own choice: the switch learns of it, and the old one is nobody's. */
	set(b, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_SECRC);
	set(b, E1000_RAL, 0x00000002);
	set(b, E1000_RAH, E1000_RAH_AV | 77u << 8);
	transmit(nobody, 60);
	assert_int_equal(receive(b), 60);
	assert_memory_equal(b->at.nic.port.config.mac, nobody, 6);
	transmit(mac_of(b), 60);
	assert_int_equal(receive(b), 0);
	/* Until it is reset. */
	drive(b);
	transmit(mac_of(b), 60);
	assert_int_equal(receive(b), 60);
	/* Long frames are for those who ask. */
	transmit(mac_of(b), 1515);
	assert_int_equal(receive(b), 0);
}

/* --- interrupts --------------------------------------------------------------------------------
 */

static bool pin_of(struct guest *g)
{
	/* Pin and device: VPCI_BDF(0, n, 0), INTA. */
	u32 input = LAYOUT_GSI_PCI + (g->at.bdf >> 3 & 3);

	ioapic_entry(input, BIT(15) | 0x50); /* level */
	return ioapic_get(input) >> 14 & 1;  /* remote IRR: it was delivered */
}

static void interrupts(void **state)
{
	(void)state;
	lapic_enable(0);
	assert_false(pin_of(b));
	transmit(mac_of(b), 60);
	assert_int_equal(take(0), -1); /* masked */
	assert_int_equal(get(b, E1000_ICR), E1000_INT_RXT0);
	assert_int_equal(get(b, E1000_ICR), 0);
	set(b, E1000_IMS, E1000_INT_RXT0);
	assert_int_equal(get(b, E1000_IMS), E1000_INT_RXT0);
	transmit(mac_of(b), 60);
	assert_int_equal(take(0), 0x50);
	set(b, E1000_IMC, ~0u);
	assert_int_equal(get(b, E1000_IMS), 0);
	assert_int_equal(get(b, E1000_ICR), E1000_INT_RXT0);
	vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	assert_int_equal(take(0), -1);
	/* By software; writing ones clears. */
	set(b, E1000_IMS, E1000_INT_LSC);
	set(b, E1000_ICS, E1000_INT_LSC);
	assert_int_equal(take(0), 0x50);
	set(b, E1000_ICR, E1000_INT_LSC);
	assert_int_equal(get(b, E1000_ICR), 0);
	/* The sender learns that its descriptors are done. */
	assert_int_equal(get(a, E1000_ICR), E1000_INT_TXDW | E1000_INT_TXQE);
}

static void throttled(void **state)
{
	(void)state;
	lapic_enable(0);
	(void)pin_of(b);
	set(b, E1000_IMS, E1000_INT_RXT0);
	set(b, E1000_ITR, 1000); /* 256 us */
	transmit(mac_of(b), 60);
	assert_int_equal(take(0), 0x50);
	(void)get(b, E1000_ICR);
	vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	transmit(mac_of(b), 60);
	assert_int_equal(take(0), -1);
	fixture_advance(250000);
	assert_int_equal(take(0), -1);
	fixture_advance(10000);
	assert_int_equal(take(0), 0x50);
}

/* --- reset and worse ---------------------------------------------------------------------------
 */

static void reset_by_port(void **state)
{
	u16 io = (u16)(bus_read(&fx.p.mmio, nic_config(&b->at, 0x14), 4) & ~3u);

	(void)state;
	out32(io, E1000_IMS);
	out32((u16)(io + 4), 5);
	assert_int_equal(get(b, E1000_IMS), 5);
	out32(io, E1000_CTRL);
	assert_int_equal(in32(io), E1000_CTRL);
	out32((u16)(io + 4), E1000_CTRL_RST);
	assert_int_equal(get(b, E1000_IMS), 0);
	assert_int_equal(get(b, E1000_RCTL), 0);
	assert_int_equal(in32((u16)(io + 4)), 0);
	transmit(mac_of(b), 60);
	assert_int_equal(b->at.nic.port.counters.drops[VSW_DROP_NOBUF], 1);
	drive(b);
	transmit(mac_of(b), 60);
	assert_int_equal(receive(b), 60);
	platform_reset(&fx.p);
	assert_int_equal(get(b, E1000_RCTL), 0xffffffff); /* memory is not decoded any more */
}

static void hostile(void **state)
{
	(void)state;
	/* A ring that is not RAM, and indices behind its end. */
	set(a, E1000_TDBAH, 1);
	transmit(mac_of(b), 60);
	assert_int_equal(receive(b), 0);
	set(a, E1000_TDBAH, 0);
	set(a, E1000_TDT, 0xffff);
	set(a, E1000_TDH, 0xfff0);
	assert_int_equal(receive(b), 0);
	drive(a);
	/* Data that is not RAM, too much of it, nothing at all; the next frame passes. */
	put(a, NIC_GUEST_MEMORY - 30, 60 | SENT, 0);
	put(a, TX_DATA, 0 | SENT, 0);
	put(a, TX_DATA, 13 | SENT, 0);
	put(a, 0, 0x3ffff | E1000_TXD_DEXT | E1000_TXD_DATA | SENT, 0);
	kick(a);
	assert_int_equal(a->at.nic.port.counters.drops[VSW_DROP_OWNER_IN], 4);
	/* Offloads that contradict the frame. */
	tcp_make(tx_data(a), 10, true);
	put(a, 255 | 1 << 8 | 2 << 16, E1000_TXD_DEXT, 0);
	put(a, TX_DATA, 64 | E1000_TXD_DEXT | E1000_TXD_DATA | SENT, E1000_TXD_POPTS_IXSM);
	put(a, TX_DATA, 64 | E1000_TXD_DEXT | E1000_TXD_DATA | E1000_TXD_TSE | SENT, 0);
	context(255, 1, E1000_TXC_TCP);
	put(a, TX_DATA, 64 | E1000_TXD_DEXT | E1000_TXD_DATA | E1000_TXD_TSE | SENT, 0);
	kick(a);
	assert_int_equal(a->at.nic.port.counters.drops[VSW_DROP_OWNER_IN], 7);
	assert_int_equal(get(a, E1000_TDH), a->tx_next);
	/* Frames without an end: it is not looked for for ever. */
	set(a, E1000_TDLEN, 256 * 16);
	set(a, E1000_TDBAL, 0x8000);
	set(a, E1000_TDH, 0);
	set(a, E1000_TDT, 200);
	assert_int_equal(get(a, E1000_TDH), 128);
	assert_int_equal(a->at.nic.port.counters.drops[VSW_DROP_OWNER_IN], 8);
	drive(a);
	transmit(mac_of(b), 60);
	assert_int_equal(receive(b), 60);
	/* Buffers that are not RAM swallow what is put there. */
	for (u32 i = 0; i < DESCS; i++)
		rx_desc(b, i)->address = NIC_GUEST_MEMORY - 8;
	transmit(mac_of(b), 60);
	assert_true(rx_desc(b, b->rx_next)->status & E1000_RXD_DD);
	/* Accesses that no register has. */
	nic_guest_set(&a->at, 1, 2, 0xffff);
	nic_guest_set(&a->at, 0x1fffc, 4, 0xffff);
	assert_int_equal(nic_guest_get(&a->at, E1000_VET, 1), 0);
	assert_int_equal(nic_guest_get(&a->at, E1000_VET + 1, 1), 0x81);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(found),      TEST(phy),       TEST(frames),        TEST(small_buffers),
	    TEST(checksums),  TEST(segments),  TEST(tags),          TEST(filters),
	    TEST(interrupts), TEST(throttled), TEST(reset_by_port), TEST(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
