/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No interrupt is lost and none is held up with AVIC, under random interleavings of senders,
 *devices and vCPUs that run, halt, are preempted, and have AVIC taken from them by the PICs'
 *interrupts. When all has come to rest, nothing may be left in any IRR, and nothing wanted.
 *	WEAVE_SEEDS=N	more of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#undef skip

#include "tests/host/weave/avic_world.h"

#define SEEDS 1500
#define STEPS 3000000ull
#define POSTS 100
#define EDGE 0x50
#define LEVEL 0x90
#define EXTINT 0x20

/* The third processor: devices. Some vectors are level-triggered, one is now this and now that. */
static void devices(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < POSTS; i++) {
		struct guest *g = &world.guest[weave_random(WORLD_VCPUS)];
		u32 kind = weave_random(8);
		u8 vector = (u8)(kind < 4 ? EDGE + weave_random(3) : LEVEL + weave_random(3));

		if (kind == 7) {
			world.guest[0].wanted[EXTINT] = true;
			__atomic_store_n(&world.vm.platform.intr, true, __ATOMIC_SEQ_CST);
			vcpu_kick(world.vcpus[0]);
			continue;
		}
		g->wanted[vector] = true;
		vlapic_post(g->v->lapic, vector,
			    vector == LEVEL + 2 ? weave_random(2) : vector >= LEVEL);
		for (u32 wait = weave_random(400); wait; wait--)
			weave_point();
	}
	world.draining = true;
	while (!world_rests())
		weave_point();
	__atomic_store_n(&world.stopped, true, __ATOMIC_SEQ_CST);
}

static const char *left_over(const struct guest *g)
{
	const u32 *page = g->v->virt.vapic_page;

	for (u32 i = 0; i < 8; i++) {
		if (page[(0x200 + i * 16) / 4])
			return "a vCPU rests with a vector in IRR: a lost wake-up";
		if (page[(0x100 + i * 16) / 4])
			return "a vector was never ended";
	}
	for (u32 vector = 0; vector < 256; vector++)
		if (g->wanted[vector]) {
			printf("vCPU %u, vector %#x\n", g->v->index, vector);
			return "a vector was sent and never taken";
		}
	for (u32 vector = LEVEL; vector < LEVEL + 2; vector++)
		if (g->taken[vector] != g->eois[vector])
			return "the I/O APIC has not seen the end of a level-triggered one";
	return NULL;
}

static u64 seen[6];

static void one(u64 seed, enum world_kind kind)
{
	const char *wrong;

	world_begin(seed, kind);
	for (u32 i = 0; i < WORLD_CPUS - 1; i++)
		weave_add(world_processor, NULL);
	weave_add(devices, NULL);
	wrong = weave_run(STEPS) ? NULL : "no end: somebody waits for what does not come";
	for (u32 i = 0; i < WORLD_VCPUS && !wrong; i++)
		wrong = left_over(&world.guest[i]);
	if (world.wrong)
		wrong = world.wrong;
	seen[0] += world.ipis;
	seen[1] += world.doorbells;
	seen[2] += world.exits_ipi;
	seen[3] += world.exits_eoi;
	seen[4] += world.windows;
	seen[5] += world.blocks;
	world_end();
	if (wrong)
		fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
}

static u64 seeds(void)
{
	const char *more = getenv("WEAVE_SEEDS");

	return more ? strtoull(more, NULL, 0) : SEEDS;
}

/* And each of the ways has been gone, or the test would show nothing. */
static void everything_happened(void)
{
	printf("%llu IPIs, %llu doorbells, %llu incomplete, %llu level EOIs, %llu windows, %llu "
	       "rests\n",
	       (unsigned long long)seen[0], (unsigned long long)seen[1],
	       (unsigned long long)seen[2], (unsigned long long)seen[3],
	       (unsigned long long)seen[4], (unsigned long long)seen[5]);
	for (u32 i = 0; i < ARRAY_SIZE(seen); i++)
		assert_true(seen[i] > 100);
}

static void nothing_is_lost(void **state)
{
	(void)state;
	for (u64 seed = 0; seed < seeds(); seed++)
		one(seed, WORLD_AVIC);
	everything_happened();
}

static void nothing_is_lost_without_our_doorbells(void **state)
{
	(void)state;
	for (u64 seed = 0; seed < seeds() / 2; seed++)
		one(seed, WORLD_NO_DOORBELL);
}

/* The same guests where software alone delivers. */
static void nothing_is_lost_by_software(void **state)
{
	(void)state;
	for (u64 seed = 0; seed < seeds() / 2; seed++)
		one(seed, WORLD_SOFTWARE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_lost),
	    cmocka_unit_test(nothing_is_lost_without_our_doorbells),
	    cmocka_unit_test(nothing_is_lost_by_software),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
