/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying frames without vector registers, which the core does not have. The destination may be
 * memory of a guest; it is never read.
 */
#ifndef NET_PKT_COPY_H
#define NET_PKT_COPY_H

#include "net/pkt/pkt.h"

struct pkt_word {
	u64 v;
} __packed __attribute__((may_alias));

static inline u64 copy_load(const void *at)
{
	return ((const struct pkt_word *)at)->v;
}

static inline void copy_store(void *at, u64 v)
{
	((struct pkt_word *)at)->v = v;
}

static inline void copy_16(u8 *to, const u8 *from)
{
	u64 a = copy_load(from), b = copy_load(from + 8);

	copy_store(to, a);
	copy_store(to + 8, b);
}

static inline void copy_32(u8 *to, const u8 *from)
{
	copy_16(to, from);
	copy_16(to + 16, from + 16);
}

static inline void copy_64(u8 *to, const u8 *from)
{
	copy_32(to, from);
	copy_32(to + 32, from + 32);
}

/* Copy fewer than 16, or more than 128 bytes. */
void copy_others(u8 *to, const u8 *from, size_t len);

/* Copy len bytes, any number; the two must not overlap. Middle bytes may be read twice; the
 * copy is what counts. The end comes first, so that whoever loads the first words afterwards
 * gets each of them from one store. */
static inline __attribute__((always_inline)) void copy_bytes(u8 *to, const u8 *from, size_t len)
{
	if (likely(len - 33 < 32)) {
		copy_32(to + len - 32, from + len - 32);
		copy_32(to, from);
	} else if (len - 16 < 17) {
		copy_16(to + len - 16, from + len - 16);
		copy_16(to, from);
	} else if (len - 65 < 64) {
		copy_64(to + len - 64, from + len - 64);
		copy_64(to, from);
	} else {
		copy_others(to, from, len);
	}
}

/* Make [from, from + bytes) the head of p, which is empty: pkt_init() came before. bytes is at
 * most PKT_HEAD. Written in 8-byte words, which is how the switch reads the addresses. */
static inline void pkt_set_head(struct pkt *p, const u8 *from, u32 bytes)
{
	copy_bytes(pkt_data(p), from, bytes);
	p->head_len = (u16)bytes;
	p->len = bytes;
}

/*
 * Make p a frame of len bytes at base, in one piece: head bytes of it become the head, the rest
 * one entry of the scatter list. head is at least 16, or len, and at most PKT_HEAD. The offload
 * fields come as the first 8 and the next 2 bytes of a virtio_net_hdr. What pkt_init(),
 * pkt_set_head() and pkt_add_frag() do together, in a few stores; the caller checks len
 * (PKT_LEN_MAX).
 */
static inline void pkt_set_whole(struct pkt *p, const u8 *base, u32 len, u32 head, u64 off_low,
				 u16 off_high)
{
	u8 *at = (u8 *)p;
	bool rest = len > head;

	head = rest ? head : len;
	p->frags = p->own_frags;
	p->hold = NULL;
	copy_store(at + offsetof(struct pkt, len),
		   (u64)len | (u64)head << 32 | (u64)PKT_HEADROOM << 48);
	copy_store(at + offsetof(struct pkt, nr_frags), rest);
	copy_store(at + offsetof(struct pkt, off), off_low);
	*(u32 *)(void *)(at + offsetof(struct pkt, off) + 8) = off_high;
	copy_bytes(p->room + PKT_HEADROOM, base, head);
	if (rest) {
		p->own_frags[0].base = base + head;
		p->own_frags[0].len = len - head;
	}
}

static_assert(offsetof(struct pkt, head_at) == offsetof(struct pkt, len) + 6 &&
		  offsetof(struct pkt, in_port) == offsetof(struct pkt, nr_frags) + 6 &&
		  offsetof(struct pkt, skip) == offsetof(struct pkt, off) + 10,
	      "fields that pkt_set_whole() writes together");

/* Ask for the line of a buffer that is going to be written. */
static inline void copy_prefetch_write(const void *at)
{
	__asm__ volatile("prefetchw %0" : : "m"(*(const u8 *)at));
}

/* Copy what is behind the head to `to`. */
void pkt_copy_frags(const struct pkt *p, u8 *to);

/* Copy the whole frame, p->len bytes, to one contiguous place. */
static inline void pkt_copy_out(const struct pkt *p, u8 *to)
{
	copy_bytes(to, pkt_data_const(p), p->head_len);
	if (p->nr_frags == 1)
		copy_bytes(to + p->head_len, p->frags->base + p->skip, p->frags->len - p->skip);
	else if (p->nr_frags)
		pkt_copy_frags(p, to + p->head_len);
}

/* Copies a frame piece by piece, for destinations that are scattered themselves. */
struct pkt_cursor {
	const struct pkt *p;
	const u8 *at; /* the rest of the current piece */
	u32 left;
	u32 next; /* the scatter list's entry that follows it */
};

void pkt_cursor_init(struct pkt_cursor *c, const struct pkt *p);
/* Copy the next len bytes, or what is left of the frame; returns how many that were. */
u32 pkt_cursor_copy(struct pkt_cursor *c, u8 *to, u32 len);

#endif
