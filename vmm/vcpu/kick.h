/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kick of paravirtual spinlocks (KVM_HC_KICK_CPU): it ends a HLT, also one with interrupts off.
 * The waiter looks at the lock, then halts; the kick may come in between. So a kick that finds the
 * vCPU not halted is kept, and its next HLT does not halt. One is as good as many. Pure, and on the
 * vCPU's own run loop: VCPU_REQ_KICK carries it there.
 */
#ifndef VMM_VCPU_KICK_H
#define VMM_VCPU_KICK_H

#include "kernel/lib/types.h"

struct kick {
	bool kept;
};

/* A kick has arrived. True: it ends the halt. */
static inline bool kick_arrives(struct kick *k, bool halted)
{
	k->kept = !halted;
	return halted;
}

/* The guest executes HLT. True: do not halt. */
static inline bool kick_ends_halt(struct kick *k)
{
	bool kept = k->kept;

	k->kept = false;
	return kept;
}

#endif
