/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving bytes between a packet's head and its scatter list, and copying it out. */
#include <string.h>

#include "net/pkt/copy.h"
#include "net/pkt/parse.h"
#include "net/pkt/plain.h"

/* Step over scatter list entries that are in the head entirely. */
static void drop_empty_frags(struct pkt *p)
{
	while (p->nr_frags && p->skip >= p->frags->len) {
		p->skip = (u16)(p->skip - p->frags->len);
		p->frags++;
		p->nr_frags--;
	}
}

int pkt_pull(struct pkt *p, u32 bytes)
{
	bytes = MIN(bytes, p->len);
	if (unlikely(bytes > sizeof(p->room) - p->head_at))
		return ERR_RANGE;
	while (p->head_len < bytes) {
		u32 part;

		drop_empty_frags(p);
		if (unlikely(!p->nr_frags)) /* len is longer than the list: an owner's bug */
			return ERR_RANGE;
		part = MIN(bytes - p->head_len, p->frags->len - p->skip);
		copy_bytes(pkt_data(p) + p->head_len, p->frags->base + p->skip, part);
		p->head_len = (u16)(p->head_len + part);
		p->skip = (u16)(p->skip + part);
	}
	drop_empty_frags(p);
	return ERR_OK;
}

void pkt_clone(struct pkt *dst, const struct pkt *src)
{
	memcpy(dst, src, offsetof(struct pkt, room));
	copy_bytes(pkt_data(dst), pkt_data_const(src), src->head_len);
	if (src->frags >= src->own_frags &&
	    src->frags <= src->own_frags + ARRAY_SIZE(src->own_frags))
		dst->frags = dst->own_frags + (src->frags - src->own_frags);
}

void __attribute__((noinline)) plain_copy_other(u8 *to, const u8 *from, size_t len)
{
	copy_bytes(to, from, len);
}

/* The bytes of the frame that are in words: to a place that has room for a word more. */
static u32 plain_words_out(const struct pkt_plain *f, u8 *to, u32 words)
{
	u32 first = (u32)(f->word[1] >> 32);

	memcpy(to, &first, sizeof(first));
	for (u32 i = 2; i < words; i++)
		copy_store(to + i * 8ul - PLAIN_HEADER, f->word[i]);
	return words * 8 - PLAIN_HEADER;
}

void plain_copy_frame(const struct pkt_plain *f, u8 *to, u32 words)
{
	u32 done = plain_words_out(f, to, words);

	plain_copy_other(to + done, f->at + PLAIN_HEADER + done, plain_len(f) - done);
}

/* What is behind the words goes into the head as far as most headers reach. */
#define PLAIN_PACKET_HEAD 64

void plain_to_pkt(struct pkt *p, const struct pkt_plain *f, u32 words)
{
	u32 len = plain_len(f), head = MIN(len, (u32)PLAIN_PACKET_HEAD);
	u32 done = plain_words_out(f, p->room + PKT_HEADROOM, words);

	pkt_init(p);
	plain_copy_other(p->room + PKT_HEADROOM + done, f->at + PLAIN_HEADER + done, head - done);
	p->head_len = (u16)head;
	p->own_frags[0].base = f->at + PLAIN_HEADER + head;
	p->own_frags[0].len = len - head;
	p->nr_frags = len > head;
	p->len = len;
}

void pkt_cursor_init(struct pkt_cursor *c, const struct pkt *p)
{
	c->p = p;
	c->at = pkt_data_const(p);
	c->left = p->head_len;
	c->next = 0;
}

static bool cursor_advance(struct pkt_cursor *c)
{
	const struct pkt_frag *frag;
	u32 skip;

	if (c->next >= c->p->nr_frags)
		return false;
	frag = &c->p->frags[c->next];
	skip = c->next ? 0 : c->p->skip;
	c->at = frag->base + skip;
	c->left = frag->len - skip;
	c->next++;
	return true;
}

u32 pkt_cursor_copy(struct pkt_cursor *c, u8 *to, u32 len)
{
	u32 done = 0;

	while (done < len) {
		u32 part = MIN(len - done, c->left);

		copy_bytes(to + done, c->at, part);
		done += part;
		c->at += part;
		c->left -= part;
		if (!c->left && !cursor_advance(c))
			break;
	}
	return done;
}

void pkt_copy_frags(const struct pkt *p, u8 *to)
{
	u32 skip = p->skip;

	for (u32 i = 0; i < p->nr_frags; i++) {
		u32 len = p->frags[i].len - skip;

		copy_bytes(to, p->frags[i].base + skip, len);
		to += len;
		skip = 0;
	}
}

/* Up to here the words are copied one by one. */
#define COPY_STRING 256

/* The processor's string instruction, which wants its destination on a cache line. Of words: as
 * fast as that of bytes then, and processors and emulators have had defects in the latter. */
static void copy_long(u8 *to, const u8 *from, size_t len)
{
	size_t ahead = -(uintptr_t)to % 64, words = (len - ahead) / 8;

	copy_64(to, from);
	copy_16(to + len - 16, from + len - 16);
	to += ahead;
	from += ahead;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

void copy_others(u8 *to, const u8 *from, size_t len)
{
	if (len > COPY_STRING) {
		copy_long(to, from, len);
	} else if (len >= 16) {
		copy_16(to + len - 16, from + len - 16);
		for (size_t words = len / 8; words--; to += 8, from += 8)
			copy_store(to, copy_load(from));
	} else {
		while (len--)
			*to++ = *from++;
	}
}

/* What counts from the frame's start moves by delta, as far as it is in use. */
static void shift_offsets(struct pkt *p, int delta)
{
	p->len += (u32)delta;
	p->head_len = (u16)(p->head_len + delta);
	p->head_at = (u16)(p->head_at - delta);
	if (p->off.flags & PKT_OFF_NEEDS_CSUM)
		p->off.csum_start = (u16)(p->off.csum_start + delta);
	if (p->off.gso_type)
		p->off.hdr_len = (u16)(p->off.hdr_len + delta);
	p->layers.end += (u32)delta;
	p->layers.l3 = (u8)(p->layers.l3 + delta);
	if (p->layers.l4) {
		p->layers.l4 = (u8)(p->layers.l4 + delta);
		p->layers.payload = (u8)(p->layers.payload + delta);
	}
}

/* Both addresses. */
#define ADDRESSES 12

void pkt_tag_push(struct pkt *p)
{
	u8 *data = pkt_data(p);

	if (unlikely(p->head_len < ADDRESSES || p->head_at < ETH_TAG))
		return;
	memmove(data - ETH_TAG, data, ADDRESSES);
	put_be16(data - ETH_TAG + ADDRESSES, ETH_TYPE_VLAN);
	put_be16(data - ETH_TAG + ADDRESSES + 2, p->vlan);
	shift_offsets(p, ETH_TAG);
	p->flags |= PKT_TAGGED;
}

void pkt_tag_pop(struct pkt *p)
{
	u8 *data = pkt_data(p);

	if (unlikely(p->head_len < ADDRESSES + ETH_TAG))
		return;
	p->vlan = get_be16(data + ADDRESSES + 2);
	memmove(data + ETH_TAG, data, ADDRESSES);
	shift_offsets(p, -ETH_TAG);
	p->flags &= (u16)~PKT_TAGGED;
}
