/* SPDX-License-Identifier: BSD-2-Clause */
/* The gateway of a NAT switch, with its guests and its uplink. */
#include <stdio.h>
#include <string.h>

#include "kernel/sched/work.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "net/service/gateway.h"
#include "net/uplink/uplink.h"
#include "vmm/net/impl.h"

#define TICK_MS 100

static struct timer tick_timer;
static struct work tick_work;

/* To network byte order, as the gateway has all addresses. */
static u32 net32(u32 host)
{
	return __builtin_bswap32(host);
}

/* --- the clock ---------------------------------------------------------------------------------
 */

static bool tick(struct work *work)
{
	struct list *it;

	(void)work;
	list_for_each (it, net_switches()) {
		struct net_switch *sw = list_entry(it, struct net_switch, link);

		net_uplink_watch(sw);
		if (sw->gateway)
			gateway_tick(sw->gateway, net_worker(), time_now_ns());
	}
	return false;
}

static void tick_due(struct timer *timer)
{
	work_queue(&tick_work);
	timer_arm(timer, time_tsc() + time_ms_to_ticks(TICK_MS));
}

void net_tick_start(void)
{
	struct list *it;
	bool any = false;

	list_for_each (it, net_switches()) {
		const struct net_switch *sw = list_entry(it, struct net_switch, link);

		any = any || sw->gateway || sw->uplink;
	}
	if (!any)
		return;
	work_init(&tick_work, tick);
	timer_init(&tick_timer, tick_due);
	tick_due(&tick_timer);
}

/* --- making one --------------------------------------------------------------------------------
 */

/* An address of our own in the guests' network, the same at every boot. */
static void guest_mac(u8 mac[6], const struct config_switch *c)
{
	u32 hash = c->subnet;

	for (const char *s = c->name; *s; s++)
		hash = (hash ^ (u8)*s) * 0x01000193;
	mac[0] = 0x02;
	mac[1] = 0x48; /* H */
	memcpy(mac + 2, &hash, sizeof(hash));
}

static void fill_config(struct gateway_config *g, const struct config_switch *c, const u8 *card_mac)
{
	struct nat_config *nat = &g->nat;

	nat->subnet = net32(c->subnet);
	nat->mask = net32(~0u << (32 - c->prefix));
	nat->gateway = net32(c->subnet + 1);
	guest_mac(nat->guest_mac, c);
	memcpy(nat->uplink_mac, card_mac, sizeof(nat->uplink_mac));
	nat->guest_mtu = (u16)c->mtu;
	nat->uplink_mtu = VSW_MTU_DEFAULT;
	for (u32 i = 0; i < ARRAY_SIZE(nat->seed); i++)
		nat->seed[i] = net_random();
	g->dhcp.mtu = (u16)c->mtu;
	g->dns[0] = net32(c->dns);
	(void)snprintf(g->name, sizeof(g->name), "gateway");
	if (!c->address)
		return;
	g->uplink.address = net32(c->address);
	g->uplink.mask = net32(~0u << (32 - c->address_prefix));
	g->uplink.router = net32(c->gateway);
	g->uplink.mtu = VSW_MTU_DEFAULT;
}

static void add_forwards(struct net_switch *sw)
{
	char text[96];

	for (u32 i = 0; i < sw->config->forward_count; i++) {
		const struct config_forward *f = &sw->config->forwards[i];
		int err;

		(void)snprintf(text, sizeof(text), "%s:%u:%s:%u", f->udp ? "udp" : "tcp", f->port,
			       f->target, f->target_port);
		err = gateway_forward_add(sw->gateway, text);
		if (err)
			log_err("switch %s: forward %s is not made: %s", sw->config->name, text,
				err_name(err));
	}
}

int net_nat_create(struct net_switch *sw, const u8 *card_mac)
{
	struct gateway_config config = {.dhcp.lease_s = 0};
	void *memory;
	int err;

	fill_config(&config, sw->config, card_mac);
	memory = net_pages(gateway_bytes(&config));
	if (!memory)
		return trace_err(ERR_NOMEM, "switch %s: no memory for its gateway",
				 sw->config->name);
	err = gateway_init(&sw->gateway, &config, memory);
	if (!err)
		err = gateway_attach(sw->gateway, &sw->vsw);
	if (err) {
		sw->gateway = NULL;
		return trace_err(err, "switch %s: no gateway: %s", sw->config->name, err_name(err));
	}
	add_forwards(sw);
	return 0;
}

/* --- the uplink --------------------------------------------------------------------------------
 */

void net_nat_input(struct vsw_worker *w, struct uplink *uplink, struct pkt_batch *batch, u64 now_ns)
{
	struct vsw_counters *c = &uplink->port.counters;
	struct net_switch *sw = uplink->owner;
	u64 bytes = 0;

	for (u32 i = 0; i < batch->n; i++)
		bytes += batch->pkt[i]->len;
	__atomic_fetch_add(&c->in_packets, batch->n, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->in_bytes, bytes, __ATOMIC_RELAXED);
	gateway_uplink_input(sw->gateway, w, batch, now_ns);
}

int net_nat_attach(struct uplink *uplink)
{
	struct vsw_port_config config = {.name = "uplink", .flags = VSW_PORT_UPLINK};
	int err;

	memcpy(config.mac, uplink->nic->mac, sizeof(config.mac));
	err = vsw_port_init(&uplink->port, &uplink_port_ops, &config);
	if (err)
		return err;
	vsw_port_set_offloads(&uplink->port, uplink_offloads(uplink));
	return uplink_start(uplink, false);
}

void net_nat_link(struct net_switch *sw, struct vsw_port *port, bool up)
{
	if (sw->gateway)
		gateway_set_uplink(sw->gateway, port, up, time_now_ns());
}

/* --- guests ------------------------------------------------------------------------------------
 */

void net_nat_guest_up(struct net_nic *nic)
{
	int err;

	if (!nic->sw->gateway)
		return;
	err = gateway_guest_up(nic->sw->gateway, &nic->port, nic->port_config.mac,
			       net32(nic->config->address));
	if (err)
		log_err(
		    "%s: its address cannot be reserved: %s: see `address` in the configuration",
		    nic->name, err_name(err));
}

void net_nat_guest_down(struct net_nic *nic)
{
	if (nic->sw->gateway)
		gateway_guest_down(nic->sw->gateway, &nic->port);
}
