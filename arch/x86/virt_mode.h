/* SPDX-License-Identifier: BSD-2-Clause */
/* Around an entry of a guest: who is told of requests, and how. */
#ifndef ARCH_X86_VIRT_MODE_H
#define ARCH_X86_VIRT_MODE_H

#include "arch/x86/virt.h"

/*
 * Before an entry: true, the guest may be entered, and whoever sets a request from now on
 * finds in_guest set. False: .attention is not 0. Setting and looking here, as well as at
 * whoever sets a request and then looks at in_guest, must not change places, hence the
 * exchange.
 */
static inline bool virt_guest_mode(struct virt_vcpu *v)
{
#ifdef HANOK_HOST
	__atomic_exchange_n(&v->in_guest, 1, __ATOMIC_SEQ_CST);
#else
	u32 one = 1;

	/* The same; the compiler would compute the address first. */
	__asm__ volatile("xchg %0, %1" : "+r"(one), "+m"(v->in_guest)::"memory");
#endif
	if (likely(!__atomic_load_n(&v->attention, __ATOMIC_ACQUIRE)))
		return true;
	__atomic_store_n(&v->in_guest, 0, __ATOMIC_RELAXED);
	return false;
}

/* After an exit that may last: no need to interrupt the CPU any more. */
static inline void virt_host_mode(struct virt_vcpu *v)
{
	__atomic_store_n(&v->in_guest, 0, __ATOMIC_RELAXED);
}

#endif
