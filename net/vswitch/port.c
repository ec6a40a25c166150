/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports come, change and go, while frames flow. */
#include "net/vswitch/port.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "net/pkt/parse.h"
#include "net/vswitch/internal.h"

#define RATE_BURST_NS 20000000ull /* at least, and at least the time of RATE_BURST bytes */
#define RATE_BURST KIB(128)
#define MBPS_MAX 400000

static u64 mac_word(const u8 mac[6])
{
	u64 word = 0;

	memcpy(&word, mac, 6);
	return word;
}

/* Fill in the defaults, and refuse what is out of range. */
static int check_config(struct vsw_port_config *c)
{
	c->name[VSW_NAME - 1] = 0;
	if (!c->mtu)
		c->mtu = VSW_MTU_DEFAULT;
	if (!c->pvid)
		c->pvid = VSW_VLAN_DEFAULT;
	if (!c->quota)
		c->quota = c->flags & VSW_PORT_UPLINK ? VSW_QUOTA_UPLINK : VSW_QUOTA_DEFAULT;
	for (u32 i = 0; i < VSW_STORM_KINDS; i++)
		if (!c->storm_pps[i])
			c->storm_pps[i] = VSW_STORM_DEFAULT;
	if (c->mtu < VSW_MTU_MIN || c->mtu > VSW_MTU_MAX)
		return trace_err(ERR_RANGE, "port %s: MTU %u: take %u to %u", c->name, c->mtu,
				 VSW_MTU_MIN, VSW_MTU_MAX);
	if (c->pvid >= VSW_VLANS - 1)
		return trace_err(ERR_RANGE, "port %s: VLAN %u: take 1 to 4094", c->name, c->pvid);
	if (c->in_mbps > MBPS_MAX)
		return trace_err(ERR_RANGE, "port %s: %u Mbit/s: take at most %u", c->name,
				 c->in_mbps, MBPS_MAX);
	if (c->addresses > VSW_PORT_ADDRESSES)
		return trace_err(ERR_RANGE, "port %s: %u addresses: take at most %u", c->name,
				 c->addresses, VSW_PORT_ADDRESSES);
	if (c->mac[0] & 1)
		return trace_err(ERR_INVAL,
				 "port %s: its MAC is a group address: clear the lowest "
				 "bit of the first byte",
				 c->name);
	return ERR_OK;
}

static void set_limits(struct vsw_port *port, const struct vsw_port_config *c)
{
	for (u32 i = 0; i < VSW_STORM_KINDS; i++)
		port->storm_cost_ns[i] = c->storm_pps[i] == ~0u ? 0 : 1000000000u / c->storm_pps[i];
	port->rate_cost = c->in_mbps ? (u32)((8000ull << 16) / c->in_mbps) : 0;
	port->rate_burst_ns = MAX(RATE_BURST_NS, RATE_BURST * port->rate_cost >> 16);
}

static void set_vlans(struct vsw_port *port, const struct vsw_port_config *c)
{
	bool trunk = c->flags & VSW_PORT_TRUNK;

	for (u32 i = 0; i < ARRAY_SIZE(port->vlans); i++) {
		u64 word = trunk ? (c->vlans ? c->vlans[i] : ~0ull) : 0;

		if (i == c->pvid / 64u)
			word |= BIT(c->pvid % 64);
		__atomic_store_n(&port->vlans[i], word, __ATOMIC_RELAXED);
	}
}

/* What the packet path looks at, from config and state. */
static void set_paths(struct vsw_port *port)
{
	u32 in = 0, out = 0;

	if (port->state)
		in |= SLOW_DOWN;
	if (port->flags & (VSW_PORT_SPOOF_MAC | VSW_PORT_SPOOF_IP))
		in |= SLOW_SPOOF;
	if (port->rate_cost)
		in |= SLOW_RATE;
	if (port->flags & VSW_PORT_TRUNK)
		out |= SLOW_TRUNK;
	if (port->capture) {
		in |= SLOW_CAPTURE;
		out |= SLOW_CAPTURE;
	}
	__atomic_store_n(&port->slow_in, in, __ATOMIC_RELEASE);
	__atomic_store_n(&port->slow_out, out, __ATOMIC_RELEASE);
}

