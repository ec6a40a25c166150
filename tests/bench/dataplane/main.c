/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <sched.h>
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
	struct hostile hostile; /* device NULL: there is none */
	u64 now_ns;
	struct driver_load load; /* of the driver on another core */
	pthread_t driver;
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
static void teach(struct pair *p, const u64 *dst, const u64 *src, u32 macs, u32 sources)
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
		write_frame(device_frame(p->from, k), dst[k % macs], src[k * 7 % sources]);
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

/* Batch by batch, with one of a hostile guest before each. None of the good frames may be lost. */
static u64 run_beside(void *ctx, u64 batches)
{
	struct pair *p = ctx;
	const u64 *out = &device_port(p->to)->counters.out_packets;
	u64 ticks = 0;

	while (batches--) {
		u64 before, start;

		p->now_ns += HOSTILE_NS;
		driver_refill_to(p->to, PKT_BATCH);
		if (p->hostile.device)
			hostile_batch(&p->hostile, &p->worker, p->now_ns);
		driver_kick(p->from, PKT_BATCH);
		driver_refill_to(p->to, PKT_BATCH);
		before = *out;
		start = bench_ticks();
		device_poll(p->from, &p->worker, p->now_ns);
		ticks += bench_ticks() - start;
		if (*out - before != PKT_BATCH) {
			fprintf(stderr, "dataplane: beside a hostile guest frames were lost\n");
			exit(2);
		}
	}
	return ticks;
}

static u64 *random_macs(u32 n)
{
	u64 *macs = bench_memory(n * sizeof(*macs));

	for (u32 i = 0; i < n; i++)
		macs[i] = random_mac();
	return macs;
}

/* Guests on another core: only full batches that arrived count, and only the device's time. */
static u64 run_across(void *ctx, u64 batches)
{
	struct pair *p = ctx;
	const u64 *lost = &device_port(p->to)->counters.drops[VSW_DROP_NOBUF];
	u64 ticks = 0;
	u32 idle = 0;

	while (batches) {
		u64 before = *lost, start = bench_ticks();
		u32 n = device_poll(p->from, &p->worker, p->now_ns);

		if (n == PKT_BATCH && *lost == before) {
			ticks += bench_ticks() - start;
			batches--;
		} else if (++idle % 65536 == 0) {
			sched_yield(); /* the driver may be waiting for this processor */
		}
	}
	return ticks;
}

static void *drive(void *load)
{
	driver_run(load);
	return NULL;
}

/* The driver runs on processor 1 as long as this is measured; we stay on 0. */
static u64 run_with_driver(void *ctx, u64 batches)
{
	struct pair *p = ctx;
	cpu_set_t cpu;
	u64 ticks;

	CPU_ZERO(&cpu);
	CPU_SET(1, &cpu);
	p->load.stop = false;
	check(pthread_create(&p->driver, NULL, drive, &p->load));
	(void)pthread_setaffinity_np(p->driver, sizeof(cpu), &cpu);
	(void)run_across(p, batches / 4); /* until it is up to speed */
	ticks = run_across(p, batches);
	__atomic_store_n(&p->load.stop, true, __ATOMIC_RELAXED);
	pthread_join(p->driver, NULL);
	return ticks;
}

struct scene {
	const char *name;
	u32 macs, sources, len;
	bool across;
	u32 flows;         /* not 0: through the NAT, with so many established */
	double gate, goal; /* as multiples of the floor, of a copy for full-size frames, */
	enum beside { NOT_ASKED, NOBODY, HOSTILE } beside; /* or of the row before if hostile */
};

static void add_hostile(struct pair *p)
{
	const struct device_config device = {64, 64};
	const struct vsw_port_config port = {.name = "hostile"};

	p->hostile.device = device_new(&device);
	check(vsw_port_add(&p->sw, device_port(p->hostile.device), &device_ops, &port));
}

static struct pair *scene_new(const struct scene *c)
{
	struct device_config device = {c->len, 64};
	struct pair *p = pair_new(&device, c->macs > 4096 ? MIB(4) : MIB(2));
	u64 *dst = random_macs(MAX(c->macs, RING)), *src = random_macs(MAX(c->sources, RING));

	teach(p, dst, src, c->macs, c->sources);
	p->load = (struct driver_load){.from = p->from,
				       .to = p->to,
				       .dst = dst,
				       .src = src,
				       .macs = c->macs,
				       .sources = c->sources};
	return p;
}

