/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose virtual function of an 82576 sends 8192 frames of 60 bytes from places all over its
 * second GiB of memory, one after the other: how often the unit has to walk its table for them
 * depends on the table's leaves. It says "DMA begins" before and "DMA done" after it.
 */
#include "tests/guest/lib/vf.h"

#define FRAMES 8192u
#define RING (VF_RING_BYTES / 16)

static volatile struct vf_descriptor ring[RING] __aligned(4096);

/* Each page of the second GiB as likely as any other. */
static u64 next_place(void)
{
	static u64 state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return GIB(1) + (state % (GIB(1) / PAGE_SIZE)) * PAGE_SIZE;
}

static bool send(u32 at, u64 frame)
{
	u32 next = (at + 1) % RING;

	vf_descriptor_set(&ring[at], frame);
	vf_set(VF_TDT, next);
	for (u32 i = 0; i < 1000; i++) {
		if (vf_get(VF_TDH) == next)
			return true;
		vf_wait(100000);
	}
	return false;
}

void guest_main(void)
{
	if (!vf_find() || !vf_hello()) {
		print("VF is not there\n");
		return;
	}
	vf_ring_set((u32)(u64)ring, 0);
	print("DMA begins\n");
	for (u32 i = 0; i < FRAMES; i++) {
		if (!send(i % RING, next_place())) {
			print_line("DMA: not sent", i);
			return;
		}
	}
	print_line("DMA done", FRAMES);
}
