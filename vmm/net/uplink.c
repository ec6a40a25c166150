/* SPDX-License-Identifier: BSD-2-Clause */
/* The network card of a bridge or NAT switch. */
#include <stdio.h>
#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/time/time.h"
#include "net/uplink/uplink.h"
#include "vmm/net/impl.h"

/* Cards have room for fewer: that there are more is all they need to know. */
#define ADDRESSES 64

struct net_uplink {
	struct uplink uplink;
	struct net_switch *sw;
	char address[PCI_NAME];
	bool up; /* as the switch or the gateway was told last */
	/* What the card was told last: by one processor at a time. */
	struct ticketlock address_lock;
	u8 macs[ADDRESSES][6];
};

const char *net_switch_uplink(const struct net_switch *sw)
{
	if (sw->uplink)
		return sw->uplink->address;
	return sw->config->mode == CONFIG_SWITCH_HOST_ONLY ? "-" : "none";
}

/* --- which card --------------------------------------------------------------------------------
 */

static struct net_switch *user_of(const struct nic *nic)
{
	struct list *it;

	list_for_each (it, net_switches()) {
		struct net_switch *sw = list_entry(it, struct net_switch, link);

		if (sw->uplink && sw->uplink->uplink.nic == nic)
			return sw;
	}
	return NULL;
}

/* Named by another switch's `uplink`: not to be taken by one that names none. */
static bool is_wanted(const struct config *config, const struct nic *nic)
{
	struct list *it;
	u16 segment, bdf;

	list_for_each (it, &config->switches) {
		const struct config_switch *c = list_entry(it, struct config_switch, link);

		if (c->uplink && !pci_parse_address(c->uplink, &segment, &bdf) &&
		    nic_find(segment, bdf) == nic)
			return true;
	}
	return false;
}

static struct nic *first_free(const struct config *config)
{
	struct nic *nic = NULL;

	while ((nic = nic_next(nic)))
		if (!user_of(nic) && !is_wanted(config, nic))
			return nic;
	return NULL;
}

static struct nic *choose(const struct config *config, const struct config_switch *c)
{
	struct net_switch *user;
	struct nic *nic;
	u16 segment, bdf;

	if (!c->uplink) {
		nic = first_free(config);
		if (!nic)
			log_err("switch %s: there is no network card that is free: its guests "
				"reach each other only",
				c->name);
		return nic;
	}
	nic = pci_parse_address(c->uplink, &segment, &bdf) ? NULL : nic_find(segment, bdf);
	if (!nic) {
		log_err(
		    "switch %s: no network card that Hanok has a driver for is at %s: see `log` "
		    "for those that were found",
		    c->name, c->uplink);
		return NULL;
	}
	user = user_of(nic);
	if (user)
		log_err("switch %s: the card at %s is the uplink of switch %s: give another one",
			c->name, c->uplink, user->config->name);
	return user ? NULL : nic;
}

/* --- bridges -----------------------------------------------------------------------------------
 */

static void bridge_input(struct vsw_worker *w, struct uplink *uplink, struct pkt_batch *batch,
			 u64 now_ns)
{
	vsw_input(w, &uplink->port, batch, now_ns);
}

/* All VLANs pass with their tags; frames without one are in the default VLAN. */
static int attach_bridge(struct net_uplink *u)
{
	struct vsw_port_config config = {
	    .name = "uplink",
	    .flags = VSW_PORT_UPLINK | VSW_PORT_TRUNK,
	    .mtu = (u16)u->sw->config->mtu,
	};
	int err = vsw_port_add(&u->sw->vsw, &u->uplink.port, &uplink_port_ops, &config);

	if (!err) {
		vsw_port_set_offloads(&u->uplink.port, uplink_offloads(&u->uplink));
		vsw_port_set_link(&u->uplink.port, false); /* until it is looked at */
	}
	return err ? err : uplink_start(&u->uplink, true);
}

static bool address_of(struct net_nic *nic, u8 mac[6])
{
	bool there;

	ticket_lock(&nic->lock);
	there = nic->attached && !nic->link_down;
	if (there)
		memcpy(mac, nic->port.config.mac, 6);
	ticket_unlock(&nic->lock);
	return there;
}

void net_uplink_tell_addresses(struct net_switch *sw)
{
	struct net_uplink *u = sw->uplink;
	struct nic *nic = u ? u->uplink.nic : NULL;
	struct list *it;
	u32 n = 0;

	if (!nic || !nic->ops->set_addresses || sw->config->mode != CONFIG_SWITCH_BRIDGE)
		return;
	ticket_lock(&u->address_lock);
	list_for_each (it, net_nics()) {
		struct net_nic *guest = list_entry(it, struct net_nic, link);

		if (n < ADDRESSES && guest->sw == sw && address_of(guest, u->macs[n]))
			n++;
	}
	nic->ops->set_addresses(nic, u->macs, n);
	ticket_unlock(&u->address_lock);
}

/* --- making one --------------------------------------------------------------------------------
 */

static int start(struct net_uplink *u, struct nic *nic)
{
	bool bridge = u->sw->config->mode == CONFIG_SWITCH_BRIDGE;
	int err;

	uplink_init(&u->uplink, nic, net_workers(), bridge ? bridge_input : net_nat_input, u->sw);
	err = bridge ? attach_bridge(u) : net_nat_attach(&u->uplink);
	if (err)
		return err;
	(void)pci_name(nic->pci, u->address);
	u->sw->uplink = u;
	log_info("switch %s: %s at %s is its uplink", u->sw->config->name, nic->model, u->address);
	return 0;
}

static void create(struct net_switch *sw, struct nic *nic)
{
	struct net_uplink *u = heap_alloc(MAX(sizeof(*u), PAGE_SIZE));
	int err = ERR_NOMEM;

	if (u) {
		u->sw = sw;
		err = start(u, nic);
	}
	if (err)
		log_err("switch %s: its uplink cannot be used: %s", sw->config->name,
			err_name(err));
}

void net_uplink_create(struct net_switch *sw, const struct config *config)
{
	static const u8 no_mac[6];
	struct nic *nic = NULL;

	if (sw->config->mode != CONFIG_SWITCH_HOST_ONLY)
		nic = choose(config, sw->config);
	/* Without a card the gateway still gives addresses. */
	if (sw->config->mode == CONFIG_SWITCH_NAT && net_nat_create(sw, nic ? nic->mac : no_mac))
		return;
	if (nic)
		create(sw, nic);
}

void net_uplink_watch(struct net_switch *sw)
{
	struct net_uplink *u = sw->uplink;
	struct nic *nic = u ? u->uplink.nic : NULL;
	bool up;
	u32 mbps;

	if (!nic)
		return;
	up = nic->ops->link(nic, &mbps);
	if (up == u->up)
		return;
	u->up = up;
	log_info("switch %s: its uplink %s is %s", sw->config->name, u->address,
		 up ? "up" : "down");
	if (sw->gateway)
		net_nat_link(sw, &u->uplink.port, up);
	else
		vsw_port_set_link(&u->uplink.port, up);
}

struct vsw_port *net_switch_uplink_port(const struct net_switch *sw)
{
	return sw->uplink ? &sw->uplink->uplink.port : NULL;
}
