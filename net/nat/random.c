/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/nat/random.h"

#include <string.h>

static u64 rotate(u64 x, u32 by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

void nat_random_init(struct nat_random *random, const u64 seed[2])
{
	*random = (struct nat_random){.key = {seed[0], seed[1]}};
}

u64 nat_siphash(const u64 key[2], const void *bytes, size_t n)
{
	u64 v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
		    key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
	const u8 *at = bytes;

	for (size_t done = 0; done <= n; done += 8) {
		bool last = n - done < 8;
		u64 word = last ? (u64)n << 56 : 0;

		memcpy(&word, at + done, last ? n - done : 8);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (u32 i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u64 nat_random(struct nat_random *random)
{
	u64 counter = random->counter++;

	return nat_siphash(random->key, &counter, sizeof(counter));
}
