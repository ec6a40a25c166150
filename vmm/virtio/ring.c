/* SPDX-License-Identifier: BSD-2-Clause */
/* Split virtqueues. */
#include "vmm/virtio/ring.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "vmm/virtio/ring_run.h"

/* Every access to what the driver shares is one of these. */
#define READ_ONCE(x) VRING_READ(x)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

static u16 *used_event(const struct vring *r)
{
	return &r->avail->ring[r->size];
}

static u16 *avail_event(const struct vring *r)
{
	return (u16 *)(void *)&r->used->ring[r->size];
}

int vring_init(struct vring *r, const struct guest_ram *ram, const struct vring_config *c)
{
	u64 size = c->size;

	memset(r, 0, sizeof(*r));
	if (!is_power_of_2(size) || size > VRING_SIZE_MAX || c->desc & 15 || c->avail & 1 ||
	    c->used & 3)
		return ERR_INVAL;
	r->ram = ram;
	r->size = c->size;
	r->mask = (u16)(size - 1);
	r->event = c->event;
	r->indirect = c->indirect;
	for (u32 i = 1; i < ram->count; i++)
		if (ram->region[i].size > ram->region[r->region].size)
			r->region = (u8)i;
	r->avail = guest_ram_ptr(ram, c->avail, sizeof(*r->avail) + size * 2 + 2);
	r->used = guest_ram_ptr(ram, c->used, sizeof(*r->used) + size * 8 + 2);
	r->desc = guest_ram_ptr(ram, c->desc, size * sizeof(*r->desc));
	if (r->avail && r->used && r->desc)
		return ERR_OK;
	vring_stop(r);
	return ERR_FAULT;
}

static int broken(struct vring *r, const char *why)
{
	r->broken = why;
	return ERR_INVAL;
}

/* --- taking chains -----------------------------------------------------------------------------
 */

u32 vring_available(struct vring *r)
{
	if (unlikely(!vring_live(r)))
		return 0;
	r->seen = __atomic_load_n(&r->avail->idx, __ATOMIC_ACQUIRE);
	if (likely((u16)(r->seen - r->taken) <= r->size))
		return (u16)(r->seen - r->taken);
	(void)broken(r, "more buffers available than the queue has");
	return 0;
}

/* A copy of a descriptor: its second half is one read. */
static struct vring_desc read_desc(const struct vring_desc *from)
{
	union {
		u64 words[2];
		struct vring_desc desc;
	} copy;
	const u64 *words = (const u64 *)(const void *)from;

	copy.words[0] = READ_ONCE(words[0]);
	copy.words[1] = READ_ONCE(words[1]);
	return copy.desc;
}

/* Where a walk over a chain is: in the queue's table or in an indirect one. */
struct walk {
	const struct vring_desc *table;
	u32 count; /* entries of the table */
	u32 left;  /* descriptors that it may still have: a longer chain is a loop */
	struct vring_seg *segs;
	u32 room;
};

static int add_segment(struct vring *r, struct walk *w, const struct vring_desc *d,
		       struct vring_chain *c)
{
	bool write = d->flags & VRING_DESC_WRITE;
	u32 *sum = write ? &c->write_len : &c->read_len;
	u8 *base;

	if (unlikely(!d->len))
		return ERR_OK;
	if (unlikely(!write && c->writable))
		return broken(r, "a readable buffer behind a writable one");
	base = guest_ram_ptr(r->ram, d->addr, d->len);
	if (unlikely(!base))
		return broken(r, "a buffer that is not in RAM");
	if (unlikely(d->len > ~0u - *sum))
		return broken(r, "a chain of more than 4 GiB");
	if (unlikely((u32)c->readable + c->writable == w->room)) {
		c->cut = true;
		return ERR_OK;
	}
	w->segs[c->readable + c->writable] = (struct vring_seg){base, d->len};
	*sum += d->len;
	if (write)
		c->writable++;
	else
		c->readable++;
	return ERR_OK;
}

