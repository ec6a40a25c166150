/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks: fair spin locks. The core runs with interrupts off, so there is no
 * variant that disables them; a lock that an NMI or machine check handler could need
 * does not exist. Zero-initialized is unlocked.
 */
#ifndef KERNEL_LIB_TICKETLOCK_H
#define KERNEL_LIB_TICKETLOCK_H

#include "kernel/lib/types.h"

#ifdef HANOK_HOST
/* Threads of a host program can lose their processor while others wait for them in line. */
#include <threads.h>
#define ticket_relax() thrd_yield()
#else
#define ticket_relax() __builtin_ia32_pause()
#endif

struct ticketlock {
	u32 next;  /* the next ticket to draw */
	u32 owner; /* the ticket that holds the lock */
};

#define TICKETLOCK_INIT \
	{               \
		0, 0    \
	}

static inline void ticket_init(struct ticketlock *lock)
{
	lock->next = lock->owner = 0;
}

static inline void ticket_lock(struct ticketlock *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket))
		ticket_relax();
}

/* True when the lock was free and now is the caller's. */
static inline bool __must_check ticket_trylock(struct ticketlock *lock)
{
	u32 owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	return __atomic_compare_exchange_n(&lock->next, &owner, owner + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void ticket_unlock(struct ticketlock *lock)
{
	__atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
}

/* Whether somebody holds the lock; for assertions and the panic path. */
static inline bool ticket_is_locked(const struct ticketlock *lock)
{
	return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
}

#endif
