/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's network device with split rings as virtio has them, reduced to the path of plain
 * frames: one descriptor per frame, event indices, every index and address read once and
 * checked; and the driver that uses it.
 */
#include "tests/bench/dataplane/bench.h"

#include "net/pkt/copy.h"

#define TX 0
#define RX 1

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

struct ring {
	/* Shared with the driver. */
	struct desc desc[RING];
	u16 avail_idx __aligned(64);
	u16 avail[RING];
	u16 used_event;
	u16 used_idx __aligned(64);
	struct {
		u32 id, len;
	} used[RING] __aligned(64);
	/* The device's. */
	u16 last __aligned(64);
	u16 pushed;
	u32 interrupts;
	/* The driver's. */
	u16 next __aligned(64);
	u16 seen;
};

struct device {
	struct vsw_port port;
	struct ring ring[2];
	u8 *ram[2]; /* buffers of each ring */
	u64 ram_bytes;
	u32 frame_len, head;
	struct pkt pkt[PKT_BATCH];
	struct ticketlock lock; /* of the receive ring */
};

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)

struct vsw_port *device_port(struct device *d)
{
	return &d->port;
}

u8 *device_frame(struct device *d, u32 i)
{
	return d->ram[TX] + (u64)i * BENCH_STRIDE + DEVICE_HEADER;
}

struct device *device_new(const struct device_config *c)
{
	struct device *d = bench_memory(sizeof(*d));

	d->frame_len = c->frame_len;
	d->head = c->head;
	d->ram_bytes = RING * BENCH_STRIDE;
	for (u32 r = TX; r <= RX; r++) {
		d->ram[r] = bench_memory(d->ram_bytes);
		for (u32 i = 0; i < RING; i++) {
			d->ring[r].avail[i] = (u16)i;
			d->ring[r].desc[i].addr = (u64)i * BENCH_STRIDE;
			d->ring[r].desc[i].len =
			    r == TX ? c->frame_len + DEVICE_HEADER : (u32)BENCH_STRIDE;
		}
	}
	return d;
}

/* --- the device --- */

/* A buffer that was taken: where it is, its descriptor's number and, above, its length. */
struct slot {
	u8 *at;
	u64 id_len;
};

static inline u32 slot_len(const struct slot *slot)
{
	return (u32)(slot->id_len >> 32);
}

/* Take n available buffers, each index, address and length read once and checked, and ask for
 * their first lines. How many were right. */
static inline __attribute__((always_inline)) u32 take(const struct device *d, u32 which, u32 n,
						      struct slot *slots)
{
	const struct ring *ring = &d->ring[which];
	u64 ram_bytes = d->ram_bytes;
	u8 *ram = d->ram[which];
	u32 last = ring->last;

	for (u32 i = 0; i < n; i++) {
		u64 id = READ_ONCE(ring->avail[(last + i) % RING]) % RING;
		const u64 *half = (const u64 *)(const void *)&ring->desc[id];
		u64 addr = READ_ONCE(half[0]), len = (u32)READ_ONCE(half[1]);

		if (unlikely(addr > ram_bytes || len > ram_bytes - addr))
			return i;
		slots[i].at = ram + addr;
		slots[i].id_len = id | len << 32;
		if (which == TX) {
			__builtin_prefetch(ram + addr);
			__builtin_prefetch(ram + addr + 64);
		} else {
			copy_prefetch_write(ram + addr);
			copy_prefetch_write(ram + addr + 64);
		}
	}
	return n;
}

