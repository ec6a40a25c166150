/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hostile guest costs others: between each two batches of a good guest, which are all that
 * is timed, another one sends a batch of everything that it should not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/nat/session.h"
#include "net/nat/wire.h"
#include "net/pkt/parse.h"
#include "tests/bench/dataplane/bench.h"

#define KINDS 8

/* Sources, destinations and types at random; group addresses as sources; tags. */
static void strange_frame(u8 *frame, u64 random)
{
	u64 a = bench_random(), b = bench_random();

	memcpy(frame, &a, 6);
	memcpy(frame + 6, &b, 6);
	frame[6] = (u8)((frame[6] & ~1) | (random % 16 == 0));
	frame[0] = random % 3 ? 2 : (u8)(frame[0] | 1);
	if (random % 5 == 0)
		memset(frame, 0xff, 6);
	put_be16(frame + 12, random % 7 ? 0x88b5 : ETH_TYPE_VLAN);
	put_be16(frame + 14, (u16)random);
}

/* An IP packet of a new flow, or of none, for the gateway: any protocol and flags, fragments,
 * lengths that lie, foreign sources. */
static void strange_packet(u8 *frame, const struct hostile *h, u64 random)
{
	u8 *ip = frame + ETH_HEADER;

	memcpy(frame, h->gateway, 6);
	memcpy(frame + 6, h->mac, 6);
	put_be16(frame + 12, ETH_TYPE_IPV4);
	memset(ip, 0, 46);
	ip[0] = random % 31 ? 0x45 : (u8)(random >> 8);
	put_be16(ip + IP_TOTAL, random % 17 ? 46 : (u16)(random >> 16));
	put_be16(ip + IP_FRAG, random % 5 ? 0 : (u16)(random >> 24));
	ip[IP_TTL] = 64;
	ip[IP_PROTO] = random & 1 ? IP_PROTO_UDP : random & 2 ? IP_PROTO_TCP : IP_PROTO_ICMP;
	store32(ip + IP_SRC, random % 13 ? h->ip : (u32)bench_random());
	store32(ip + IP_DST, net32(0xc6336401 + (u32)(random >> 40)));
	store32(ip + IP_HEADER, (u32)bench_random());
	put_be16(ip + IP_HEADER + UDP_LENGTH, 26);
	ip[IP_HEADER + 12] = 0x50;
	ip[IP_HEADER + TCP_FLAGS] = TCP_SYN;
}

void hostile_batch(struct hostile *h, struct vsw_worker *w, u64 now_ns)
{
	for (u32 i = 0; i < PKT_BATCH; i++) {
		u8 *frame = device_frame(h->device, (h->at + i) % RING);
		u64 random = bench_random() >> 8;

		if (h->ip && random % KINDS)
			strange_packet(frame, h, random / KINDS);
		else
			strange_frame(frame, random / KINDS);
	}
	h->at += PKT_BATCH;
	driver_kick(h->device, PKT_BATCH);
	device_poll(h->device, w, now_ns);
}
