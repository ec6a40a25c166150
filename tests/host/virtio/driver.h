/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's side of a split virtqueue, in memory that a test owns. */
#ifndef TESTS_HOST_VIRTIO_DRIVER_H
#define TESTS_HOST_VIRTIO_DRIVER_H

#include <string.h>

#include "vmm/virtio/ring.h"

/* A queue of `size` entries whose tables lie from gpa on, within memory that begins at 0. */
struct driver_queue {
	u8 *memory;
	u16 size, next_desc, used;
	u64 desc_gpa, avail_gpa, used_gpa;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used_ring;
};

static inline void driver_queue_init(struct driver_queue *q, u8 *memory, u64 gpa, u16 size)
{
	*q = (struct driver_queue){.memory = memory, .size = size, .desc_gpa = gpa};
	q->avail_gpa = gpa + 16ull * size;
	q->used_gpa = ALIGN_UP(q->avail_gpa + 6 + 2ull * size, 4);
	q->desc = (struct vring_desc *)(void *)(memory + gpa);
	q->avail = (struct vring_avail *)(void *)(memory + q->avail_gpa);
	q->used_ring = (struct vring_used *)(void *)(memory + q->used_gpa);
	memset(memory + gpa, 0, q->used_gpa + 6 + 8ull * size - gpa);
}

/* A descriptor; returns its number. Chains are linked by the caller. */
static inline u16 driver_desc(struct driver_queue *q, u64 addr, u32 len, u16 flags)
{
	u16 at = q->next_desc++ % q->size;

	q->desc[at] = (struct vring_desc){addr, len, flags, (u16)((at + 1) % q->size)};
	return at;
}

static inline void driver_offer(struct driver_queue *q, u16 head)
{
	q->avail->ring[q->avail->idx % q->size] = head;
	q->avail->idx++;
}

static inline u16 *driver_used_event(struct driver_queue *q)
{
	return &q->avail->ring[q->size];
}

static inline u16 driver_avail_event(struct driver_queue *q)
{
	return *(u16 *)(void *)&q->used_ring->ring[q->size];
}

#endif
