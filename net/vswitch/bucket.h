/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token buckets, as the generic cell rate algorithm keeps them (ITU-T I.371): one word, the
 * time at which the bucket will be full. Several cores may take from one at a time.
 */
#ifndef NET_VSWITCH_BUCKET_H
#define NET_VSWITCH_BUCKET_H

#include "net/vswitch/port.h"

/* The time that can still be taken now, in ns. */
static inline u64 bucket_left(const struct vsw_bucket *b, u64 burst_ns, u64 now_ns)
{
	u64 full = __atomic_load_n(&b->full_ns, __ATOMIC_RELAXED);

	if (full <= now_ns)
		return burst_ns;
	return full - now_ns >= burst_ns ? 0 : burst_ns - (full - now_ns);
}

/* Take cost_ns, at most burst_ns at once; false, and nothing is taken, when it is not there. */
static inline bool bucket_take(struct vsw_bucket *b, u64 cost_ns, u64 burst_ns, u64 now_ns)
{
	u64 full = __atomic_load_n(&b->full_ns, __ATOMIC_RELAXED), next;

	do {
		next = MAX(full, now_ns) + cost_ns;
		if (next > now_ns + burst_ns)
			return false;
	} while (!__atomic_compare_exchange_n(&b->full_ns, &full, next, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

#endif
