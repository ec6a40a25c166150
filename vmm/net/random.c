/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets of tables, so that nobody can choose addresses that collide. */
#include "arch/x86/cpu/features.h"
#include "kernel/time/time.h"
#include "vmm/net/impl.h"

#define RDRAND_TRIES 16

static bool hardware_random(u64 *value)
{
	bool good = false;

	for (u32 i = 0; cpu_features()->rdrand && !good && i < RDRAND_TRIES; i++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(good) : : "cc");
	return good;
}

u64 net_random(void)
{
	static u64 state;
	u64 value = 0;

	if (!hardware_random(&value))
		(void)trace_err(ERR_UNSUPPORTED, "the processor has no random numbers: the secrets "
						 "of network tables come from its clock");
	/* A finalizer of two rounds over everything there is. */
	state += value ^ time_tsc() ^ 0x9e3779b97f4a7c15ull;
	value ^= state;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}
