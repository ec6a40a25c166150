/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's memcpy, with the vector registers that the core does not have. */
#include <string.h>

#include "tests/bench/dataplane/bench.h"

#define COPY_BYTES 1500

struct copy_state {
	u8 *from, *to;
	u32 at;
};

static u64 run(void *ctx, u64 batches)
{
	struct copy_state *s = ctx;
	u64 start = bench_ticks();

	for (u64 i = 0; i < batches * PKT_BATCH; i++) {
		u64 offset = (u64)(s->at++ % RING) * BENCH_STRIDE;

		memcpy(s->to + offset, s->from + offset, COPY_BYTES);
		__asm__ volatile("" : : : "memory");
	}
	return bench_ticks() - start;
}

struct bench copy_bench(void)
{
	static struct copy_state s;

	s.from = bench_memory((u64)RING * BENCH_STRIDE);
	s.to = bench_memory((u64)RING * BENCH_STRIDE);
	return (struct bench){.name = "memcpy of 1500 bytes, warm", .run = run, .ctx = &s};
}
