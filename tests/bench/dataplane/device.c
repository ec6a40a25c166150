/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's network device with split rings as virtio has them, reduced to the path of plain
 * frames, with the core's own code for those; and the driver that uses it.
 */
#include "tests/bench/dataplane/bench.h"

#include "net/pkt/copy.h"
#include "vmm/virtio/net_plain.h"

#define TX 0
#define RX 1

/* What device and driver share. */
struct shared {
	struct vring_desc desc[RING] __aligned(64);
	u16 avail_flags __aligned(64), avail_idx, avail[RING], used_event;
	u16 used_flags __aligned(64), used_idx;
	struct {
		u32 id, len;
	} used[RING];
	u16 avail_event;
	/* The driver's. */
	u16 next __aligned(64);
	u16 seen;
};

struct device {
	struct vsw_port port;
	struct vring ring[2];
	struct guest_ram ram;
	u32 interrupts;
	struct ticketlock lock; /* of the receive ring */
	struct pkt_plain plain[PKT_BATCH];
	struct pkt pkt[PKT_BATCH];
	struct shared *shared[2];
	u8 *buffers[2];
};

struct vsw_port *device_port(struct device *d)
{
	return &d->port;
}

u8 *device_frame(struct device *d, u32 i)
{
	return d->buffers[TX] + (u64)i * BENCH_STRIDE + DEVICE_HEADER;
}

static u64 gpa_of(const struct device *d, const void *at)
{
	return d->ram.region[0].gpa + (u64)((const u8 *)at - d->ram.region[0].host);
}

static bool ring_init(struct device *d, u32 which, u32 len)
{
	struct shared *s = d->shared[which];
	struct vring_config c = {.size = RING,
				 .desc = gpa_of(d, s->desc),
				 .avail = gpa_of(d, &s->avail_flags),
				 .used = gpa_of(d, &s->used_flags),
				 .event = true};

	for (u32 i = 0; i < RING; i++) {
		s->avail[i] = (u16)i;
		s->desc[i].addr = gpa_of(d, d->buffers[which] + (u64)i * BENCH_STRIDE);
		s->desc[i].len = len;
		s->desc[i].flags = which == RX ? VRING_DESC_WRITE : 0;
	}
	return !vring_init(&d->ring[which], &d->ram, &c);
}

/* A guest's memory is all in one region: rings, then buffers. */
struct device *device_new(const struct device_config *c)
{
	u64 buffers = ALIGN_UP(RING * BENCH_STRIDE, MIB(2)), bytes = MIB(2) + 2 * buffers;
	struct device *d = bench_memory(sizeof(*d));
	u8 *memory = bench_memory(bytes);

	static_assert(2 * sizeof(struct shared) <= MIB(2), "memory of the rings");
	d->ram = (struct guest_ram){.count = 1, .region = {{GIB(1), bytes, memory}}};
	d->shared[TX] = (struct shared *)(void *)memory;
	d->shared[RX] = d->shared[TX] + 1;
	d->buffers[TX] = memory + MIB(2);
	d->buffers[RX] = d->buffers[TX] + buffers;
	if (!ring_init(d, TX, c->frame_len + DEVICE_HEADER) || !ring_init(d, RX, BENCH_STRIDE))
		return NULL;
	return d;
}

/* --- the device --- */

static void publish(struct device *d, u32 which)
{
	if (vring_publish(&d->ring[which]))
		d->interrupts++;
}

/* A frame that is not plain, or has to be learned of; here only those of setting up. */
static u32 send_one(struct device *d, struct vring *r, struct vsw_worker *w, u64 now_ns)
{
	struct pkt_batch batch = {.n = 1, .pkt = {d->pkt}};
	struct vring_chain chain;
	struct vring_seg seg;

	if (vring_next(r, &seg, 1, &chain) != 1)
		return 0;
	pkt_set_whole(d->pkt, seg.base + DEVICE_HEADER, seg.len - DEVICE_HEADER, 64,
		      copy_load(seg.base), 0);
	vsw_input(w, &d->port, &batch, now_ns);
	vring_push(r, chain.head, 0);
	return 1;
}

