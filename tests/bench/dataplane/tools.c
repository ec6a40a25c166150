/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/bench/dataplane/bench.h"

#define TURNS 15           /* each thing is measured in so many turns; the median counts */
#define REPEATS 40         /* in a turn, the least of so many runs: others use the processor too */
#define RUN_BATCHES 128ull /* about 20 to 100 us */

static double ns_per_tick;

void bench_calibrate(void)
{
	struct timespec a, b;
	u64 start, end;

	clock_gettime(CLOCK_MONOTONIC_RAW, &a);
	start = bench_ticks();
	do {
		clock_gettime(CLOCK_MONOTONIC_RAW, &b);
		end = bench_ticks();
	} while (end - start < 100000000);
	ns_per_tick = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
		      (double)(end - start);
}

double bench_ns(u64 ticks)
{
	return (double)ticks * ns_per_tick;
}

void *bench_memory(u64 bytes)
{
	u64 size = ALIGN_UP(bytes, MIB(2));
	u8 *p =
	    mmap(NULL, size + MIB(2), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("memory");
		exit(2);
	}
	p = (u8 *)ALIGN_UP((u64)p, MIB(2));
	madvise(p, size, MADV_HUGEPAGE);
	memset(p, 0, size);
	return p;
}

u64 bench_random(void)
{
	static u64 state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double least(struct bench *b)
{
	u64 best = ~0ull;

	for (u32 i = 0; i < REPEATS; i++) {
		u64 ticks = b->run(b->ctx, RUN_BATCHES);

		best = MIN(best, ticks);
	}
	return bench_ns(best) / (double)(RUN_BATCHES * PKT_BATCH);
}

void bench_measure(struct bench *things, u32 n)
{
	double(*all)[TURNS] = calloc(n, sizeof(*all));

	for (u32 turn = 0; turn < TURNS; turn++)
		for (u32 i = 0; i < n; i++)
			all[i][turn] = least(&things[i]);
	for (u32 i = 0; i < n; i++) {
		qsort(all[i], TURNS, sizeof(all[i][0]), compare);
		things[i].ns = all[i][TURNS / 2];
	}
	free(all);
}
