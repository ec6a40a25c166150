/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/net_plain.h"

#include "vmm/virtio/ring_run.h"

#define LEN_MIN (PLAIN_HEADER + PLAIN_LEN_MIN)
#define LEN_MAX (PLAIN_HEADER + PKT_LEN_MAX)
static_assert(LEN_MAX <= VRING_RUN_LEN, "lengths");

u32 vnet_plain_peek(struct vring *r, struct pkt_plain *frames, u32 n)
{
	struct pkt_plain *f = frames, *end;
	struct vring_run run;

	end = frames + vring_run_begin(&run, r, MIN(n, (u32)PKT_BATCH));
	for (; f < end; f++) {
		u64 id, len;
		u8 *at;

		if (unlikely(!vring_run_readable(&run, LEN_MIN, LEN_MAX, &id, &len, &at)))
			break;
		__builtin_prefetch(at);
		__builtin_prefetch(at + 64);
		f->at = at;
		f->end = len;
		vring_run_used(&run, id, 0);
	}
	return (u32)(f - frames);
}

void vnet_plain_done(struct vring *r, u32 n)
{
	vring_run_end(r, n, n);
}

/* Where a frame goes, between two passes. */
#define NOTE_PLACE 0

/* Find buffers; the first frame for which there was none. */
static inline struct pkt_plain *find_room(const struct vring *r, struct pkt_plain *f,
					  struct pkt_plain *end)
{
	struct vring_run run;

	end = f + vring_run_begin(&run, r, (u32)(end - f));
	for (; f < end; f++) {
		u64 id, need = f->end;
		u8 *to;

		if (unlikely(!vring_run_writable(&run, need, &id, &to)))
			break;
		copy_prefetch_write(to);
		copy_prefetch_write(to + 64);
		f->note[NOTE_PLACE] = (u64)to;
		vring_run_used(&run, id, need);
	}
	return f;
}

static inline __attribute__((always_inline)) u32 put(struct vring *r, struct pkt_plain *frames,
						     u32 n, u32 words)
{
	struct pkt_plain *end = frames + n, *from = frames, *to;

	for (;; from = to) {
		to = find_room(r, from, end);
		if (unlikely(to == from))
			break;
		for (const struct pkt_plain *f = from; f < to; f++)
			plain_copy_out(f, (u8 *)f->note[NOTE_PLACE], words);
		vring_run_end(r, (u32)(to - from), (u32)(to - from));
		if (to == end)
			break;
	}
	return (u32)(to - frames);
}

u32 vnet_plain_put(struct vring *r, struct pkt_plain *frames, u32 n, u32 words)
{
	n = MIN(n, (u32)PKT_BATCH);
	return words == PLAIN_READ ? put(r, frames, n, PLAIN_READ) : put(r, frames, n, PLAIN_WORDS);
}