u32 device_poll(struct device *d, struct vsw_worker *w, u64 now_ns)
{
	struct vring *r = &d->ring[TX];
	u32 all = MIN(vring_available(r), (u32)PKT_BATCH), done = 0, n;

	if (!all)
		return 0;
	do {
		n = vnet_plain_peek(r, d->plain, all - done);
		n = vsw_input_plain(w, &d->port, d->plain, n, d->pkt, now_ns);
		if (likely(n))
			vnet_plain_done(r, n);
		else
			n = send_one(d, r, w, now_ns);
		done += n;
	} while (n && done < all);
	publish(d, TX);
	return done;
}

static u32 device_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			     u32 n, u32 words)
{
	struct device *d = container_of(port, struct device, port);

	(void)w;
	ticket_lock(&d->lock);
	(void)vring_available(&d->ring[RX]);
	n = vnet_plain_put(&d->ring[RX], frames, n, words);
	publish(d, RX);
	ticket_unlock(&d->lock);
	return n;
}

/* Packets that are not plain; here only those of setting up. */
static u32 device_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct device *d = container_of(port, struct device, port);
	struct vring *r = &d->ring[RX];
	struct vring_chain chain;
	struct vring_seg seg;
	u32 i;

	(void)w;
	ticket_lock(&d->lock);
	(void)vring_available(r);
	for (i = 0; i < n && vring_next(r, &seg, 1, &chain) == 1; i++) {
		copy_store(seg.base, 0);
		copy_store(seg.base + 8, 1u << 16);
		pkt_copy_out(pkts[i], seg.base + DEVICE_HEADER);
		vring_push(r, chain.head, pkts[i]->len + DEVICE_HEADER);
	}
	publish(d, RX);
	ticket_unlock(&d->lock);
	return i;
}

const struct vsw_port_ops device_ops = {.send = device_send, .send_plain = device_send_plain};

/* --- the driver --- */

void driver_kick(struct device *d, u32 n)
{
	struct shared *r = d->shared[TX];

	__atomic_store_n(&r->avail_idx, (u16)(r->avail_idx + n), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->used_idx + n - 1);
}

void driver_refill(struct device *d, u32 n)
{
	struct shared *r = d->shared[RX];

	__atomic_store_n(&r->avail_idx, (u16)(r->avail_idx + n), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->used_idx + n - 1);
}

void driver_refill_to(struct device *d, u32 n)
{
	struct shared *r = d->shared[RX];

	__atomic_store_n(&r->avail_idx, (u16)(r->used_idx + n), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->used_idx + n - 1);
}

/* Send as many frames as the ring has room for, at most 64. */
static void drive_tx(struct driver_load *l, u64 *seed)
{
	struct device *d = l->from;
	struct shared *r = d->shared[TX];
	u16 room = (u16)(__atomic_load_n(&r->used_idx, __ATOMIC_ACQUIRE) + RING - r->next);
	u16 n = MIN(room, 64);

	for (u16 i = 0; i < n; i++) {
		u8 *frame = device_frame(d, (u16)(r->next + i) % RING);
		u64 dst = l->dst[(*seed >> 20) % l->macs], src = l->src[(*seed >> 40) % l->macs];

		*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
		copy_store(frame, dst | src << 48);
		copy_store(frame + 8, src >> 16 | 0xb588ull << 32);
		for (u32 at = 16; at < 64; at += 8)
			copy_store(frame + at, *seed);
	}
	r->next = (u16)(r->next + n);
	__atomic_store_n(&r->avail_idx, r->next, __ATOMIC_RELEASE);
	r->used_event = (u16)(r->next - 1);
}

/* Read what came, and give the buffers back. */
static u64 drive_rx(struct device *d)
{
	struct shared *r = d->shared[RX];
	u16 n = (u16)(__atomic_load_n(&r->used_idx, __ATOMIC_ACQUIRE) - r->seen);
	u64 sum = 0;

	for (u16 i = 0; i < n; i++)
		sum +=
		    copy_load(d->buffers[RX] +
			      r->used[(u16)(r->seen + i) % RING].id * BENCH_STRIDE + DEVICE_HEADER);
	r->seen = (u16)(r->seen + n);
	__atomic_store_n(&r->avail_idx, (u16)(r->seen + RING), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->seen + RING - 1);
	return sum;
}

void driver_run(struct driver_load *l)
{
	u64 seed = 1, sum = 0;

	l->from->shared[TX]->next = l->from->shared[TX]->avail_idx;
	l->to->shared[RX]->seen = l->to->shared[RX]->used_idx;
	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		drive_tx(l, &seed);
		sum += drive_rx(l->to);
	}
	__asm__ volatile("" : : "r"(sum));
}
