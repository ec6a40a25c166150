/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch's packet code, timed natively, as ratios to a floor that is measured in the same
 * run. The files under test, and the devices here, are compiled as the core is: no vector
 * registers.
 */
#ifndef TESTS_BENCH_DATAPLANE_BENCH_H
#define TESTS_BENCH_DATAPLANE_BENCH_H

#include "net/vswitch/vswitch.h"

/* --- tools.c --- */

/* One thing that is timed: run() does `batches` batches of PKT_BATCH packets, each time it is
 * called, and returns the ticks they took. */
struct bench {
	const char *name;
	u64 (*run)(void *ctx, u64 batches);
	void *ctx;
	double ns; /* result, per packet: the median of the runs' least */
};

static inline u64 bench_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

void bench_calibrate(void);
double bench_ns(u64 ticks);
/* Zeroed memory of bytes, on 2 MiB, in huge pages where there are any. */
void *bench_memory(u64 bytes);
/* Random numbers, the same in each run. */
u64 bench_random(void);
/* Time the n things in turn, many times. */
void bench_measure(struct bench *things, u32 n);

/* --- floor.c: what cannot be undercut --- */

/* Per packet: load its descriptor, touch its header, one crc32c of the MAC pair, look that up
 * in a small table, swap the descriptor with one of another ring. */
struct bench floor_bench(void);
/* memcpy of 1500 bytes between warm buffers, per copy. */
struct bench copy_bench(void);

/* --- nat.c --- */

/* UDP of so many established flows of a guest, by the gateway to the uplink; time in the
 * device's poll only, frames are written before it. With a hostile guest on the same switch or not;
 * exits when it has cost the other one a connection or a frame. */
struct bench nat_bench(const char *name, u32 flows, bool hostile);

/* --- hostile.c --- */

#define HOSTILE_NS 20000 /* from one of its batches to the next: 1.6 million frames a second */

struct device;
struct hostile {
	struct device *device;
	u8 mac[6], gateway[6];
	u32 ip; /* network order; 0: it sends no IP */
	u32 at;
};
/* Send a batch of frames that are wrong in many ways. */
void hostile_batch(struct hostile *h, struct vsw_worker *w, u64 now_ns);

/* --- device.c: a network device of a guest, and its driver --- */

#define RING 1024
#define BENCH_STRIDE (2048 + 192) /* from buffer to buffer, in all rings */
#define DEVICE_HEADER 12          /* bytes of a virtio_net_hdr before each frame */

struct device;
struct device_config {
	u32 frame_len; /* bytes of the frames it sends */
	u32 head;      /* bytes of a frame that are copied into its head */
};

struct device *device_new(const struct device_config *config);
struct vsw_port *device_port(struct device *d);
extern const struct vsw_port_ops device_ops;
/* The frame in transmit buffer i. */
u8 *device_frame(struct device *d, u32 i);

/* The driver's part on one core: all buffers are the driver's to give, again and again. It has
 * n frames to send, or room for n more. */
void driver_kick(struct device *d, u32 n);
void driver_refill(struct device *d, u32 n);
/* It has room for n, whatever others have used. */
void driver_refill_to(struct device *d, u32 n);
/* The driver's part on its own core: write the frames it sends anew, with addresses from
 * the two tables, read those it got; until stopped. */
struct driver_load {
	struct device *from, *to;
	const u64 *dst, *src; /* addresses */
	u32 macs, sources;    /* how many */
	bool stop;
};
void driver_run(struct driver_load *load);

/* The device's part: take up to PKT_BATCH frames and hand them to the switch; how many. */
u32 device_poll(struct device *d, struct vsw_worker *w, u64 now_ns);

#endif
