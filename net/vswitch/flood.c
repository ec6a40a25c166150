/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames to groups and to addresses that are not known: to every port that wants them. */
#include "net/pkt/copy.h"
#include "net/vswitch/internal.h"

static bool filter_has(const struct vsw_filter *filter, u64 mac)
{
	u32 bit = vsw_filter_bit(mac);

	return __atomic_load_n(&filter->hash[bit / 64], __ATOMIC_RELAXED) >> (bit % 64) & 1;
}

static bool wants(const struct vsw_port *port, const struct pkt *p)
{
	u64 dst = copy_load(pkt_data_const(p)) & FDB_MAC;
	u32 mode = __atomic_load_n(&port->filter.mode, __ATOMIC_RELAXED);

	if (!vsw_is_member(port, p->vlan & 0xfff))
		return false;
	if (mode & VSW_RX_PROMISC)
		return true;
	if (dst == FDB_MAC)
		return !(mode & VSW_RX_NO_BROADCAST);
	if (!(dst & 1))
		return !(mode & VSW_RX_NO_UNICAST) &&
		       (dst == __atomic_load_n(&port->mac, __ATOMIC_RELAXED) ||
			filter_has(&port->filter, dst));
	if (mode & VSW_RX_NO_MULTICAST)
		return false;
	return mode & VSW_RX_ALLMULTI || filter_has(&port->filter, dst);
}

static void flood_to(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 which)
{
	struct pkt *wanted[PKT_BATCH];
	u32 n = 0;

	for (; which; which &= which - 1) {
		struct pkt *p = pkts[__builtin_ctz(which)];

		if (wants(port, p))
			wanted[n++] = p;
	}
	if (n)
		vsw_port_send(w, port, wanted, n);
}

static void mark_shared(struct pkt **pkts, u32 which, bool shared)
{
	for (; which; which &= which - 1) {
		struct pkt *p = pkts[__builtin_ctz(which)];

		p->flags = (u16)((p->flags & ~PKT_SHARED) | (shared ? PKT_SHARED : 0));
	}
}

void vsw_flood(struct vsw_worker *w, struct vsw_port *from, struct pkt **pkts, u32 which)
{
	struct vsw *sw = from->sw;
	u32 top = __atomic_load_n(&sw->port_top, __ATOMIC_ACQUIRE);

	mark_shared(pkts, which, true);
	for (u32 i = 1; i < top; i++) {
		struct vsw_port *port = __atomic_load_n(&sw->ports[i], __ATOMIC_ACQUIRE);

		if (!port || port == from || port->state ||
		    from->flags & port->flags & VSW_PORT_ISOLATED)
			continue;
		flood_to(w, port, pkts, which);
	}
	mark_shared(pkts, which, false);
}
