/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/pkt/parse.h"
#include "net/pkt/pcap.h"
#include "tests/host/net/fixture.h"

static const u8 broadcast[6] = {255, 255, 255, 255, 255, 255};
static const u8 stranger[6] = {2, 0, 0, 0, 9, 9};

static int setup(void **state)
{
	struct fix *f = aligned_alloc(64, sizeof(*f));

	fix_setup(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fix_teardown(*state);
	free(*state);
	return 0;
}

static void add_ports(struct fix *f, u32 n)
{
	for (u32 i = 1; i <= n; i++)
		assert_int_equal(fix_add(f, i, (struct vsw_port_config){0}), 0);
}

static void send_frame(struct fix *f, u32 port, const u8 *dst, const u8 *src, int tci)
{
	u8 frame[64];

	fix_put(f, frame, fix_frame(frame, dst, src, tci), 16);
	fix_send(f, port);
}

static void test_own_address(void **state)
{
	struct fix *f = *state;

	add_ports(f, 3);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 1);
	assert_int_equal(f->port[3].n, 0);
	assert_int_equal(f->port[2].got[0].len, 60);
	assert_memory_equal(f->port[2].got[0].bytes, fix_mac(2), 6);
	assert_memory_equal(f->port[2].got[0].bytes + 6, fix_mac(1), 6);
	assert_int_equal(f->port[1].port.counters.in_packets, 1);
	assert_int_equal(f->port[2].port.counters.out_bytes, 60);
}

static void test_learns(void **state)
{
	struct fix *f = *state;

	add_ports(f, 2);
	assert_int_equal(fix_add(f, 3, (struct vsw_port_config){.flags = VSW_PORT_UPLINK}), 0);
	assert_int_equal(fix_add(f, 4, (struct vsw_port_config){.flags = VSW_PORT_UPLINK}), 0);
	send_frame(f, 1, stranger, fix_mac(1), -1);
	/* Not known: to those that listen to everything. */
	assert_int_equal(f->port[2].n, 0);
	assert_int_equal(f->port[3].n, 1);
	assert_int_equal(f->port[4].n, 1);
	send_frame(f, 4, fix_mac(1), stranger, -1);
	send_frame(f, 1, stranger, fix_mac(1), -1);
	assert_int_equal(f->port[3].n, 1);
	assert_int_equal(f->port[4].n, 2);
	/* It moves. */
	send_frame(f, 3, broadcast, stranger, -1);
	fix_clear(f);
	send_frame(f, 1, stranger, fix_mac(1), -1);
	assert_int_equal(f->port[3].n, 1);
	assert_int_equal(f->port[4].n, 0);
	/* It is forgotten: ages. */
	f->now_ns += 290ull << FDB_AGE_SHIFT;
	vsw_age(&f->sw, f->now_ns, 0);
	send_frame(f, 1, stranger, fix_mac(1), -1);
	assert_int_equal(f->port[4].n, 0);
	f->now_ns += 20ull << FDB_AGE_SHIFT;
	vsw_age(&f->sw, f->now_ns, 0);
	send_frame(f, 1, stranger, fix_mac(1), -1);
	assert_int_equal(f->port[4].n, 1);
}

static void test_broadcast(void **state)
{
	struct fix *f = *state;

	add_ports(f, 4);
	send_frame(f, 2, broadcast, fix_mac(2), -1);
	for (u32 i = 1; i <= 4; i++)
		assert_int_equal(f->port[i].n, i != 2);
	assert_int_equal(f->port[2].port.counters.flooded, 1);
	vsw_port_set_filter(&f->port[1].port, VSW_RX_NO_BROADCAST, NULL, 0);
	send_frame(f, 2, broadcast, fix_mac(2), -1);
	assert_int_equal(f->port[1].n, 1);
	assert_int_equal(f->port[3].n, 2);
}

static void test_multicast_filter(void **state)
{
	static const u8 group[6] = {1, 0, 0x5e, 0, 0, 9}, other[6] = {1, 0, 0x5e, 1, 2, 3};
	struct fix *f = *state;

	add_ports(f, 3);
	send_frame(f, 1, group, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 1);
	vsw_port_set_filter(&f->port[2].port, 0, &other, 1);
	send_frame(f, 1, group, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 1);
	assert_int_equal(f->port[3].n, 2);
	send_frame(f, 1, other, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 2);
}

