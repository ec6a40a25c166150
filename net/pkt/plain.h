/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame that needs nothing but to be moved: in one piece, nothing left to be done to it. Most
 * are, and a batch of them takes a shorter way (vsw_input_plain()) than struct pkt, with which
 * everything can be done: a few words are read, decided on and written; the rest is copied once,
 * from the source to the destination.
 *
 * The frame lies behind a virtio_net_hdr, and so it does at its destination, mostly. Both are
 * read and written as words from the header's start, since stores that are not aligned take
 * twice the time:
 *
 *	word  0        1               2                  3                       4
 *	      header   header, dst 0-3 dst 4-5, src 0-5   type, IP: 0-1, 2-3, 4-5 IP: 6-13 ...
 */
#ifndef NET_PKT_PLAIN_H
#define NET_PKT_PLAIN_H

#include "net/pkt/copy.h"

#define PLAIN_HEADER 12 /* bytes of a virtio_net_hdr */
#define PLAIN_READ 4    /* words that are always read: 20 bytes of the frame */
#define PLAIN_WORDS 8   /* that may be read and changed: as a NAT needs */
#define PLAIN_LEN_MIN (PLAIN_READ * 8 - PLAIN_HEADER)

struct pkt_plain {
	const u8 *at;          /* the header, and the frame behind it, as the source has it */
	u64 end;               /* bytes of both: PLAIN_HEADER and PLAIN_LEN_MIN to PKT_LEN_MAX */
	u64 word[PLAIN_WORDS]; /* read once: PLAIN_READ of them, or all; word[0] is not kept */
	u64 note[3];           /* of whoever has it, from one pass to the next */
};

/* Read what has to be known of every frame. False: something is left to be done to it. The
 * header's last field, the number of buffers, says nothing here. */
static inline __attribute__((always_inline)) bool plain_glance(struct pkt_plain *f)
{
	const u8 *at = f->at;
	u64 header = copy_load(at);

	f->word[1] = copy_load(at + 8);
	f->word[2] = copy_load(at + 16);
	f->word[3] = copy_load(at + 24);
	return !(header | (u16)f->word[1]);
}

/* copy_bytes(), out of line. */
void plain_copy_other(u8 *to, const u8 *from, size_t len);

/* What is behind the words, to the same place of another buffer. */
static inline __attribute__((always_inline)) void plain_copy_rest(u8 *to, const u8 *from, u32 words,
								  u64 end)
{
	if (words == PLAIN_READ && likely(end - 72 <= 8)) {
		copy_32(to + 32, from + 32);
		copy_store(to + 64, copy_load(from + 64));
		copy_store(to + end - 8, copy_load(from + end - 8));
	} else if (words == PLAIN_WORDS && likely(end - 64 <= 16)) {
		copy_16(to + end - 16, from + end - 16);
	} else {
		plain_copy_other(to + words * 8, from + words * 8, end - words * 8);
	}
}

/* Copy the frame, with a header that says that there is nothing to be done, and that it is in one
 * buffer. words: how many of them there are. */
static inline __attribute__((always_inline)) void plain_copy_out(const struct pkt_plain *f, u8 *to,
								 u32 words)
{
	plain_copy_rest(to, f->at, words, f->end);
	copy_store(to, 0);
	copy_store(to + 8, (f->word[1] & ~0xffffffffull) | 1u << 16);
	for (u32 i = 2; i < words; i++)
		copy_store(to + i * 8ul, f->word[i]);
}

static inline u32 plain_len(const struct pkt_plain *f)
{
	return (u32)f->end - PLAIN_HEADER;
}

/* Copy the frame without a header. */
void plain_copy_frame(const struct pkt_plain *f, u8 *to, u32 words);

/* Make p the same frame. */
void plain_to_pkt(struct pkt *p, const struct pkt_plain *f, u32 words);

#endif
