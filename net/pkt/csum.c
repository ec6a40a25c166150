/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/pkt/csum.h"

#include "net/pkt/copy.h"

struct csum_word {
	u32 v;
} __packed __attribute__((may_alias));

static inline u64 word(const u8 *at)
{
	return ((const struct csum_word *)at)->v;
}

/* Fewer than 16 bytes. */
static u64 sum_tail(u64 sum, const u8 *at, size_t len)
{
	for (; len >= 4; at += 4, len -= 4)
		sum += word(at);
	if (len >= 2) {
		sum += (u64)at[0] | (u64)at[1] << 8;
		at += 2;
		len -= 2;
	}
	return len ? sum + at[0] : sum;
}

u64 csum_bytes(u64 sum, const void *data, size_t len)
{
	const u8 *at = data;
	u64 a = 0, b = 0, c = 0, d = 0;

	/* 32 bits at a time into 64: nothing to carry, and four chains in parallel. */
	for (; len >= 16; at += 16, len -= 16) {
		a += word(at);
		b += word(at + 4);
		c += word(at + 8);
		d += word(at + 12);
	}
	return csum_add(sum, sum_tail(a + b + c + d, at, len));
}

u64 csum_pseudo(const u8 *l3, bool v6, u8 proto, u32 l4_len)
{
	u64 sum = v6 ? csum_bytes(0, l3 + 8, 32) : csum_bytes(0, l3 + 12, 8);

	/* Length and protocol as 16-bit words in network order: swapped on this machine. */
	sum += (u64)__builtin_bswap32(l4_len);
	return sum + (u16)(proto << 8);
}

/* A sum whose bytes begin at an odd offset has its halves the wrong way around. */
static u64 align_sum(u64 sum, bool odd)
{
	u16 folded;

	if (!odd)
		return sum;
	folded = csum_fold(sum);
	return (u16)(folded << 8 | folded >> 8);
}

struct summing {
	u64 sum;
	u32 at; /* offset in the frame of the next piece */
	u32 from, to;
};

static void sum_piece(struct summing *s, const u8 *base, u32 len)
{
	u32 start = MAX(s->from, s->at), end = MIN(s->to, s->at + len);

	if (start < end) {
		u64 part = csum_bytes(0, base + (start - s->at), end - start);

		s->sum = csum_add(s->sum, align_sum(part, (start - s->from) & 1));
	}
	s->at += len;
}

u64 csum_frame(const struct pkt *p, u32 from, u32 to)
{
	struct summing s = {.from = from, .to = to};
	u32 skip = p->skip;

	sum_piece(&s, pkt_data_const(p), p->head_len);
	for (u32 i = 0; i < p->nr_frags && s.at < to; i++) {
		sum_piece(&s, p->frags[i].base + skip, p->frags[i].len - skip);
		skip = 0;
	}
	return s.sum;
}