/* The table that an indirect descriptor refers to becomes the one that is walked (2.7.5.3). */
static int enter_indirect(struct vring *r, struct walk *w, const struct vring_desc *d)
{
	if (!r->indirect || w->table != r->desc || d->flags & VRING_DESC_NEXT)
		return broken(r, "an indirect descriptor where none may be");
	if (!d->len || d->len % sizeof(*d) || d->len / sizeof(*d) > r->size)
		return broken(r, "an indirect table of a wrong size");
	w->table = guest_ram_ptr(r->ram, d->addr, d->len);
	if (!w->table)
		return broken(r, "an indirect table that is not in RAM");
	w->count = w->left = d->len / (u32)sizeof(*d);
	return ERR_OK;
}

/* An indirect table need not be aligned. */
static struct vring_desc table_desc(const struct vring *r, const struct walk *w, u32 at)
{
	struct vring_desc copy;

	if (likely(w->table == r->desc || IS_ALIGNED((uintptr_t)w->table, 8)))
		return read_desc(&w->table[at]);
	memcpy(&copy, (const u8 *)w->table + (size_t)at * sizeof(copy), sizeof(copy));
	__asm__ volatile("" : "+m"(copy)); /* used as it was read, not read again */
	return copy;
}

static int walk_chain(struct vring *r, struct walk *w, u32 at, struct vring_chain *c)
{
	for (;;) {
		struct vring_desc d;
		int err;

		if (unlikely(at >= w->count))
			return broken(r, "a descriptor's number out of range");
		if (unlikely(!w->left--))
			return broken(r, "a chain with a loop");
		d = table_desc(r, w, at);
		if (d.flags & VRING_DESC_INDIRECT) {
			err = enter_indirect(r, w, &d);
			at = 0;
			if (err)
				return err;
			continue;
		}
		err = add_segment(r, w, &d, c);
		if (unlikely(err))
			return err;
		if (!(d.flags & VRING_DESC_NEXT) || c->cut)
			return ERR_OK;
		at = d.next;
	}
}

int vring_next(struct vring *r, struct vring_seg *segs, u32 room, struct vring_chain *c)
{
	struct walk w = {r->desc, r->size, r->size, segs, room};
	int err;

	if (unlikely(!vring_live(r)))
		return ERR_INVAL;
	if (r->taken == r->seen)
		return 0;
	*c = (struct vring_chain){.head = READ_ONCE(r->avail->ring[r->taken & r->mask])};
	err = walk_chain(r, &w, c->head, c);
	if (unlikely(err))
		return err;
	r->taken++;
	return 1;
}

u8 *vring_run_find(const struct vring *r, u64 addr, u64 len)
{
	return guest_ram_ptr(r->ram, addr, len);
}

/* --- giving them back --------------------------------------------------------------------------
 */

void vring_push(struct vring *r, u16 head, u32 bytes)
{
	u16 at = r->pushed++ & r->mask;

	WRITE_ONCE(r->used->ring[at].id, (u32)head);
	WRITE_ONCE(r->used->ring[at].len, bytes);
}

/* 2.7.7.2 and 2.7.10: since what was published last, has the index passed what the driver
 * waits for? */
static bool interrupt_due(const struct vring *r, u16 old)
{
	u16 event;

	/* The driver sets its wish, then looks at the index; we do it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!r->event)
		return !(READ_ONCE(r->avail->flags) & VRING_AVAIL_NO_INTERRUPT);
	event = READ_ONCE(*used_event(r));
	return (u16)(r->pushed - event - 1) < (u16)(r->pushed - old);
}

bool vring_publish(struct vring *r)
{
	u16 old = r->told;

	if (r->pushed == old)
		return false;
	__atomic_store_n(&r->used->idx, r->pushed, __ATOMIC_RELEASE);
	r->told = r->pushed;
	return interrupt_due(r, old);
}

void vring_quiet(struct vring *r)
{
	/* With event indices an old one, which has been passed already, asks for nothing. */
	if (vring_live(r) && !r->event)
		WRITE_ONCE(r->used->flags, VRING_USED_NO_NOTIFY);
}

bool vring_rearm(struct vring *r)
{
	if (!vring_live(r))
		return false;
	if (r->event)
		WRITE_ONCE(*avail_event(r), r->taken);
	else
		WRITE_ONCE(r->used->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vring_available(r) != 0;
}
