/* SPDX-License-Identifier: BSD-2-Clause */
/* The close look at a frame that came in: everything that is not on the path of plain ones. */
#include "net/pkt/copy.h"
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"
#include "net/pkt/pcap.h"
#include "net/vswitch/internal.h"

#define BROADCAST FDB_MAC
#define GROUP BIT(0) /* of an address, its bytes as a little-endian number */
/* 01-80-C2-00-00-00 to -0F: these never leave the link (802.1Q-2018, table 8-1). */
#define RESERVED 0x0000c28001ull
#define RESERVED_MASK 0xf0ffffffffffull

/* The result of a check: why the frame is dropped, or this. */
#define ADMITTED VSW_DROP_KINDS

bool vsw_storm_allows(struct vsw_port *port, enum vsw_storm kind, u64 now_ns)
{
	u64 cost = port->storm_cost_ns[kind];

	if (!cost || bucket_take(&port->storm[kind], cost, MAX(cost, STORM_BURST_NS), now_ns))
		return true;
	vsw_port_drop(port, VSW_DROP_STORM, 1);
	return false;
}

/* Take a tag out, and find the frame's VLAN. */
static enum vsw_drop admit_vlan(struct vsw_port *port, struct pkt *p)
{
	const u8 *data = pkt_data_const(p);
	u16 vid;

	if (p->head_len < ETH_HEADER + 2 || get_be16(data + 12) != ETH_TYPE_VLAN)
		return ADMITTED;
	if (p->len < ETH_HEADER + ETH_TAG)
		return VSW_DROP_MALFORMED;
	if (p->off.flags & PKT_OFF_NEEDS_CSUM && p->off.csum_start < ETH_HEADER + ETH_TAG)
		return VSW_DROP_OFFLOAD;
	pkt_tag_pop(p);
	vid = p->vlan & 0xfff;
	/* A second tag would become the first one where this one is not sent along. */
	if (get_be16(pkt_data(p) + 12) == ETH_TYPE_VLAN)
		return VSW_DROP_VLAN;
	if (!vid) { /* a priority, no VLAN */
		p->vlan |= port->pvid;
		return ADMITTED;
	}
	if (!(port->flags & VSW_PORT_TRUNK) || !vsw_is_member(port, vid))
		return VSW_DROP_VLAN;
	return ADMITTED;
}

static enum vsw_drop admit_source(const struct vsw_port *port, struct pkt *p, u64 src)
{
	if (!(port->slow_in & SLOW_SPOOF))
		return ADMITTED;
	if (port->flags & VSW_PORT_SPOOF_MAC && src != port->mac)
		return VSW_DROP_SPOOF_MAC;
	if (port->flags & VSW_PORT_SPOOF_IP && !vsw_source_ip_ok(port, p))
		return VSW_DROP_SPOOF_IP;
	return ADMITTED;
}

static enum vsw_drop admit_rate(struct vsw_port *port, const struct pkt *p, u64 now_ns)
{
	u64 cost = (u64)p->len * port->rate_cost >> 16;

	if (!cost || bucket_take(&port->rate, cost, port->rate_burst_ns, now_ns))
		return ADMITTED;
	return VSW_DROP_RATE;
}

static enum vsw_drop admit_checks(struct vsw_port *port, struct pkt *p, u64 now_ns)
{
	enum vsw_drop drop;
	u64 first, second, src;

	if (port->slow_in & SLOW_DOWN)
		return VSW_DROP_LINK;
	if (p->len < ETH_HEADER || p->len > PKT_LEN_MAX || pkt_pull(p, PKT_HEAD_MIN + ETH_TAG))
		return VSW_DROP_MALFORMED;
	first = copy_load(pkt_data(p));
	second = copy_load(pkt_data(p) + 8);
	src = (first >> 48 | second << 16) & FDB_MAC;
	if (src & GROUP)
		return VSW_DROP_MALFORMED;
	if ((first & RESERVED_MASK) == RESERVED)
		return VSW_DROP_RESERVED;
	drop = admit_vlan(port, p);
	if (drop == ADMITTED && vsw_offload_word(p) && pkt_offload_check(p))
		drop = VSW_DROP_OFFLOAD;
	if (drop == ADMITTED)
		drop = admit_source(port, p, src);
	return drop == ADMITTED ? admit_rate(port, p, now_ns) : drop;
}

enum vsw_admission vsw_admit(struct vsw_port *port, struct pkt *p, u64 now_ns)
{
	struct pcap_ring *capture = __atomic_load_n(&port->capture, __ATOMIC_ACQUIRE);
	enum vsw_drop drop;
	enum vsw_storm kind;
	u64 dst;

	if (capture)
		pcap_ring_put(capture, p, now_ns);
	drop = admit_checks(port, p, now_ns);
	if (drop != ADMITTED) {
		vsw_port_drop(port, drop, 1);
		return VSW_ADMIT_DROP;
	}
	dst = copy_load(pkt_data(p)) & FDB_MAC;
	if (!(dst & GROUP))
		return VSW_ADMIT_KNOWN;
	kind = dst == BROADCAST ? VSW_STORM_BROADCAST : VSW_STORM_MULTICAST;
	return vsw_storm_allows(port, kind, now_ns) ? VSW_ADMIT_FLOOD : VSW_ADMIT_DROP;
}
