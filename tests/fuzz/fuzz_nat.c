/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NAT with guests and an uplink, all of them hostile: the input is a sequence of packets,
 * whole or put together from a kind and a few fields so that checksums are right, of pauses,
 * and of an operator's changes. What leaves by the uplink has our address as its source; right
 * packets stay right; the books agree in the end.
 */
#include "tests/host/nat/world.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
	const u8 *at;
	size_t left;
};

static u8 next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static u16 next16(struct input *in)
{
	u16 high = next(in);

	return (u16)(high << 8 | next(in));
}

static struct world w;
static struct make m;
static bool all_right; /* no packet with bad checksums went in */

/* An address of few, so that packets have to do with each other. */
static u32 address(struct input *in)
{
	static const u32 known[] = {W_GATEWAY, W_EXTERNAL, W_ROUTER, W_NEIGHBOUR,
				    W_SERVER,  W_DNS,      0,        0xffffffff};
	u8 pick = next(in);

	if (pick & 0x80)
		return W_SUBNET + 10 + (pick & 3);
	if (pick & 0x40)
		return W_SUBNET + (pick & 0x3f);
	return known[pick % ARRAY_SIZE(known)];
}

static u16 port(struct input *in)
{
	static const u16 known[] = {53, 67, 68, 80, 8080, 40000, 40001, 1024};
	u8 pick = next(in);

	return pick < 0xf0 ? known[pick % ARRAY_SIZE(known)] : next16(in);
}

/* Make it a fragment, or give it a TTL, options, a changed byte. */
static void twist(struct input *in)
{
	u8 how = next(in), *ip = m.bytes + 14;

	if (how & 1) {
		put_be16(ip + 4, next(in));
		put_be16(ip + 6, next16(in) & 0x7fff);
	}
	if (how & 2)
		ip[8] = next(in);
	make_ip_checksum(&m);
	if (how & 4) {
		m.bytes[14 + next(in) % 60] ^= next(in);
		all_right = false;
	}
	if (how & 8)
		m.len = 14 + next(in) % (m.len - 13);
}

static void packet(struct input *in)
{
	static u8 payload[2000];
	static u8 quoted[100];
	u8 from = next(in) % WORLD_PORTS, kind = next(in);
	struct flow f = {
	    .src = address(in), .dst = address(in), .sport = port(in), .dport = port(in)};
	u32 n = next(in) * (kind & 0x40 ? 7u : 1u);

	for (u32 i = 0; i < n && i < 64; i++)
		payload[i] = next(in);
	switch (kind % 6) {
	case 0:
		make_udp(&m, &f, payload, n);
		break;
	case 1:
		make_tcp(&m, &f, next(in), kind & 8 ? next16(in) : 0, payload, n);
		break;
	case 2:
		make_echo(&m, &f, kind & 8 ? 8 : 0, n);
		break;
	case 3:
		make_udp(&m, &f, payload, 0);
		if (kind & 8)
			make_tcp(&m, &f, TCP_SYN, 0, payload, 0);
		memcpy(quoted, m.bytes + 14, 48);
		make_error(&m, address(in), address(in), next(in) % 16, next(in), next16(in),
			   quoted, 20 + next(in) % 28);
		break;
	case 4:
		make_arp(&m, kind & 8 ? ARP_REQUEST : ARP_REPLY, w.port[from].mac, f.src, f.dst);
		break;
	default:
		make_udp(&m, &f, payload, n);
		world_send_partial(&w, from, &m, kind & 8 ? PKT_GSO_UDP_L4 : 0, next16(in));
		return;
	}
	if (kind % 6 != 4)
		twist(in);
	world_send_made(&w, from, &m);
}

static void raw(struct input *in)
{
	u8 from = next(in) % WORLD_PORTS;
	size_t want = next(in) * 2u;
	u32 len = (u32)MIN(want, in->left);
	struct pkt_offload off;

	all_right = false;
	memcpy(m.bytes, in->at, len);
	in->at += len;
	in->left -= len;
	memset(&off, 0, sizeof(off));
	off.flags = next(in) & 3;
	off.csum_start = next(in);
	off.csum_offset = next(in);
	if (len >= 14)
		world_send(&w, from, m.bytes, len, &off);
}

static void operate(struct input *in)
{
	static const char *const texts[] = {"tcp:8080:vm2:80", "udp:53:vm1:53", "udp:40000:vm0:1"};
	static const char *const ports[] = {"tcp:8080", "udp:53", "udp:40000"};
	u8 what = next(in), which = next(in) % 3, guest = what / 8 % WORLD_GUESTS;

	if (what % 4 == 0) {
		(void)!gateway_forward_add(w.gw, texts[which]);
	} else if (what % 4 == 1) {
		(void)!gateway_forward_del(w.gw, ports[which]);
	} else if (what % 4 == 2) {
		gateway_guest_down(w.gw, &w.port[guest].port);
		(void)!gateway_guest_up(w.gw, &w.port[guest].port, w.port[guest].mac,
					which ? net32(W_SUBNET + 20 + which) : 0);
	} else {
		gateway_set_uplink(w.gw, &w.port[WORLD_UPLINK].port, which & 1, w.now_ns);
	}
}

/* A jump of the clock past most timeouts, or a little while. */
static void pass_time(u8 what)
{
	if (what & 1)
		w.now_ns += 310 * 1000000000ull;
	world_wait(&w, 100u << (what >> 1 & 3));
}

static void check_uplink(void)
{
	struct seen *s;

	while ((s = world_take(&w, WORLD_UPLINK)))
		if (s->ip && s->src != W_EXTERNAL)
			abort();
	if (all_right && w.bad)
		abort();
	world_forget(&w);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct gateway_config config = world_config();
	struct input in = {data, size};

	config.nat.mask = net32(0xffffffe0);
	config.nat.sessions = 64;
	config.nat.session_quota = 24;
	config.nat.port_quota = 12;
	config.nat.filter_endpoint = next(&in) & 1;
	world_setup(&w, &config);
	all_right = true;
	while (in.left) {
		u8 what = next(&in);

		if (what < 0xc0)
			packet(&in);
		else if (what < 0xd8)
			raw(&in);
		else if (what < 0xec)
			operate(&in);
		else
			pass_time(what);
		check_uplink();
	}
	world_teardown(&w);
	return 0;
}