/* What was sent must have arrived, or something else is measured. */
static void check_delivery(struct pair *p, const struct scene *c)
{
	const struct vsw_counters *from = &device_port(p->from)->counters;
	u64 before = device_port(p->to)->counters.out_packets, arrived;

	run_pair(p, 2 * RING / PKT_BATCH);
	arrived = device_port(p->to)->counters.out_packets - before;
	if (arrived == 2 * RING && from->flooded < RING / 100)
		return;
	fprintf(stderr, "dataplane: %s: %llu of %u frames arrived, %llu were flooded\n", c->name,
		(unsigned long long)arrived, 2 * RING, (unsigned long long)from->flooded);
	exit(2);
}

static struct bench scene_bench(const struct scene *c)
{
	struct pair *p;

	if (c->flows)
		return nat_bench(c->name, c->flows, c->beside == HOSTILE);
	p = scene_new(c);
	check_delivery(p, c);
	if (c->beside == HOSTILE)
		add_hostile(p);
	return (struct bench){c->name,
			      c->beside   ? run_beside
			      : c->across ? run_with_driver
					  : run_pair,
			      p, 0};
}

static const struct scene scenes[] = {
    {"bridge, 64 B, 1k MACs, one sender", 1024, 1, 64, false, 0, 4, 2.5, 0},
    {"bridge, 64 B, 1k MACs, 1k senders", 1024, 1024, 64, false, 0, 4, 2.5, 0},
    {"guests on another core, 16 MACs", 16, 16, 64, true, 0, 6.5, 4, 0},
    {"guests on another core, 64k MACs", 65536, 1024, 64, true, 0, 10, 6.5, 0},
    {"bridge, 1514 B, 1k MACs", 1024, 1, 1514, false, 0, 1.4, 1.1, 0},
    {"NAT, 64 B, 64k flows", 0, 0, 64, false, 65536, 8, 5, 0},
    {"NAT, 64 B, 1M flows", 0, 0, 64, false, 1000000, 15, 9, 0},
    {"bridge, 64 B, batch by batch", 1024, 1, 64, false, 0, 0, 0, NOBODY},
    {"beside a guest that floods", 1024, 1, 64, false, 0, 1.25, 1.1, HOSTILE},
    {"NAT, 64 B, 4k flows", 0, 0, 64, false, 4096, 0, 0, NOBODY},
    {"beside a guest that exhausts it", 0, 0, 64, false, 4096, 1.25, 1.1, HOSTILE},
};

/* A row of the table; whether the gate is kept. */
static bool print(const struct scene *c, const struct bench *b, double floor, double copy)
{
	const char *unit = c->beside == HOSTILE ? "times" : c->len > 64 ? "copies" : "F";
	double ratio = b->ns / (c->beside == HOSTILE ? b[-1].ns : c->len > 64 ? copy : floor);

	printf("  %-36s %8.2f %6.2f %-6s ", c->name, b->ns, ratio, unit);
	if (c->gate == 0) {
		printf("\n");
		return true;
	}
	printf("%6.2f %6.2f  %s\n", c->gate, c->goal,
	       ratio <= c->goal   ? "goal"
	       : ratio <= c->gate ? "gate"
				  : "EXCEEDED");
	return ratio <= c->gate;
}

int main(void)
{
	struct bench things[2 + ARRAY_SIZE(scenes)] = {floor_bench(), copy_bench()};
	bool kept = true;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	(void)sched_setaffinity(0, sizeof(cpu), &cpu);
	for (u32 i = 0; i < ARRAY_SIZE(scenes); i++)
		things[2 + i] = scene_bench(&scenes[i]);
	bench_calibrate();
	bench_measure(things, ARRAY_SIZE(things));
	printf("The switch, virtio rings to virtio rings, ns per packet (median of the least):\n"
	       "  %-36s %8s %6s        %6s %6s\n",
	       "", "ns", "ratio", "gate", "goal");
	for (u32 i = 0; i < 2; i++)
		printf("  %-36s %8.2f\n", things[i].name, things[i].ns);
	for (u32 i = 0; i < ARRAY_SIZE(scenes); i++)
		kept &= print(&scenes[i], &things[2 + i], things[0].ns, things[1].ns);
	return kept ? 0 : 1;
}
