/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steal time: a record in the guest's memory in which it finds how long a vCPU could have run
 * but did not, and whether it is in that state now (Linux, Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_STEAL_TIME). Pure: what the record holds is the guest's, so nothing in it is trusted.
 */
#ifndef VMM_VCPU_STEAL_H
#define VMM_VCPU_STEAL_H

#include "kernel/lib/types.h"

struct steal_page {
	u64 steal;   /* ns */
	u32 version; /* odd while it is being written */
	u32 flags;   /* 0 */
	u8 preempted;
	u8 pad0[3];
	u32 pad[11];
};
_Static_assert(sizeof(struct steal_page) == 64, "the record is 64 bytes, aligned to its size");

#define STEAL_PREEMPTED BIT(0) /* by us: it could run, and does not */
#define STEAL_FLUSH_TLB BIT(1) /* by a sibling, instead of an interrupt: flush before it runs */

struct steal {
	struct steal_page *page; /* NULL: the guest has not asked for it */
	u64 base_ns;             /* what the record showed when nothing was stolen */
	u32 version;
};

/* MSR_KVM_STEAL_TIME: bit 0 enables, bits 1 to 5 are reserved, the rest is the address, which
 * is so aligned that the record lies in one page. */
static inline bool steal_msr_valid(u64 value)
{
	return !(value & 0x3e);
}

static inline u64 steal_msr_address(u64 value)
{
	return value & ~0x3full;
}

/* Start to keep the record at page, NULL: stop. It goes on from what it shows: a guest that turns
 * it off and on again must not see it go back. stolen_ns: of the vCPU so far. */
void steal_start(struct steal *s, struct steal_page *page, u64 stolen_ns);

/* The vCPU is about to run: write what was stolen. True: its TLB must be flushed first. Only with
 * a page. */
bool __must_check steal_arrive(struct steal *s, u64 stolen_ns);

/* The vCPU has left the guest, which could go on. Only with a page. */
void steal_leave(struct steal *s);

#endif
