/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/guest/lib/vf.h"

#include "tests/guest/lib/pci.h"

#define ID 0x10ca8086u
#define COMMAND 0x04
#define COMMAND_MEMORY_MASTER 6u
#define BAR0 0x10
#define MAILBOX_PFSTS 0x10u
#define HELLO 1u
#define TDBAL 0x3800
#define TDBAH 0x3804
#define TDLEN 0x3808
#define TXDCTL 0x3828
#define TXDCTL_ENABLE (1u << 25)
#define TDWBAL 0x3838
#define TDWBAH 0x383c

volatile u8 *vf_regs;

void vf_set(u32 reg, u32 value)
{
	*(volatile u32 *)(vf_regs + reg) = value;
}

u32 vf_get(u32 reg)
{
	return *(volatile u32 *)(vf_regs + reg);
}

void vf_wait(u64 ticks)
{
	u64 start = rdtsc();

	while (rdtsc() - start < ticks)
		;
}

bool vf_find(void)
{
	for (u32 device = 0; device < 32; device++) {
		if (pci_config(device, 0, false, 0) != ID)
			continue;
		pci_config(device, COMMAND, true, COMMAND_MEMORY_MASTER);
		vf_regs = (volatile u8 *)(u64)(pci_config(device, BAR0, false, 0) & ~15u);
		return true;
	}
	return false;
}

bool vf_hello(void)
{
	vf_set(VF_MAILBOX, VF_MAILBOX_VFU);
	vf_set(VF_MAILBOX_MEMORY, HELLO);
	vf_set(VF_MAILBOX, VF_MAILBOX_REQ);
	for (u32 i = 0; i < 1000; i++) {
		if (vf_get(VF_MAILBOX) & MAILBOX_PFSTS)
			return true;
		vf_wait(1000000);
	}
	return false;
}

void vf_ring_set(u32 ring, u32 back)
{
	vf_set(TXDCTL, 0);
	vf_set(TDBAL, ring);
	vf_set(TDBAH, 0);
	vf_set(TDLEN, VF_RING_BYTES);
	vf_set(VF_TDH, 0);
	vf_set(VF_TDT, 0);
	vf_set(TDWBAL, back ? back | 1 : 0);
	vf_set(TDWBAH, 0);
	vf_set(TXDCTL, TXDCTL_ENABLE);
}

void vf_descriptor_set(volatile struct vf_descriptor *d, u64 frame)
{
	d->address = frame;
	/* End of packet, write back, an advanced data descriptor. */
	d->command = 60 | 3u << 20 | 1u << 24 | 1u << 25 | 1u << 27 | 1u << 29;
	d->status = 60u << 14;
}
