/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor: what any switch has to do per packet, and nothing else. */
#include "tests/bench/dataplane/bench.h"

#define ENTRIES 1024

struct slot {
	u64 addr;
	u64 len_flags;
};

static struct floor_state {
	struct slot in[RING], out[RING];
	struct {
		u64 key, value;
	} table[ENTRIES];
	u64 found;
	u32 at;
} * state;

static inline u64 crc(u64 seed, u64 word)
{
	__asm__("crc32q %1, %0" : "+r"(seed) : "rm"(word));
	return seed;
}

static void batch(struct floor_state *s)
{
	u64 found = 0;

	for (u32 i = 0; i < PKT_BATCH; i++) {
		struct slot *in = &s->in[(s->at + i) % RING], *out = &s->out[(s->at + i) % RING];
		const u64 *header = (const u64 *)in->addr;
		u64 first = header[0], second = header[1];
		u64 hash = crc(crc(0, first), second & 0xffffffff);
		u64 addr = in->addr, len_flags;

		found += s->table[hash % ENTRIES].key == first ? s->table[hash % ENTRIES].value : 1;
		len_flags = in->len_flags;
		*in = *out;
		*out = (struct slot){addr, len_flags};
	}
	s->found += found;
	s->at += PKT_BATCH;
}

static u64 run(void *ctx, u64 batches)
{
	u64 start = bench_ticks();

	while (batches--)
		batch(ctx);
	return bench_ticks() - start;
}

struct bench floor_bench(void)
{
	u8 *buffers = bench_memory(2ull * RING * BENCH_STRIDE);

	state = bench_memory(sizeof(*state));
	for (u32 i = 0; i < RING; i++) {
		u64 *header = (u64 *)(void *)(buffers + (u64)i * BENCH_STRIDE);

		header[0] = bench_random();
		header[1] = bench_random();
		state->in[i] = (struct slot){(u64)header, 64};
		state->out[i] = (struct slot){(u64)(buffers + (u64)(RING + i) * BENCH_STRIDE), 64};
	}
	return (struct bench){.name = "floor", .run = run, .ctx = state};
}
