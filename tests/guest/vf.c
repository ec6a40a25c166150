/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with a virtual function of an 82576, which it drives as no driver would: descriptors and
 * write-backs outside of its memory, messages that are another device's interrupts, a storm in
 * its mailbox. It says "VF done" when it has tried everything.
 */
#include "tests/guest/lib/guest.h"

#define ID 0x10ca8086u
#define COMMAND 0x04
#define COMMAND_MEMORY_MASTER 6u
#define BAR0 0x10

#define MAILBOX 0xc40
#define MAILBOX_REQ 1u
#define MAILBOX_VFU 4u
#define MAILBOX_PFSTS 0x10u
#define MAILBOX_MEMORY 0x800
#define HELLO 1u
#define TDBAL 0x3800
#define TDBAH 0x3804
#define TDLEN 0x3808
#define TDH 0x3810
#define TDT 0x3818
#define TXDCTL 0x3828
#define TXDCTL_ENABLE (1u << 25)
#define TDWBAL 0x3838
#define TDWBAH 0x383c
#define RING_BYTES 4096u
#define STORM 20000

/* Addresses of the guest's where it has no memory. */
#define OUTSIDE 0x40000000u
/* A message in remappable format: the first entry of the table, which is the core's. */
#define FORGED 0xfee00010u

struct descriptor {
	u64 address;
	u32 command, status;
};
static volatile struct descriptor ring[RING_BYTES / 16] __aligned(4096);
static volatile u8 *regs;

static u32 config(u32 device, u32 offset, bool write, u32 value)
{
	u32 address = 0x80000000u | device << 11 | offset;

	__asm__ volatile("outl %0, %w1" ::"a"(address), "Nd"(0xcf8));
	if (write)
		__asm__ volatile("outl %0, %w1" ::"a"(value), "Nd"(0xcfc));
	else
		__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(0xcfc));
	return value;
}

static void set(u32 reg, u32 value)
{
	*(volatile u32 *)(regs + reg) = value;
}

static u32 get(u32 reg)
{
	return *(volatile u32 *)(regs + reg);
}

static bool find(void)
{
	for (u32 device = 0; device < 32; device++) {
		if (config(device, 0, false, 0) != ID)
			continue;
		config(device, COMMAND, true, COMMAND_MEMORY_MASTER);
		regs = (volatile u8 *)(u64)(config(device, BAR0, false, 0) & ~15u);
		return true;
	}
	return false;
}

static void wait(u64 ticks)
{
	u64 start = rdtsc();

	while (rdtsc() - start < ticks)
		;
}

/* The card lets a function send only after its driver has said hello. */
static bool hello(void)
{
	set(MAILBOX, MAILBOX_VFU);
	set(MAILBOX_MEMORY, HELLO);
	set(MAILBOX, MAILBOX_REQ);
	for (u32 i = 0; i < 1000; i++) {
		if (get(MAILBOX) & MAILBOX_PFSTS)
			return true;
		wait(1000000);
	}
	return false;
}

/* One descriptor of a ring at `where`, for a frame at `frame`; the card's place is written to
 * `back`, if that is not 0. */
static void transmit(u32 where, u32 frame, u32 back)
{
	set(TXDCTL, 0);
	set(TDBAL, where);
	set(TDBAH, 0);
	set(TDLEN, RING_BYTES);
	set(TDH, 0);
	set(TDT, 0);
	set(TDWBAL, back ? back | 1 : 0);
	set(TDWBAH, 0);
	ring[0].address = frame;
	/* 60 bytes, end of packet, write back, an advanced data descriptor. */
	ring[0].command = 60 | 3u << 20 | 1u << 24 | 1u << 25 | 1u << 27 | 1u << 29;
	ring[0].status = 60u << 14;
	set(TXDCTL, TXDCTL_ENABLE);
	set(TDT, 1);
	wait(50000000);
}

static void storm(void)
{
	for (u32 i = 0; i < STORM; i++) {
		set(MAILBOX, MAILBOX_VFU);
		set(MAILBOX_MEMORY, i);
		set(MAILBOX, MAILBOX_REQ);
	}
	print_line("VF storm", STORM);
}

void guest_main(void)
{
	static u8 frame[64];

	if (!find() || !hello()) {
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
	transmit((u32)(u64)regs, (u32)(u64)frame, 0);
	print("VF registers\n");
	transmit((u32)(u64)ring, (u32)(u64)frame, FORGED);
	print("VF forged\n");
	storm();
	print("VF done\n");
}
