/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's ring, the switch, the gateway, the uplink's ring: UDP of many established flows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/parse.h"
#include "net/service/gateway.h"
#include "tests/bench/dataplane/bench.h"

#define FRAME 60
#define GUEST_PORTS 16384 /* of the guest; each has flows / GUEST_PORTS destinations */
#define GUEST_IP 0x0a00020au
#define HOSTILE_IP 0x0a00020bu

struct nat_bench {
	struct vsw sw;
	struct vsw_workers all;
	struct vsw_worker worker;
	struct gateway *gw;
	struct device *guest, *uplink;
	u32 flows, at;
	u64 now_ns, sent, arrived;
	u8 frame[64];
	struct hostile hostile; /* device NULL: there is none */
};

static void check(int err)
{
	if (err) {
		fprintf(stderr, "dataplane: a NAT could not be set up: %d\n", err);
		exit(2);
	}
}

static struct gateway_config gateway_config(u32 flows)
{
	struct gateway_config c = {.nat = {.subnet = net32(0x0a000200),
					   .mask = net32(0xffffff00),
					   .gateway = net32(0x0a000201),
					   .guest_mac = {2, 0, 0, 0, 1, 1},
					   .uplink_mac = {2, 0, 0, 0, 2, 1},
					   .guest_mtu = 1500,
					   .uplink_mtu = 1500,
					   .sessions = flows + MAX(flows / 16, 8192u),
					   .session_quota = flows,
					   .port_quota = 65535,
					   .pace = ~0u},
				   .uplink = {.address = net32(0xc0000202),
					      .mask = net32(0xffffff00),
					      .router = net32(0xc0000201)},
				   .name = "gateway"};

	for (u32 i = 0; i < 4; i++)
		c.nat.seed[i] = bench_random();
	return c;
}

/* What all frames have; addresses, ports and the checksum of the header come with the flow. */
static void frame_begin(struct nat_bench *b)
{
	u8 *ip = b->frame + ETH_HEADER;

	memcpy(b->frame, "\2\0\0\0\1\1\2\0\0\0\0\x10\x08", 14);
	ip[0] = 0x45;
	put_be16(ip + IP_TOTAL, FRAME - ETH_HEADER);
	ip[IP_TTL] = 64;
	ip[IP_PROTO] = IP_PROTO_UDP;
	put_be16(ip + IP_HEADER + UDP_LENGTH, FRAME - ETH_HEADER - IP_HEADER);
}

/* Write the frame of a flow where a driver would. Its UDP checksum is some number. */
static void frame_write(const struct nat_bench *b, u8 *to, u32 flow)
{
	u8 *ip = to + ETH_HEADER;

	memcpy(to, b->frame, sizeof(b->frame));
	store32(ip + IP_SRC, net32(GUEST_IP));
	store32(ip + IP_DST, net32(0xc6336401 + flow / GUEST_PORTS));
	put_be16(ip + IP_HEADER, (u16)(2048 + flow % GUEST_PORTS));
	put_be16(ip + IP_HEADER + 2, 443);
	store16(ip + IP_HEADER + UDP_CHECK, (u16)(flow | 1));
	store16(ip + IP_CHECK, 0);
	store16(ip + IP_CHECK, (u16)~csum_fold(csum_bytes(0, ip, IP_HEADER)));
}

