/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7). Pure: guest memory comes in as
 * host pointers that were checked.
 *
 * The driver's memory is hostile and changes while it is read: every index, length, flag and
 * address is read once and checked before it is used; a chain is no longer than the queue; what
 * does not fit makes the ring broken, and then it gives no more chains until it is set up anew.
 *
 *	n = vring_available(r)          how many chains there are: one read for a whole batch
 *	vring_next(r, segs, ...)        take a chain; vring_rewind() puts back what was taken last
 *	vring_push(r, head, bytes)      give one back, seen by nobody yet
 *	vring_publish(r)                all of them at once; true: an interrupt is due
 *	vring_rearm(r)                  ask for notifications; true: look again, there is more
 *
 * One user at a time, who has the queue's lock.
 */
#ifndef VMM_VIRTIO_RING_H
#define VMM_VIRTIO_RING_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "vmm/virtio/guest_ram.h"

#define VRING_SIZE_MAX 1024
#define VRING_BATCH 32 /* chains that are worth taking before the used index is published */

/* Every access to what the driver shares is one, and is not made a second time. */
#define VRING_READ(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)

/* Formats, little endian (2.7.5, 2.7.6, 2.7.8). */
struct vring_desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};
#define VRING_DESC_NEXT 1
#define VRING_DESC_WRITE 2
#define VRING_DESC_INDIRECT 4

struct vring_avail {
	u16 flags, idx;
	u16 ring[]; /* and used_event behind it */
};
#define VRING_AVAIL_NO_INTERRUPT 1

struct vring_used {
	u16 flags, idx;
	struct {
		u32 id, len;
	} ring[]; /* and avail_event behind it */
};
#define VRING_USED_NO_NOTIFY 1

/* A piece of a chain, in host memory. */
struct vring_seg {
	u8 *base;
	u32 len;
};

/* One descriptor chain: its readable segments come first, then the writable ones. */
struct vring_chain {
	u16 head;                /* for vring_push() */
	u16 readable, writable;  /* segments of each kind */
	u32 read_len, write_len; /* bytes of each kind */
	bool cut;                /* it has more segments than there was room for */
};

struct vring {
	struct vring_desc *desc; /* NULL: not set up */
	struct vring_avail *avail;
	struct vring_used *used;
	const struct guest_ram *ram;
	u16 size; /* a power of two */
	u16 mask;
	u16 taken;          /* free-running index of the next chain to take */
	u16 seen;           /* avail->idx as read last */
	u16 pushed;         /* free-running index of the next used entry */
	u16 told;           /* used->idx as published last */
	bool event;         /* VIRTIO_F_EVENT_IDX */
	bool indirect;      /* VIRTIO_F_INDIRECT_DESC */
	u8 region;          /* of ram: the largest one */
	const char *broken; /* why, for the log; NULL: all is well */
};

struct vring_config {
	u16 size;
	u64 desc, avail, used; /* guest-physical addresses */
	bool event, indirect;
};

/* Set up a ring. ERR_INVAL: size or alignment. ERR_FAULT: not in RAM. */
int __must_check vring_init(struct vring *r, const struct guest_ram *ram,
			    const struct vring_config *config);
static inline void vring_stop(struct vring *r)
{
	r->desc = NULL;
}
static inline bool vring_live(const struct vring *r)
{
	return r->desc && !r->broken;
}

/* Chains that can be taken, 0 to size. */
u32 vring_available(struct vring *r);

/*
 * Take the next chain, its segments to segs[0 .. room). Empty segments are left out. 1: done;
 * 0: none is available (as of vring_available()); ERR_INVAL: the ring is broken.
 */
int __must_check vring_next(struct vring *r, struct vring_seg *segs, u32 room,
			    struct vring_chain *chain);

/* Put back the n chains that were taken last, none of which was pushed. */
static inline void vring_rewind(struct vring *r, u32 n)
{
	r->taken = (u16)(r->taken - n);
}

/* Give back a chain into whose writable part `bytes` bytes were written. */
void vring_push(struct vring *r, u16 head, u32 bytes);
/* Show the driver what was pushed. True: it wants an interrupt for that. */
bool __must_check vring_publish(struct vring *r);

/* Notifications by the driver: ask for none; ask for the next one (true: chains became
 * available meanwhile, so go on and ask again later). */
void vring_quiet(struct vring *r);
bool __must_check vring_rearm(struct vring *r);

#endif