static void test_reserved_group(void **state)
{
	static const u8 stp[6] = {1, 0x80, 0xc2, 0, 0, 0}, above[6] = {1, 0x80, 0xc2, 0, 0, 0x10};
	struct fix *f = *state;

	add_ports(f, 2);
	send_frame(f, 1, stp, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 0);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_RESERVED), 1);
	send_frame(f, 1, above, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 1);
}

static void test_malformed(void **state)
{
	struct fix *f = *state;
	u8 frame[64];

	add_ports(f, 2);
	fix_frame(frame, fix_mac(2), fix_mac(1), -1);
	fix_put(f, frame, 13, 13);
	fix_put(f, frame, 14, 14);
	fix_put(f, frame, 15, 3);
	fix_send(f, 1);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_MALFORMED), 1);
	assert_int_equal(f->port[2].n, 2);
	send_frame(f, 1, fix_mac(2), broadcast, -1);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_MALFORMED), 2);
	send_frame(f, 1, fix_mac(1), fix_mac(1), -1);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_SAME_PORT), 1);
}

static void test_access_vlans(void **state)
{
	struct fix *f = *state;

	for (u32 i = 1; i <= 4; i++)
		assert_int_equal(fix_add(f, i, (struct vsw_port_config){.pvid = i < 3 ? 10 : 20}),
				 0);
	fix_unicast(f, 1, fix_mac(3));
	assert_int_equal(f->port[3].n, 0);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 1);
	send_frame(f, 3, broadcast, fix_mac(3), -1);
	assert_int_equal(f->port[1].n + f->port[2].n, 1);
	assert_int_equal(f->port[4].n, 1);
	/* A guest cannot choose: neither by its tag nor by one within. */
	send_frame(f, 1, fix_mac(3), fix_mac(1), 20);
	send_frame(f, 1, fix_mac(2), fix_mac(1), 10);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_VLAN), 2);
	/* A priority is no VLAN. */
	send_frame(f, 1, fix_mac(2), fix_mac(1), 7 << 13);
	assert_int_equal(f->port[2].n, 2);
	assert_int_equal(f->port[2].got[1].len, 56);
}

static void test_trunk(void **state)
{
	struct fix *f = *state;
	u64 vlans[VSW_VLANS / 64] = {BIT(10) | BIT(20)};
	u8 frame[64];

	assert_int_equal(fix_add(f, 1, (struct vsw_port_config){.pvid = 10}), 0);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.pvid = 20}), 0);
	assert_int_equal(fix_add(f, 3,
				 (struct vsw_port_config){.flags = VSW_PORT_TRUNK | VSW_PORT_UPLINK,
							  .vlans = vlans}),
			 0);
	assert_int_equal(fix_add(f, 4, (struct vsw_port_config){0}), 0);
	send_frame(f, 1, broadcast, fix_mac(1), -1);
	assert_int_equal(f->port[2].n + f->port[4].n, 0);
	assert_int_equal(f->port[3].n, 1);
	assert_int_equal(f->port[3].got[0].len, 64);
	assert_int_equal(get_be16(f->port[3].got[0].bytes + 12), ETH_TYPE_VLAN);
	assert_int_equal(get_be16(f->port[3].got[0].bytes + 14), 10);
	assert_int_equal(get_be16(f->port[3].got[0].bytes + 16), 0x88b5);
	/* Tagged comes in, untagged goes out. */
	send_frame(f, 3, broadcast, stranger, 3 << 13 | 20);
	assert_int_equal(f->port[2].n, 1);
	assert_int_equal(f->port[2].got[0].len, 56);
	assert_int_equal(get_be16(f->port[2].got[0].bytes + 12), 0x88b5);
	send_frame(f, 2, stranger, fix_mac(2), -1);
	assert_int_equal(get_be16(f->port[3].got[1].bytes + 14), 20);
	/* The native VLAN has no tag. */
	send_frame(f, 3, broadcast, stranger, -1);
	assert_int_equal(f->port[4].n, 1);
	send_frame(f, 4, broadcast, fix_mac(4), -1);
	assert_int_equal(f->port[3].got[2].len, 60);
	/* Not on the trunk; and a tag within a tag. */
	send_frame(f, 3, broadcast, stranger, 30);
	fix_frame(frame, broadcast, stranger, 10);
	put_be16(frame + 16, ETH_TYPE_VLAN);
	fix_put(f, frame, 60, 60);
	fix_send(f, 3);
	assert_int_equal(fix_drops(f, 3, VSW_DROP_VLAN), 2);
}

