/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/steal.h"

static void publish(struct steal *s, u64 stolen_ns)
{
	struct steal_page *page = s->page;

	s->version += 2;
	__atomic_store_n(&page->version, s->version - 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&page->steal, s->base_ns + stolen_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&page->version, s->version, __ATOMIC_RELEASE);
}

void steal_start(struct steal *s, struct steal_page *page, u64 stolen_ns)
{
	*s = (struct steal){.page = page};
	if (!page)
		return;
	s->base_ns = __atomic_load_n(&page->steal, __ATOMIC_RELAXED) - stolen_ns;
	s->version = __atomic_load_n(&page->version, __ATOMIC_RELAXED) & ~1u;
	__atomic_store_n(&page->preempted, 0, __ATOMIC_RELAXED);
	publish(s, stolen_ns);
}

bool steal_arrive(struct steal *s, u64 stolen_ns)
{
	u8 *preempted = &s->page->preempted;

	publish(s, stolen_ns);
	/* A sibling may be setting the flush bit at this moment: its exchange then fails, and it
	 * interrupts us instead. */
	return __atomic_load_n(preempted, __ATOMIC_RELAXED) &&
	       (__atomic_exchange_n(preempted, 0, __ATOMIC_SEQ_CST) & STEAL_FLUSH_TLB);
}

void steal_leave(struct steal *s)
{
	__atomic_store_n(&s->page->preempted, STEAL_PREEMPTED, __ATOMIC_RELEASE);
}
