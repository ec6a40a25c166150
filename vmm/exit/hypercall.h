/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of hypercalls. Pure. */
#ifndef VMM_EXIT_HYPERCALL_H
#define VMM_EXIT_HYPERCALL_H

#include "kernel/lib/types.h"

/*
 * KVM_HC_SEND_IPI: the set of APIC IDs below 64 (a VM has fewer) that a bitmap names whose bit 0
 * is APIC ID min; high holds bits 64 to 127. IDs from 64 on are nobody's.
 */
static inline u64 hypercall_ipi_targets(u64 low, u64 high, u32 min)
{
	(void)high; /* its bits are IDs of min + 64 and more */
	return min < 64 ? low << min : 0;
}

#endif