static void test_mixed_flood(void **state)
{
	struct fix *f = *state;

	/* The trunk is between two access ports: the tag comes and goes again. */
	assert_int_equal(fix_add(f, 1, (struct vsw_port_config){.pvid = 10}), 0);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.flags = VSW_PORT_TRUNK}), 0);
	assert_int_equal(fix_add(f, 3, (struct vsw_port_config){.pvid = 10}), 0);
	assert_int_equal(fix_add(f, 4, (struct vsw_port_config){.pvid = 10}), 0);
	send_frame(f, 4, broadcast, fix_mac(4), -1);
	assert_int_equal(f->port[1].got[0].len, 60);
	assert_int_equal(f->port[2].got[0].len, 64);
	assert_int_equal(f->port[3].got[0].len, 60);
	assert_memory_equal(f->port[1].got[0].bytes, f->port[3].got[0].bytes, 60);
}

static void test_spoof_mac(void **state)
{
	struct fix *f = *state;

	assert_int_equal(fix_add(f, 1, (struct vsw_port_config){.flags = VSW_PORT_SPOOF_MAC}), 0);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){0}), 0);
	send_frame(f, 1, fix_mac(2), stranger, -1);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_SPOOF_MAC), 1);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 1);
	/* Nobody takes another port's own address, even where strangers are allowed. */
	send_frame(f, 2, broadcast, fix_mac(1), -1);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_SPOOF_MAC), 1);
	fix_unicast(f, 2, fix_mac(1));
	assert_int_equal(f->port[1].n, 1);
}

static u32 arp_frame(u8 *frame, u32 from, const u8 ip[4])
{
	static const u8 fixed[] = {0, 1, 8, 0, 6, 4, 0, 2};

	fix_frame(frame, broadcast, fix_mac(from), -1);
	put_be16(frame + 12, ETH_TYPE_ARP);
	memcpy(frame + 14, fixed, sizeof(fixed));
	memcpy(frame + 22, fix_mac(from), 6);
	memcpy(frame + 28, ip, 4);
	return 60;
}

static void test_spoof_arp(void **state)
{
	static const u8 mine[4] = {10, 0, 0, 1}, other[4] = {10, 0, 0, 2}, none[4];
	struct fix *f = *state;
	struct vsw_port_config config = {.flags = VSW_PORT_SPOOF_IP, .addresses = 1};
	u8 frame[64];

	memcpy(config.ip[0].bytes, mine, 4);
	assert_int_equal(fix_add(f, 1, config), 0);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){0}), 0);
	fix_put(f, frame, arp_frame(frame, 1, mine), 16);
	fix_send(f, 1);
	fix_put(f, frame, arp_frame(frame, 1, none), 16);
	fix_send(f, 1);
	assert_int_equal(f->port[2].n, 2);
	fix_put(f, frame, arp_frame(frame, 1, other), 16);
	fix_send(f, 1);
	arp_frame(frame, 1, mine);
	frame[27]++; /* the sender's MAC within */
	fix_put(f, frame, 60, 60);
	fix_send(f, 1);
	arp_frame(frame, 1, mine);
	fix_put(f, frame, 41, 41);
	fix_send(f, 1);
	assert_int_equal(f->port[2].n, 2);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_SPOOF_IP), 3);
}

static void test_storm(void **state)
{
	struct fix *f = *state;

	assert_int_equal(fix_add(f, 1, (struct vsw_port_config){.storm_pps = {100, ~0u, 5}}), 0);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.flags = VSW_PORT_UPLINK}), 0);
	for (int i = 0; i < 50; i++)
		send_frame(f, 1, broadcast, fix_mac(1), -1);
	/* 100 ms of 100 per second at once. */
	assert_int_equal(f->port[2].n, 10);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_STORM), 40);
	f->now_ns += 30000000;
	for (int i = 0; i < 50; i++)
		send_frame(f, 1, broadcast, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 13);
	for (int i = 0; i < 50; i++)
		send_frame(f, 1, stranger, fix_mac(1), -1);
	assert_int_equal(f->port[2].n, 14);
	/* What is known is not limited. */
	for (int i = 0; i < 20; i++)
		fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 34);
}