static void apply_config(struct vsw_port *port, const struct vsw_port_config *c)
{
	set_limits(port, c);
	set_vlans(port, c);
	port->config = *c;
	port->config.vlans = NULL; /* the caller's */
	port->pvid = c->pvid;
	__atomic_store_n(&port->mac, mac_word(c->mac), __ATOMIC_RELAXED);
	port->flags = c->flags;
	port->frame_max = (u32)c->mtu + ETH_HEADER;
	set_paths(port);
}

int vsw_port_init(struct vsw_port *port, const struct vsw_port_ops *ops,
		  const struct vsw_port_config *config)
{
	struct vsw_port_config c = *config;
	int err = check_config(&c);

	if (err)
		return err;
	memset(port, 0, sizeof(*port));
	port->ops = ops;
	apply_config(port, &c);
	vsw_port_set_offloads(port, 0);
	vsw_port_set_filter(port, c.flags & VSW_PORT_UPLINK ? VSW_RX_PROMISC : VSW_RX_ALLMULTI,
			    NULL, 0);
	return ERR_OK;
}

/* Whether another port than port has this name or MAC. The switch's lock is held. */
static bool is_taken(const struct vsw *sw, const struct vsw_port *port,
		     const struct vsw_port_config *c)
{
	for (u32 i = 1; i < sw->port_top; i++) {
		const struct vsw_port *other = sw->ports[i];

		if (!other || other == port)
			continue;
		if (!strcmp(other->config.name, c->name) ||
		    (mac_word(c->mac) && mac_word(c->mac) == mac_word(other->config.mac)))
			return true;
	}
	return false;
}

/* Enter the port's own address, in its VLAN. Without a slot it is flooded to, which its filter
 * lets pass. */
static void add_own_address(struct vsw *sw, struct vsw_port *port)
{
	u64 mac = mac_word(port->config.mac);

	sw->fdb.ports[port->index].quota = port->config.quota;
	if (mac && fdb_add_fixed(&sw->fdb, mac, port->pvid, port->index))
		log_warn("switch %s: no slot for the address of port %s: it is flooded to. Make "
			 "the table larger",
			 sw->name, port->config.name);
}

static int attach(struct vsw *sw, struct vsw_port *port)
{
	size_t index = bitmap_next_clear(sw->busy, VSW_PORTS, 1);

	if (is_taken(sw, port, &port->config))
		return trace_err(ERR_EXIST,
				 "switch %s: port %s: its name or MAC is another port's: "
				 "change one of them",
				 sw->name, port->config.name);
	if (index == VSW_PORTS)
		return trace_err(ERR_RANGE, "switch %s: port %s: there are %u ports already",
				 sw->name, port->config.name, VSW_PORTS - 1);
	bitmap_set(sw->busy, index);
	port->sw = sw;
	port->index = (u16)index;
	fdb_flush_port(&sw->fdb, port->index);
	add_own_address(sw, port);
	__atomic_store_n(&sw->ports[index], port, __ATOMIC_RELEASE);
	if (index >= sw->port_top)
		__atomic_store_n(&sw->port_top, (u32)index + 1, __ATOMIC_RELEASE);
	return ERR_OK;
}

int vsw_port_add(struct vsw *sw, struct vsw_port *port, const struct vsw_port_ops *ops,
		 const struct vsw_port_config *config)
{
	int err = vsw_port_init(port, ops, config);

	if (err)
		return err;
	ticket_lock(&sw->lock);
	err = attach(sw, port);
	ticket_unlock(&sw->lock);
	return err;
}

void vsw_port_unlink(struct vsw_port *port)
{
	struct vsw *sw = port->sw;

	ticket_lock(&sw->lock);
	if (!(port->state & VSW_PORT_LEAVING)) {
		port->state |= VSW_PORT_LEAVING;
		set_paths(port);
		__atomic_store_n(&sw->ports[port->index], NULL, __ATOMIC_RELEASE);
		fdb_flush_port(&sw->fdb, port->index);
		port->left_at = vsw_cookie(sw->workers);
	}
	ticket_unlock(&sw->lock);
}

bool vsw_port_gone(struct vsw_port *port)
{
	struct vsw *sw = port->sw;

	if (!(port->state & VSW_PORT_LEAVING) || !vsw_quiesced(sw->workers, port->left_at))
		return false;
	ticket_lock(&sw->lock);
	bitmap_clear(sw->busy, port->index);
	ticket_unlock(&sw->lock);
	port->sw = NULL;
	return true;
}

