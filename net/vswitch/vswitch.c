/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch as a whole, and the grace periods of what is taken away from it. */
#include "net/vswitch/vswitch.h"

#include <string.h>

#include "kernel/lib/bitmap.h"

void vsw_workers_init(struct vsw_workers *all, struct vsw_worker *worker, u32 count, void *scratch)
{
	memset(worker, 0, count * sizeof(*worker));
	for (u32 i = 0; i < count; i++) {
		worker[i].all = all;
		worker[i].scratch = (void *)((u8 *)scratch + (u64)i * VSW_SCRATCH_BYTES);
	}
	all->worker = worker;
	all->count = count;
	all->epoch = 1;
}

int vsw_init(struct vsw *sw, const struct vsw_config *config)
{
	u32 ageing = config->ageing_s ? config->ageing_s : VSW_AGEING_DEFAULT;

	if (!config->workers || !config->workers->count)
		return trace_err(ERR_INVAL, "switch %s: no workers", config->name);
	memset(sw, 0, sizeof(*sw));
	memcpy(sw->name, config->name, sizeof(sw->name) - 1);
	sw->workers = config->workers;
	bitmap_set(sw->busy, 0);
	return fdb_init(&sw->fdb, config->table, config->table_bytes, config->secret, ageing);
}

void vsw_enter(struct vsw_worker *w, u64 now_ns)
{
	/* Exchanged, not stored: what is read in the switch must not be read before. */
	if (w->depth++ == 0)
		__atomic_exchange_n(&w->inside, __atomic_load_n(&w->all->epoch, __ATOMIC_RELAXED),
				    __ATOMIC_SEQ_CST);
	w->now_ns = now_ns;
}

void vsw_leave(struct vsw_worker *w)
{
	if (--w->depth == 0)
		__atomic_store_n(&w->inside, 0, __ATOMIC_RELEASE);
}

u64 vsw_cookie(struct vsw_workers *all)
{
	return __atomic_add_fetch(&all->epoch, 1, __ATOMIC_SEQ_CST);
}

bool vsw_quiesced(const struct vsw_workers *all, u64 cookie)
{
	for (u32 i = 0; i < all->count; i++) {
		u64 inside = __atomic_load_n(&all->worker[i].inside, __ATOMIC_SEQ_CST);

		if (inside && inside < cookie)
			return false;
	}
	return true;
}

void vsw_age(struct vsw *sw, u64 now_ns, u32 slice)
{
	fdb_age(&sw->fdb, fdb_age_now(now_ns), slice);
}

const char *vsw_drop_name(enum vsw_drop why)
{
	static const char *const names[VSW_DROP_KINDS] = {
	    [VSW_DROP_MALFORMED] = "malformed",
	    [VSW_DROP_OFFLOAD] = "offload fields contradict the frame",
	    [VSW_DROP_LINK] = "link down",
	    [VSW_DROP_VLAN] = "VLAN tag not allowed",
	    [VSW_DROP_SPOOF_MAC] = "foreign source MAC",
	    [VSW_DROP_SPOOF_IP] = "foreign source IP",
	    [VSW_DROP_RESERVED] = "link-local group",
	    [VSW_DROP_SAME_PORT] = "destination is at the same port",
	    [VSW_DROP_STORM] = "storm limit",
	    [VSW_DROP_RATE] = "rate limit",
	    [VSW_DROP_LOOP] = "loop",
	    [VSW_DROP_OWNER_IN] = "refused by the device, sending",
	    [VSW_DROP_NOBUF] = "no room at the receiver",
	    [VSW_DROP_MTU] = "longer than the receiver's MTU",
	    [VSW_DROP_OUT_VLAN] = "receiver is isolated",
	    [VSW_DROP_OUT_LINK] = "receiver's link down",
	    [VSW_DROP_SEGMENT] = "not to be segmented for the receiver",
	    [VSW_DROP_OWNER_OUT] = "refused by the device, receiving",
	};

	return why < VSW_DROP_KINDS ? names[why] : "?";
}