static void test_rate(void **state)
{
	struct fix *f = *state;
	u64 next = 0, credit, before;

	add_ports(f, 1);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.in_mbps = 8}), 0);
	f->port[1].room = ~0u;
	/* 8 Mbit/s are 1000 bytes per ms; 128 KiB at once. */
	credit = vsw_port_credit(&f->port[2].port, f->now_ns, NULL);
	assert_in_range(credit, KIB(128) - 64, KIB(128));
	for (int i = 0; i < 3000; i++)
		fix_unicast(f, 2, fix_mac(1));
	assert_in_range(f->port[1].n, KIB(128) / 60 - 2, KIB(128) / 60);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_RATE), 3000 - f->port[1].n);
	assert_int_equal(vsw_port_credit(&f->port[2].port, f->now_ns, &next), 0);
	f->now_ns = next;
	assert_true(vsw_port_credit(&f->port[2].port, f->now_ns, NULL) >= 1500);
	f->now_ns += 600000000;
	before = f->port[1].n;
	for (int i = 0; i < 3000; i++) {
		f->now_ns += 30000; /* half of what a frame takes */
		fix_unicast(f, 2, fix_mac(1));
	}
	assert_in_range(f->port[1].n - before, 2990, 3000);
	assert_int_equal(vsw_port_credit(&f->port[1].port, f->now_ns, NULL), ~0ull);
}

static void test_mtu(void **state)
{
	struct fix *f = *state;
	static u8 frame[2048];

	add_ports(f, 1);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.mtu = 1400}), 0);
	fix_frame(frame, fix_mac(2), fix_mac(1), -1);
	fix_put(f, frame, 1415, 64);
	fix_put(f, frame, 1414, 64);
	fix_send(f, 1);
	assert_int_equal(f->port[2].n, 1);
	assert_int_equal(f->port[2].got[0].len, 1414);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_MTU), 1);
}

static void test_quota(void **state)
{
	struct fix *f = *state;
	u8 mac[6] = {2, 1, 0, 0, 0, 0};

	add_ports(f, 2);
	assert_int_equal(fix_add(f, 3, (struct vsw_port_config){.quota = 10}), 0);
	for (u32 i = 0; i < 5000; i++) {
		mac[4] = (u8)(i >> 8);
		mac[5] = (u8)i;
		send_frame(f, 3, fix_mac(1), mac, -1);
	}
	assert_int_equal(f->sw.fdb.ports[3].learned, 10);
	assert_true(f->sw.fdb.refused == 0);
	/* Others' are there. */
	fix_clear(f);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 1);
}

static void test_isolated(void **state)
{
	struct fix *f = *state;

	add_ports(f, 1);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.flags = VSW_PORT_ISOLATED}), 0);
	assert_int_equal(fix_add(f, 3, (struct vsw_port_config){.flags = VSW_PORT_ISOLATED}), 0);
	fix_unicast(f, 2, fix_mac(3));
	send_frame(f, 2, broadcast, fix_mac(2), -1);
	assert_int_equal(f->port[3].n, 0);
	assert_int_equal(f->port[1].n, 1);
	assert_int_equal(fix_drops(f, 3, VSW_DROP_OUT_VLAN), 1);
	fix_unicast(f, 2, fix_mac(1));
	assert_int_equal(f->port[1].n, 2);
}

static void test_link(void **state)
{
	struct fix *f = *state;

	add_ports(f, 2);
	vsw_port_set_link(&f->port[2].port, false);
	assert_int_equal(f->port[2].link, 0);
	fix_unicast(f, 1, fix_mac(2));
	send_frame(f, 1, broadcast, fix_mac(1), -1);
	fix_unicast(f, 2, fix_mac(1));
	assert_int_equal(f->port[1].n + f->port[2].n, 0);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_OUT_LINK), 1);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_LINK), 1);
	vsw_port_set_link(&f->port[2].port, true);
	assert_int_equal(f->port[2].link, 1);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 1);
}

static void test_no_room(void **state)
{
	struct fix *f = *state;
	u8 frame[64];

	add_ports(f, 2);
	f->port[2].room = 3;
	fix_frame(frame, fix_mac(2), fix_mac(1), -1);
	for (int i = 0; i < 8; i++)
		fix_put(f, frame, 60, 60);
	fix_send(f, 1);
	assert_int_equal(f->port[2].n, 3);
	assert_int_equal(f->port[2].calls, 1);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_NOBUF), 5);
	assert_int_equal(f->port[2].port.counters.out_packets, 3);
	assert_int_equal(f->port[2].port.counters.out_bytes, 180);
}

