/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/load_copies.h"

#include <string.h>

/* One instruction moves images by quadwords, where the C library's loop executes three per
 * quadword. */
static void copy_words(void *to, const void *from, u64 size)
{
	u64 words = size / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	memcpy(to, from, size % 8);
}

static void clear_words(void *to, u64 size)
{
	u64 words = size / 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0ull) : "memory");
	memset(to, 0, size % 8);
}

/* At most so many bytes of one piece; returns how many. */
static u64 piece_do(struct load_piece *p, u64 bytes)
{
	u64 part = MIN(bytes, p->copy);

	if (part) {
		copy_words(p->to, p->from, part);
		p->from += part;
		p->copy -= part;
	} else {
		part = MIN(bytes, p->zero);
		clear_words(p->to, part);
		p->zero -= part;
	}
	p->to += part;
	return part;
}

bool load_copies_slice(struct load_copies *c, u64 bytes)
{
	while (bytes && c->next < c->count) {
		struct load_piece *p = &c->piece[c->next];

		bytes -= piece_do(p, bytes);
		c->next += !p->copy && !p->zero;
	}
	return c->next < c->count;
}

void load_copies_add(struct load_copies *c, void *to, const void *from, u64 copy, u64 zero)
{
	if (c->count == LOAD_COPIES) {
		load_copies_slice(c, ~7ull);
		load_copies_init(c);
	}
	c->piece[c->count++] = (struct load_piece){to, from, copy, zero};
}
