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

/* From here on the processor's string instruction wins. */
#define COPY_STRING 256

/* Copy len >= 8 bytes by its string instruction (of words: see docs/adr on the dataplane). */
static inline void copy_string(void *to, const void *from, size_t len)
{
	size_t words = len / 8;
	u64 last = copy_load((const u8 *)from + len - 8);

	copy_store((u8 *)to + len - 8, last);
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* Copy 16 to COPY_STRING bytes. The last ones are stored first, so that whoever loads the first
 * words afterwards gets them forwarded from the store. */
static inline void copy_words(u8 *to, const u8 *from, size_t len)
{
	u64 a = copy_load(from + len - 16), b = copy_load(from + len - 8);

	copy_store(to + len - 16, a);
	copy_store(to + len - 8, b);
	for (size_t at = 0; at + 16 < len; at += 16) {
		a = copy_load(from + at);
		b = copy_load(from + at + 8);
		copy_store(to + at, a);
		copy_store(to + at + 8, b);
	}
}

/* Copy len bytes, any number; the two must not overlap. Some source bytes may be read twice;
 * the copy is what counts. */
static inline void copy_bytes(void *to, const void *from, size_t len)
{
	u8 *d = to;
	const u8 *s = from;

	if (likely(len >= 16 && len <= COPY_STRING))
		copy_words(d, s, len);
	else if (len > COPY_STRING)
		copy_string(d, s, len);
	else
		while (len--)
			*d++ = *s++;
}

/* Make [from, from + bytes) the head of p, which is empty: pkt_init() came before. bytes is at
 * most PKT_HEAD. Written in 8-byte words, which is how the switch reads the addresses. */
static inline void pkt_set_head(struct pkt *p, const void *from, u32 bytes)
{
	copy_bytes(pkt_data(p), from, bytes);
	p->head_len = (u16)bytes;
	p->len = bytes;
}

/* Copy the whole frame, p->len bytes, to one contiguous place. */
void pkt_copy_out(const struct pkt *p, void *to);

/* Copies a frame piece by piece, for destinations that are scattered themselves. */
struct pkt_cursor {
	const struct pkt *p;
	const u8 *at; /* the rest of the current piece */
	u32 left;
	u32 next; /* the scatter list's entry that follows it */
};

void pkt_cursor_init(struct pkt_cursor *c, const struct pkt *p);
/* Copy the next len bytes, or what is left of the frame; returns how many that were. */
u32 pkt_cursor_copy(struct pkt_cursor *c, void *to, u32 len);

#endif
