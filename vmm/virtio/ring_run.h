/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many chains of one descriptor each, as network devices' queues have them, in a few instructions
 * for each: up to where one of the ring's arrays ends.
 *
 *	n = vring_run_begin(&run, r, n)     so many lie one behind the other
 *	vring_run_readable(&run, ...)       the next one; read once, and checked as by vring_next()
 *	vring_run_used(&run, id, bytes)     what the driver will find of it, once it is published
 *	vring_run_end(r, taken, pushed)     so many of them were taken, and so many given back
 *
 * An entry that is not what is expected stays, for vring_next() to say what it is.
 */
#ifndef VMM_VIRTIO_RING_RUN_H
#define VMM_VIRTIO_RING_RUN_H

#include "vmm/virtio/ring.h"

#define VRING_RUN_LEN KIB(128) /* most bytes of an entry that are asked for */
#define VRING_RUN_FLAGS (VRING_DESC_NEXT | VRING_DESC_WRITE | VRING_DESC_INDIRECT)

/* All of the ring that is needed, in variables: what is written to a guest changes none of it. */
struct vring_run {
	const struct vring *ring;
	const u16 *avail;
	u8 *used;
	const struct vring_desc *desc;
	u8 *host;
	u64 gpa, bytes; /* of the region, where an entry of VRING_RUN_LEN can begin */
	u32 size;
};

/* As of vring_available(). */
static inline u32 vring_run_begin(struct vring_run *run, const struct vring *r, u32 most)
{
	u32 from = r->taken & r->mask, to = r->pushed & r->mask, there = (u16)(r->seen - r->taken);
	u64 bytes = r->ram->region[r->region].size;

	if (unlikely(!vring_live(r)))
		return 0;
	*run = (struct vring_run){.ring = r,
				  .avail = &r->avail->ring[from],
				  .used = (u8 *)&r->used->ring[to],
				  .desc = r->desc,
				  .host = r->ram->region[r->region].host,
				  .gpa = r->ram->region[r->region].gpa,
				  .bytes = bytes > VRING_RUN_LEN ? bytes - VRING_RUN_LEN : 0,
				  .size = r->size};
	return MIN(MIN(most, there), MIN(r->size - from, r->size - to));
}

/* The long way, and for what lies in another region of RAM. */
u8 *vring_run_find(const struct vring *r, u64 addr, u64 len);

static inline __attribute__((always_inline)) bool vring_run_at(const struct vring_run *run,
							       u64 addr, u64 len, u8 **at)
{
	u64 offset = addr - run->gpa;

	if (likely(offset < run->bytes)) {
		*at = run->host + offset;
		return true;
	}
	*at = vring_run_find(run->ring, addr, len);
	return *at;
}

/* The next entry's descriptor: NULL when there is no such one. */
static inline __attribute__((always_inline)) const struct vring_desc *
vring_run_desc(struct vring_run *run, u64 *id)
{
	*id = VRING_READ(*run->avail);
	run->avail++;
	return likely(*id < run->size) ? &run->desc[*id] : NULL;
}

/* What is to be read in the next entry, *len bytes, least to most; most is no more than
 * VRING_RUN_LEN. False when it is something else. */
static inline __attribute__((always_inline)) bool
vring_run_readable(struct vring_run *run, u64 least, u64 most, u64 *id, u64 *len, u8 **at)
{
	const struct vring_desc *desc = vring_run_desc(run, id);

	if (unlikely(!desc) || unlikely(VRING_READ(desc->flags) & VRING_RUN_FLAGS))
		return false;
	*len = VRING_READ(desc->len);
	if (unlikely(*len - least > most - least))
		return false;
	return vring_run_at(run, VRING_READ(desc->addr), *len, at);
}

/* Where len bytes, at most VRING_RUN_LEN, can be written to the next entry. False when not. */
static inline __attribute__((always_inline)) bool vring_run_writable(struct vring_run *run, u64 len,
								     u64 *id, u8 **at)
{
	const struct vring_desc *desc = vring_run_desc(run, id);

	if (unlikely(!desc) ||
	    unlikely((VRING_READ(desc->flags) & VRING_RUN_FLAGS) != VRING_DESC_WRITE) ||
	    unlikely(VRING_READ(desc->len) < len))
		return false;
	return vring_run_at(run, VRING_READ(desc->addr), len, at);
}

static inline void vring_run_used(struct vring_run *run, u64 id, u64 bytes)
{
	u64 both = bytes << 32 | id;

	__builtin_memcpy(run->used, &both, sizeof(both));
	run->used += sizeof(both);
}

static inline void vring_run_end(struct vring *r, u32 taken, u32 pushed)
{
	r->taken = (u16)(r->taken + taken);
	r->pushed = (u16)(r->pushed + pushed);
}

#endif
