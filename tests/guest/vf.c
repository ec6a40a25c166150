/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with a virtual function of an 82576, which it drives as no driver would: descriptors and
 * write-backs outside of its memory, messages that are another device's interrupts, storms in
 * its mailbox and of its interrupts. It says "VF done" when it has tried everything.
 */
#include "tests/guest/lib/vf.h"

#define STORM 20000

/* Registers of the function's own interrupts: cause them, let them pass, forget them when sent. */
#define EICS 0x1520
#define EIMS 0x1524
#define EIAC 0x152c
#define EITR 0x1680
#define INTERRUPTS 300000

/* Addresses of the guest's where it has no memory. */
#define OUTSIDE 0x40000000u
/* A message in remappable format: the first entry of the table, which is the core's. */
#define FORGED 0xfee00010u

static volatile struct vf_descriptor ring[VF_RING_BYTES / 16] __aligned(4096);

/* One descriptor of a ring at `where`, for a frame at `frame`; the card's place is written to
 * `back`, if that is not 0. */
static void transmit(u32 where, u32 frame, u32 back)
{
	vf_ring_set(where, back);
	vf_descriptor_set(&ring[0], frame);
	vf_set(VF_TDT, 1);
	vf_wait(50000000);
}

static void storm(void)
{
	for (u32 i = 0; i < STORM; i++) {
		vf_set(VF_MAILBOX, VF_MAILBOX_VFU);
		vf_set(VF_MAILBOX_MEMORY, i);
		vf_set(VF_MAILBOX, VF_MAILBOX_REQ);
	}
	print_line("VF storm", STORM);
}

static void interrupts(void)
{
	vf_set(EITR, 0);
	vf_set(EIAC, 7);
	vf_set(EIMS, 7);
	for (u32 i = 0; i < INTERRUPTS; i++)
		vf_set(EICS, 1 + i % 7);
	print_line("VF interrupts", INTERRUPTS);
}

void guest_main(void)
{
	static u8 frame[64];

	if (!vf_find() || !vf_hello()) {
		print("VF is not there\n");
		return;
	}
	print("VF begins\n");
	transmit(OUTSIDE, (u32)(u64)frame, 0);
	print("VF ring\n");
	transmit((u32)(u64)ring, OUTSIDE, 0);
	print("VF frame\n");
	transmit((u32)(u64)ring, (u32)(u64)frame, OUTSIDE);
	print("VF back\n");
	/* Its own registers, where the processor reaches them. */
	transmit((u32)(u64)vf_regs, (u32)(u64)frame, 0);
	print("VF registers\n");
	transmit((u32)(u64)ring, (u32)(u64)frame, FORGED);
	print("VF forged\n");
	storm();
	interrupts();
	print("VF done\n");
}