static void test_once_per_batch(void **state)
{
	struct fix *f = *state;
	u8 frame[4][64];

	add_ports(f, 4);
	for (u32 i = 0; i < 3; i++)
		fix_frame(frame[i], fix_mac(2 + i), fix_mac(1), -1);
	fix_frame(frame[3], broadcast, fix_mac(1), -1);
	for (u32 i = 0; i < PKT_BATCH; i++) {
		frame[i % 4][40] = (u8)i;
		fix_put(f, frame[i % 4], 60, 60);
	}
	fix_send(f, 1);
	for (u32 i = 2; i <= 4; i++) {
		assert_int_equal(f->port[i].n, 16);
		/* Its own ones, and all that were flooded. */
		assert_int_equal(f->port[i].calls, 2);
		for (u32 k = 1; k < 8; k++)
			assert_true(f->port[i].got[k].bytes[40] > f->port[i].got[k - 1].bytes[40]);
	}
}

static void test_leave_and_return(void **state)
{
	struct fix *f = *state;

	add_ports(f, 2);
	send_frame(f, 2, broadcast, stranger, -1);
	vsw_enter(&f->worker[1], f->now_ns);
	vsw_port_unlink(&f->port[2].port);
	assert_false(vsw_port_gone(&f->port[2].port));
	/* Not even a new port may have its place, as long as a core is inside. */
	assert_int_equal(fix_add(f, 3, (struct vsw_port_config){0}), 0);
	assert_int_equal(f->port[3].port.index, 3);
	vsw_leave(&f->worker[1]);
	/* One that enters afterwards does not matter. */
	vsw_enter(&f->worker[1], f->now_ns);
	assert_true(vsw_port_gone(&f->port[2].port));
	vsw_leave(&f->worker[1]);
	fix_unicast(f, 1, fix_mac(2));
	fix_unicast(f, 1, stranger);
	assert_int_equal(f->port[2].n, 0);
	assert_int_equal(fix_add(f, 4, (struct vsw_port_config){.flags = VSW_PORT_UPLINK}), 0);
	assert_int_equal(f->port[4].port.index, 2);
	fix_unicast(f, 1, stranger);
	assert_int_equal(f->port[4].n, 1); /* flooded: what its predecessor learned is gone */
	assert_int_equal(f->port[1].port.counters.flooded, 3);
}

static void test_refuses(void **state)
{
	struct fix *f = *state;

	add_ports(f, 1);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.name = "p1"}), ERR_EXIST);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.mac = {2, 0, 0, 0, 0, 1}}),
			 ERR_EXIST);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.mac = {3, 0, 0, 0, 0, 2}}),
			 ERR_INVAL);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.pvid = 4095}), ERR_RANGE);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.mtu = 67}), ERR_RANGE);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){.addresses = 5}), ERR_RANGE);
	assert_int_equal(fix_add(f, 2, (struct vsw_port_config){0}), 0);
	assert_int_equal(
	    vsw_port_configure(&f->port[2].port, &(struct vsw_port_config){.name = "p1"}),
	    ERR_EXIST);
	assert_ptr_equal(vsw_port_find(&f->sw, "p2"), &f->port[2].port);
	assert_null(vsw_port_find(&f->sw, "p3"));
}

static void test_reconfigure(void **state)
{
	struct fix *f = *state;
	struct vsw_port_config config = {.name = "p2", .pvid = 7};

	add_ports(f, 3);
	memcpy(config.mac, fix_mac(2), 6);
	assert_int_equal(vsw_port_configure(&f->port[2].port, &config), 0);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 0);
	memcpy(config.mac, stranger, 6);
	config.pvid = 0;
	assert_int_equal(vsw_port_configure(&f->port[2].port, &config), 0);
	fix_unicast(f, 1, fix_mac(2));
	assert_int_equal(f->port[2].n, 0);
	fix_unicast(f, 1, stranger);
	assert_int_equal(f->port[2].n, 1);
}

static void test_capture(void **state)
{
	struct fix *f = *state;
	static u8 buf[4096], record[2048];
	struct pcap_ring ring;
	u32 len;

	add_ports(f, 2);
	assert_int_equal(pcap_ring_init(&ring, buf, sizeof(buf), 1000), 0);
	vsw_port_set_capture(&f->port[2].port, &ring);
	fix_unicast(f, 1, fix_mac(2));
	fix_unicast(f, 2, fix_mac(1));
	vsw_port_set_capture(&f->port[2].port, NULL);
	fix_unicast(f, 2, fix_mac(1));
	for (u32 i = 1; i <= 2; i++) {
		len = pcap_ring_get(&ring, record, sizeof(record));
		assert_int_equal(len, PCAP_RECORD_HEADER + 60);
		assert_memory_equal(record + PCAP_RECORD_HEADER, fix_mac(3 - i), 6);
	}
	assert_int_equal(pcap_ring_get(&ring, record, sizeof(record)), 0);
}

