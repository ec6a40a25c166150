/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/dataplane/bench.h"

#define MTU_FRAME 1514

/* Two guests on a switch, one sending to the other. */
struct pair {
	struct vsw sw;
	struct vsw_workers all;
	struct vsw_worker worker;
	struct device *from, *to;
	u64 now_ns;
};

static u64 random_mac(void)
{
	return (bench_random() & FDB_MAC & ~3ull) | 2;
}

static void write_frame(u8 *frame, u64 dst, u64 src)
{
	memcpy(frame, &dst, 6);
	memcpy(frame + 6, &src, 6);
	memcpy(frame + 12, "\x88\xb5", 2);
}

static void check(int err)
{
	if (err) {
		fprintf(stderr, "dataplane: a switch could not be set up: %d\n", err);
		exit(2);
	}
}

static struct pair *pair_new(const struct device_config *device, u64 table_bytes)
{
	struct pair *p = bench_memory(sizeof(*p));
	struct vsw_config config = {
	    .name = "bench", .workers = &p->all, .table_bytes = table_bytes};
	const struct vsw_port_config ports[] = {
	    {.name = "from", .quota = 1 << 20, .storm_pps = {~0u, ~0u, ~0u}},
	    {.name = "to", .quota = 1 << 20, .flags = VSW_PORT_UPLINK},
	};

	config.table = bench_memory(table_bytes);
	config.secret = bench_random();
	vsw_workers_init(&p->all, &p->worker, 1, bench_memory(VSW_SCRATCH_BYTES));
	check(vsw_init(&p->sw, &config));
	p->from = device_new(device);
	p->to = device_new(device);
	check(vsw_port_add(&p->sw, device_port(p->from), &device_ops, &ports[0]));
	check(vsw_port_add(&p->sw, device_port(p->to), &device_ops, &ports[1]));
	vsw_port_set_offloads(device_port(p->from), VSW_OFF_ALL);
	vsw_port_set_offloads(device_port(p->to), VSW_OFF_ALL);
	p->now_ns = 1;
	return p;
}

/* Let `to` be heard with all destination addresses, and give `from` frames to them. */
static void teach(struct pair *p, const u64 *dst, const u64 *src, u32 macs)
{
	for (u32 i = 0; i < macs; i += RING) {
		for (u32 k = 0; k < RING; k++)
			write_frame(device_frame(p->to, k), src[0], dst[(i + k) % macs]);
		driver_kick(p->to, RING);
		do
			driver_refill(p->from, PKT_BATCH);
		while (device_poll(p->to, &p->worker, p->now_ns));
	}
	for (u32 k = 0; k < RING; k++)
		write_frame(device_frame(p->from, k), dst[k % macs], src[(k * 7) % macs]);
}

static u64 run_pair(void *ctx, u64 batches)
{
	struct pair *p = ctx;
	u64 start = bench_ticks();

	while (batches--) {
		driver_kick(p->from, PKT_BATCH);
		driver_refill(p->to, PKT_BATCH);
		device_poll(p->from, &p->worker, p->now_ns);
	}
	return bench_ticks() - start;
}

static u64 *random_macs(u32 n)
{
	u64 *macs = bench_memory(n * sizeof(*macs));

	for (u32 i = 0; i < n; i++)
		macs[i] = random_mac();
	return macs;
}

static struct bench pair_bench(const char *name, u32 macs, u32 len, u32 head)
{
	struct pair *p = pair_new(&(struct device_config){len, head}, MIB(2));
	u64 before, after;
	struct bench b = {.name = name, .run = run_pair, .ctx = p};

	teach(p, random_macs(macs), random_macs(macs), macs);
	before = device_port(p->to)->counters.out_packets;
	run_pair(p, RING / PKT_BATCH);
	run_pair(p, RING / PKT_BATCH);
	after = device_port(p->to)->counters.out_packets;
	if (after - before != 2 * RING || device_port(p->from)->counters.flooded) {
		fprintf(stderr, "dataplane: %s: %llu of %u frames arrived, %llu flooded\n", name,
			(unsigned long long)(after - before), 2 * RING,
			(unsigned long long)device_port(p->from)->counters.flooded);
		exit(2);
	}
	return b;
}

int main(void)
{
	struct bench things[] = {
	    floor_bench(),
	    pair_bench("bridge, 64 B, 1k MACs, head 16", 1024, 64, 16),
	    pair_bench("bridge, 64 B, 1k MACs, head 64", 1024, 64, 64),
	    pair_bench("bridge, 64 B, 16 MACs, head 16", 16, 64, 16),
	    nat_bench("NAT, 64 B, 1k flows", 1024),
	    nat_bench("NAT, 64 B, 64k flows", 65536),
	    nat_bench("NAT, 64 B, 1M flows", 1000000),
	    copy_bench(),
	    pair_bench("bridge, 1514 B, head 16", 1024, MTU_FRAME, 16),
	    pair_bench("bridge, 1514 B, head 64", 1024, MTU_FRAME, 64),
	};

	bench_calibrate();
	bench_measure(things, ARRAY_SIZE(things));
	for (u32 i = 0; i < ARRAY_SIZE(things); i++)
		printf("%-40s %8.2f ns  %6.2f F\n", things[i].name, things[i].ns,
		       things[i].ns / things[0].ns);
	return 0;
}