/* Show the driver what was pushed; count an interrupt if it wants one. */
static void publish(struct ring *r, u16 n)
{
	__atomic_store_n(&r->used_idx, r->pushed, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if ((u16)(r->pushed - READ_ONCE(r->used_event) - 1) < n)
		r->interrupts++;
}

u32 device_poll(struct device *d, struct vsw_worker *w, u64 now_ns)
{
	struct ring *r = &d->ring[TX];
	u16 ready = (u16)(__atomic_load_n(&r->avail_idx, __ATOMIC_ACQUIRE) - r->last);
	u32 n = MIN(ready, PKT_BATCH), head = d->head, pushed = r->pushed;
	struct slot slots[PKT_BATCH];
	struct pkt_batch batch;

	n = take(d, TX, n, slots);
	if (!n)
		return 0;
	for (u32 i = 0; i < n; i++) {
		struct pkt *p = &d->pkt[i];
		const u8 *buffer = slots[i].at;
		u32 len = slot_len(&slots[i]);

		batch.pkt[i] = p;
		if (unlikely(len < DEVICE_HEADER))
			pkt_init(p);
		else
			pkt_set_whole(p, buffer + DEVICE_HEADER, len - DEVICE_HEADER, head,
				      copy_load(buffer), *(const u16 *)(const void *)(buffer + 8));
	}
	batch.n = n;
	vsw_input(w, &d->port, &batch, now_ns);
	for (u32 i = 0; i < n; i++)
		copy_store(&r->used[(pushed + i) % RING], (u32)slots[i].id_len);
	r->pushed = (u16)(r->pushed + n);
	r->last = (u16)(r->last + n);
	publish(r, (u16)n);
	return n;
}

static inline void deliver(u8 *buffer, const struct pkt *p)
{
	copy_store(buffer, copy_load(&p->off));
	*(u32 *)(void *)(buffer + 8) = p->off.csum_offset | 1u << 16; /* one buffer */
	pkt_copy_out(p, buffer + DEVICE_HEADER);
}

static u32 device_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct device *d = container_of(port, struct device, port);
	struct ring *r = &d->ring[RX];
	struct slot slots[PKT_BATCH];
	u32 room, pushed, i;

	(void)w;
	ticket_lock(&d->lock);
	room = (u16)(__atomic_load_n(&r->avail_idx, __ATOMIC_ACQUIRE) - r->last);
	n = take(d, RX, MIN(n, room), slots);
	pushed = r->pushed;
	for (i = 0; i < n; i++) {
		const struct pkt *p = pkts[i];
		u32 len = p->len + DEVICE_HEADER;

		if (unlikely(slot_len(&slots[i]) < len))
			break;
		deliver(slots[i].at, p);
		copy_store(&r->used[(pushed + i) % RING], (u32)slots[i].id_len | (u64)len << 32);
	}
	r->pushed = (u16)(r->pushed + i);
	r->last = (u16)(r->last + i);
	if (i)
		publish(r, (u16)i);
	ticket_unlock(&d->lock);
	return i;
}

const struct vsw_port_ops device_ops = {.send = device_send};

/* --- the driver --- */

void driver_kick(struct device *d, u32 n)
{
	struct ring *r = &d->ring[TX];

	__atomic_store_n(&r->avail_idx, (u16)(r->avail_idx + n), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->used_idx + n - 1);
}

void driver_refill(struct device *d, u32 n)
{
	struct ring *r = &d->ring[RX];

	__atomic_store_n(&r->avail_idx, (u16)(r->avail_idx + n), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->used_idx + n - 1);
}

/* Send as many frames as the ring has room for, at most 64. */
static void drive_tx(struct driver_load *l, u64 *seed)
{
	struct device *d = l->from;
	struct ring *r = &d->ring[TX];
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
	struct ring *r = &d->ring[RX];
	u16 n = (u16)(__atomic_load_n(&r->used_idx, __ATOMIC_ACQUIRE) - r->seen);
	u64 sum = 0;

	for (u16 i = 0; i < n; i++)
		sum += copy_load(d->ram[RX] + r->used[(u16)(r->seen + i) % RING].id * BENCH_STRIDE +
				 DEVICE_HEADER);
	r->seen = (u16)(r->seen + n);
	__atomic_store_n(&r->avail_idx, (u16)(r->seen + RING), __ATOMIC_RELEASE);
	r->used_event = (u16)(r->seen + RING - 1);
	return sum;
}

void driver_run(struct driver_load *l)
{
	u64 seed = 1, sum = 0;

	l->from->ring[TX].next = l->from->ring[TX].avail_idx;
	l->to->ring[RX].seen = l->to->ring[RX].used_idx;
	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		drive_tx(l, &seed);
		sum += drive_rx(l->to);
	}
	__asm__ volatile("" : : "r"(sum));
}