static void input_arp(struct nat_bench *b, struct vsw_port *from, u16 op, const u8 *mac, u32 sender)
{
	u8 dst[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct arp_msg msg = {.op = op, .sender = net32(sender)};
	struct frame frame;
	struct pkt p;
	struct pkt_batch batch = {.n = 1, .pkt = {&p}};

	memcpy(msg.sender_mac, mac, 6);
	arp_write(&frame, dst, &msg);
	pkt_init(&p);
	pkt_set_head(&p, frame.data, frame.len);
	if (from)
		vsw_input(&b->worker, from, &batch, b->now_ns);
	else
		gateway_uplink_input(b->gw, &b->worker, &batch, b->now_ns);
}

static u64 send_batch(struct nat_bench *b, const u32 *flows)
{
	const u64 *arrived = &device_port(b->uplink)->counters.out_packets;
	u64 start, before = *arrived;

	for (u32 i = 0; i < PKT_BATCH; i++)
		frame_write(b, device_frame(b->guest, (b->at + i) % RING), flows[i]);
	b->at = (b->at + PKT_BATCH) % RING;
	driver_kick(b->guest, PKT_BATCH);
	driver_refill(b->uplink, PKT_BATCH);
	start = bench_ticks();
	device_poll(b->guest, &b->worker, b->now_ns);
	start = bench_ticks() - start;
	b->sent += PKT_BATCH;
	b->arrived += *arrived - before;
	return start;
}

/* The address and the router, each after a second of probing, then all flows. */
static void open_flows(struct nat_bench *b)
{
	static const u8 guest[6] = {2, 0, 0, 0, 0, 0x10}, router[6] = {2, 0, 0, 0, 2, 2};
	u32 flows[PKT_BATCH] = {0};

	for (u32 i = 0; i < 30; i++) {
		driver_refill(b->uplink, 4);
		b->now_ns += 100000000;
		gateway_tick(b->gw, &b->worker, b->now_ns);
	}
	input_arp(b, device_port(b->guest), ARP_REQUEST, guest, GUEST_IP);
	send_batch(b, flows);
	input_arp(b, NULL, ARP_REPLY, router, 0xc0000201);
	for (u32 i = 0; i < b->flows; i += PKT_BATCH) {
		for (u32 k = 0; k < PKT_BATCH; k++)
			flows[k] = (i + k) % b->flows;
		send_batch(b, flows);
	}
}

/* The hostile guest has cost the other one no connection, and no frame. */
static void check_flows(struct nat_bench *b)
{
	const struct nat_guest *guest = &b->gw->nat->guests[device_port(b->guest)->index];

	if (guest->sessions == b->flows && b->arrived == b->sent)
		return;
	fprintf(stderr, "dataplane: beside a hostile guest: %u of %u flows, %llu of %llu frames\n",
		guest->sessions, b->flows, (unsigned long long)b->arrived,
		(unsigned long long)b->sent);
	exit(2);
}

static u64 run(void *ctx, u64 batches)
{
	struct nat_bench *b = ctx;
	u32 flows[PKT_BATCH];
	u64 ticks = 0;

	while (batches--) {
		if (b->hostile.device) {
			b->now_ns += HOSTILE_NS;
			driver_refill_to(b->uplink, PKT_BATCH);
			hostile_batch(&b->hostile, &b->worker, b->now_ns);
			driver_refill_to(b->uplink, 0);
		}
		for (u32 i = 0; i < PKT_BATCH; i++)
			flows[i] = (u32)((bench_random() >> 32) * b->flows >> 32);
		ticks += send_batch(b, flows);
	}
	if (b->hostile.device)
		check_flows(b);
	return ticks;
}

static void check_arrival(struct nat_bench *b, const char *name)
{
	u64 before = device_port(b->uplink)->counters.out_packets, arrived;

	run(b, 1000);
	arrived = device_port(b->uplink)->counters.out_packets - before;
	if (arrived == 1000 * PKT_BATCH && b->gw->nat->used_sessions == b->flows)
		return;
	fprintf(stderr, "dataplane: %s: %llu of %u frames arrived, %u flows\n", name,
		(unsigned long long)arrived, 1000 * PKT_BATCH, b->gw->nat->used_sessions);
	exit(2);
}

/* Another guest on the same switch, with the quotas that all have. */
static void add_hostile(struct nat_bench *b, const struct gateway_config *config)
{
	const struct device_config device = {64, 64};
	struct hostile *h = &b->hostile;
	struct vsw_port_config port = {.name = "hostile.net0", .mac = {2, 0, 0, 0, 0, 0x11}};

	h->device = device_new(&device);
	h->ip = net32(HOSTILE_IP);
	memcpy(h->mac, port.mac, 6);
	memcpy(h->gateway, config->nat.guest_mac, 6);
	check(vsw_port_add(&b->sw, device_port(h->device), &device_ops, &port));
	check(gateway_guest_up(b->gw, device_port(h->device), port.mac, 0));
	input_arp(b, device_port(h->device), ARP_REQUEST, h->mac, HOSTILE_IP);
}

struct bench nat_bench(const char *name, u32 flows, bool hostile)
{
	struct nat_bench *b = bench_memory(sizeof(*b));
	struct device_config device = {64, 64};
	struct gateway_config config = gateway_config(flows);
	struct vsw_config sw = {.name = "nat", .workers = &b->all, .table_bytes = MIB(2)};
	struct vsw_port_config guest = {.name = "guest.net0", .mac = {2, 0, 0, 0, 0, 0x10}};
	const struct vsw_port_config uplink = {.name = "uplink"};

	b->flows = flows;
	b->now_ns = 1000000000;
	frame_begin(b);
	sw.table = bench_memory(sw.table_bytes);
	sw.secret = bench_random();
	vsw_workers_init(&b->all, &b->worker, 1, bench_memory(VSW_SCRATCH_BYTES));
	check(vsw_init(&b->sw, &sw));
	check(gateway_init(&b->gw, &config, bench_memory(gateway_bytes(&config))));
	check(gateway_attach(b->gw, &b->sw));
	b->guest = device_new(&device);
	b->uplink = device_new(&device);
	check(vsw_port_add(&b->sw, device_port(b->guest), &device_ops, &guest));
	check(vsw_port_init(device_port(b->uplink), &device_ops, &uplink));
	vsw_port_set_offloads(device_port(b->uplink), VSW_OFF_ALL);
	check(gateway_guest_up(b->gw, device_port(b->guest), guest.mac, 0));
	gateway_set_uplink(b->gw, device_port(b->uplink), true, b->now_ns);
	open_flows(b);
	check_arrival(b, name);
	b->sent = b->arrived = 0;
	if (hostile)
		add_hostile(b, &config);
	return (struct bench){.name = name, .run = run, .ctx = b};
}
