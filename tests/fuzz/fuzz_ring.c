/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory made of any bytes as a virtqueue: whatever chains it gives lie in the
 * memory, all of them can be written, and each loop ends. The first bytes choose size, features
 * and how the queue is used.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/virtio/net_plain.h"

#define CHECK(cond) ((cond) ? (void)0 : abort())
#define MEMORY 8192
#define HEAD 4
#define ROOM 40

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Touch all of a chain: the sanitizer knows the memory's bounds. */
static void use(const struct vring_seg *segs, const struct vring_chain *c)
{
	u64 sum = 0;

	CHECK((u32)c->readable + c->writable <= ROOM);
	for (u32 i = 0; i < (u32)c->readable + c->writable; i++) {
		CHECK(segs[i].len);
		sum += segs[i].base[0] + segs[i].base[segs[i].len - 1];
		if (i >= c->readable)
			memset(segs[i].base, (int)sum, segs[i].len);
	}
}

/* Frames of one descriptor each: looked at, and copied to such buffers. */
static u32 use_plain(struct vring *r, u8 how)
{
	static struct pkt_plain frames[PKT_BATCH];
	u32 n = vnet_plain_peek(r, frames, how % 40);

	for (u32 i = 0; i < n; i++)
		(void)plain_glance(&frames[i]);
	if (how & 0x80)
		return vnet_plain_put(r, frames, n, PLAIN_READ);
	vnet_plain_done(r, n);
	return n;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *memory = size > HEAD ? aligned_alloc(64, MEMORY) : NULL;
	struct guest_ram ram = {.count = 2};
	struct vring_config c = {.desc = 0, .avail = 2048, .used = 4096};
	struct vring_seg segs[ROOM];
	struct vring_chain chain;
	struct vring r;

	if (!memory)
		return 0;
	memset(memory, 0, MEMORY);
	memcpy(memory, data + HEAD, size - HEAD < MEMORY ? size - HEAD : MEMORY);
	/* Two regions with a hole between them. */
	ram.region[0].gpa = 0, ram.region[0].size = 6000, ram.region[0].host = memory;
	ram.region[1].gpa = 0x10000, ram.region[1].size = MEMORY - 6000;
	ram.region[1].host = memory + 6000;
	c.size = (u16)(1u << data[0] % 8);
	c.event = data[1] & 1;
	c.indirect = data[1] & 2;
	CHECK(!vring_init(&r, &ram, &c));
	for (u32 i = 0; i < 64 && vring_live(&r); i++) {
		u32 n = vring_available(&r), taken = 0;

		CHECK(n <= c.size);
		if (data[3] & 4) {
			CHECK(use_plain(&r, data[2]) <= n);
			n = vring_available(&r);
		}
		while (taken < n && vring_next(&r, segs, data[2] % ROOM + 1, &chain) == 1) {
			use(segs, &chain);
			taken++;
			if (data[3] & 1)
				vring_push(&r, chain.head, chain.write_len);
		}
		if (data[3] & 2 && taken && !(data[3] & 1))
			vring_rewind(&r, 1);
		(void)!vring_publish(&r);
		vring_quiet(&r);
		(void)!vring_rearm(&r);
	}
	free(memory);
	return 0;
}
