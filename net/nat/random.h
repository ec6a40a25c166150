/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that outsiders cannot guess, from a secret seed: SipHash-2-4 (Aumasson and Bernstein,
 * 2012) of a counter. For ports, DNS ids and DHCP transactions, not per packet.
 */
#ifndef NET_NAT_RANDOM_H
#define NET_NAT_RANDOM_H

#include "kernel/lib/types.h"

struct nat_random {
	u64 key[2];
	u64 counter;
};

/* seed: 128 random bits. */
void nat_random_init(struct nat_random *random, const u64 seed[2]);

u64 nat_random(struct nat_random *random);

/* SipHash-2-4 of n bytes under a key: a name for them that others cannot make collide. */
u64 nat_siphash(const u64 key[2], const void *bytes, size_t n);

/* A number in 0 .. below - 1; below is not 0. */
static inline u32 nat_random_below(struct nat_random *random, u32 below)
{
	return (u32)((nat_random(random) >> 32) * below >> 32);
}

#endif