int vsw_port_configure(struct vsw_port *port, const struct vsw_port_config *config)
{
	struct vsw_port_config c = *config;
	struct vsw *sw = port->sw;
	int err = check_config(&c);

	if (err)
		return err;
	ticket_lock(&sw->lock);
	if (port->state & VSW_PORT_LEAVING)
		err = ERR_BUSY;
	else if (is_taken(sw, port, &c))
		err = trace_err(ERR_EXIST, "switch %s: port %s: its name or MAC is another port's",
				sw->name, c.name);
	if (!err) {
		apply_config(port, &c);
		fdb_flush_port(&sw->fdb, port->index);
		add_own_address(sw, port);
	}
	ticket_unlock(&sw->lock);
	return err;
}

static void set_link(struct vsw_port *port, bool up)
{
	port->state = up ? port->state & ~(u32)VSW_PORT_DOWN : port->state | VSW_PORT_DOWN;
	set_paths(port);
}

void vsw_port_set_link(struct vsw_port *port, bool up)
{
	struct vsw *sw = port->sw;

	if (sw) {
		ticket_lock(&sw->lock);
		set_link(port, up);
		if (!(port->state & VSW_PORT_LEAVING)) {
			fdb_flush_port(&sw->fdb, port->index);
			add_own_address(sw, port);
		}
		ticket_unlock(&sw->lock);
	} else {
		set_link(port, up);
	}
	if (port->ops->link)
		port->ops->link(port, up);
}

void vsw_port_set_offloads(struct vsw_port *port, u32 offloads)
{
	u16 mask = offloads & VSW_OFF_CSUM ? 0xff00 : 0xffff;

	if ((offloads & VSW_OFF_ALL) == VSW_OFF_ALL)
		mask = 0;
	port->offloads = offloads & VSW_OFF_ALL;
	port->off_mask = mask;
}

void vsw_port_set_filter(struct vsw_port *port, u32 mode, const u8 (*macs)[6], u32 count)
{
	u64 hash[VSW_RX_HASH_WORDS] = {0};

	for (u32 i = 0; i < count; i++)
		bitmap_set(hash, vsw_filter_bit(mac_word(macs[i])));
	/* First what is added, then without what is removed: no moment is too strict. */
	for (u32 i = 0; i < VSW_RX_HASH_WORDS; i++)
		__atomic_fetch_or(&port->filter.hash[i], hash[i], __ATOMIC_RELAXED);
	__atomic_store_n(&port->filter.mode, mode, __ATOMIC_RELEASE);
	for (u32 i = 0; i < VSW_RX_HASH_WORDS; i++)
		__atomic_store_n(&port->filter.hash[i], hash[i], __ATOMIC_RELAXED);
}

void vsw_port_set_capture(struct vsw_port *port, struct pcap_ring *ring)
{
	__atomic_store_n(&port->capture, ring, __ATOMIC_RELEASE);
	if (port->sw)
		ticket_lock(&port->sw->lock);
	set_paths(port);
	if (port->sw)
		ticket_unlock(&port->sw->lock);
}

void vsw_port_drop(struct vsw_port *port, enum vsw_drop why, u32 n)
{
	vsw_count(&port->counters.drops[why], n);
}

u64 vsw_port_credit(const struct vsw_port *port, u64 now_ns, u64 *next_ns)
{
	u64 left;

	if (!port->rate_cost)
		return ~0ull;
	left = bucket_left(&port->rate, port->rate_burst_ns, now_ns);
	/* A credit smaller than a frame is no use: wait for that much. */
	if (left < ((u64)port->frame_max * port->rate_cost >> 16)) {
		if (next_ns)
			*next_ns = now_ns + ((u64)port->frame_max * port->rate_cost >> 16) - left;
		return 0;
	}
	return (left << 16) / port->rate_cost;
}

struct vsw_port *vsw_port_find(struct vsw *sw, const char *name)
{
	for (u32 i = 1; i < sw->port_top; i++) {
		struct vsw_port *port = __atomic_load_n(&sw->ports[i], __ATOMIC_ACQUIRE);

		if (port && !strcmp(port->config.name, name))
			return port;
	}
	return NULL;
}