static void test_rows(void **state)
{
	struct fix *f = *state;
	struct fdb_row row;
	u32 fixed = 0, learned = 0;
	u64 at = 0;

	add_ports(f, 3);
	send_frame(f, 2, broadcast, stranger, -1);
	f->now_ns += 7ull << FDB_AGE_SHIFT;
	while (fdb_next(&f->sw.fdb, &at, fdb_age_now(f->now_ns), &row)) {
		fixed += row.fixed;
		learned += !row.fixed;
		if (!row.fixed) {
			assert_memory_equal(row.mac, stranger, 6);
			assert_int_equal(row.age_s, 7);
			assert_int_equal(row.port, 2);
			assert_int_equal(row.vid, 1);
		}
	}
	assert_int_equal(fixed, 3);
	assert_int_equal(learned, 1);
}

static void put(struct fix *f, u32 from, const u8 *dst, u32 len)
{
	static u8 bytes[PKT_BATCH][1600];
	u8 *frame = bytes[f->batch.n];

	memset(frame, (int)len, 1600);
	(void)fix_frame(frame, dst, fix_mac(from), -1);
	fix_put(f, frame, len, 16);
}

static void test_plain(void **state)
{
	static const u32 lengths[] = {20, 21, 36, 37, 52, 59, 60, 61, 64, 68, 69, 100, 256, 1514};
	struct fix *f = *state;

	add_ports(f, 4);
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++)
		put(f, 1, fix_mac(2), lengths[i]);
	assert_int_equal(fix_send_plain(f, 1), ARRAY_SIZE(lengths));
	assert_int_equal(f->port[2].n, ARRAY_SIZE(lengths));
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(f->port[2].got[i].len, lengths[i]);
		assert_int_equal(f->port[2].got[i].bytes[lengths[i] - 1],
				 lengths[i] > 64 ? lengths[i] & 255 : 0x5a);
	}
	assert_int_equal(f->port[1].port.counters.in_packets, ARRAY_SIZE(lengths));
	assert_int_equal(f->port[2].port.counters.out_packets, ARRAY_SIZE(lengths));
	/* To several ports, to nobody that is known, to all, too long, and to itself. */
	put(f, 1, fix_mac(2), 60), put(f, 1, fix_mac(3), 60), put(f, 1, fix_mac(3), 60);
	put(f, 1, stranger, 60), put(f, 1, broadcast, 60), put(f, 1, fix_mac(2), 1515);
	put(f, 1, fix_mac(1), 60), put(f, 1, fix_mac(2), 60);
	assert_int_equal(fix_send_plain(f, 1), 4);
	assert_int_equal(f->port[2].n, ARRAY_SIZE(lengths) + 3);
	assert_int_equal(f->port[3].n, 3);
	assert_int_equal(fix_drops(f, 2, VSW_DROP_MTU), 1);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_SAME_PORT), 1);
	/* From another's address: not learned, not sent. */
	send_frame(f, 1, fix_mac(2), fix_mac(3), -1);
	put(f, 1, fix_mac(2), 60);
	assert_int_equal(fix_send_plain(f, 1), 1);
	assert_int_equal(fix_drops(f, 1, VSW_DROP_SPOOF_MAC), 1);
	/* No room for all of them. */
	f->port[4].room = f->port[4].n + 3;
	for (u32 i = 0; i < 5; i++)
		put(f, 1, fix_mac(4), 60);
	assert_int_equal(fix_send_plain(f, 1), 5);
	assert_int_equal(f->port[4].n, f->port[4].room);
	assert_int_equal(fix_drops(f, 4, VSW_DROP_NOBUF), 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_own_address),    T(test_learns),
	    T(test_broadcast),      T(test_multicast_filter),
	    T(test_reserved_group), T(test_malformed),
	    T(test_access_vlans),   T(test_trunk),
	    T(test_mixed_flood),    T(test_spoof_mac),
	    T(test_spoof_arp),      T(test_storm),
	    T(test_rate),           T(test_mtu),
	    T(test_quota),          T(test_isolated),
	    T(test_link),           T(test_no_room),
	    T(test_once_per_batch), T(test_leave_and_return),
	    T(test_refuses),        T(test_reconfigure),
	    T(test_capture),        T(test_rows),
	    T(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
