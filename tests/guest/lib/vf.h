/* SPDX-License-Identifier: BSD-2-Clause */
/* For guests: the registers of a virtual function of an 82576, without a driver. */
#ifndef TESTS_GUEST_LIB_VF_H
#define TESTS_GUEST_LIB_VF_H

#include "tests/guest/lib/guest.h"

#define VF_MAILBOX 0xc40
#define VF_MAILBOX_REQ 1u
#define VF_MAILBOX_VFU 4u
#define VF_MAILBOX_MEMORY 0x800
#define VF_TDH 0x3810
#define VF_TDT 0x3818
#define VF_RING_BYTES 4096u

struct vf_descriptor {
	u64 address;
	u32 command, status;
};

extern volatile u8 *vf_regs;

void vf_set(u32 reg, u32 value);
u32 vf_get(u32 reg);
/* Wait for so many ticks of the TSC. */
void vf_wait(u64 ticks);

/* The first virtual function on bus 0, with its registers and bus mastering on. */
bool vf_find(void);
/* The card lets a function send only after its driver has said hello. */
bool vf_hello(void);
/* A transmit ring of VF_RING_BYTES, empty, that works; the card's place in it is written to back,
 * if that is not 0. */
void vf_ring_set(u32 ring, u32 back);
/* A frame of 60 bytes. */
void vf_descriptor_set(volatile struct vf_descriptor *d, u64 frame);

#endif
