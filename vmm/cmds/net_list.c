/* SPDX-License-Identifier: BSD-2-Clause */
/* `net list` and `net show`. */
#include <stdio.h>
#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/cmds/net.h"

static const char *const modes[] = {[CONFIG_SWITCH_BRIDGE] = "bridge",
				    [CONFIG_SWITCH_NAT] = "nat",
				    [CONFIG_SWITCH_HOST_ONLY] = "host-only"};

static void subnet_text(char *to, size_t size, const struct config_switch *c)
{
	char ip[NET_IP_TEXT];

	net_ip_text(ip, c->subnet);
	(void)snprintf(to, size, "%s/%u", ip, c->prefix);
	if (!c->subnet)
		(void)snprintf(to, size, "-");
}

static const char *nic_state(struct net_nic *nic)
{
	if (!nic->attached)
		return "off";
	return nic->link_down ? "down" : "up";
}

static void list_nics(struct shell *sh)
{
	char mac[NET_MAC_TEXT];
	struct list *it;

	shell_printf(sh, "%-24s %-12s %-8s %-17s %5s %s\n", "NIC", "SWITCH", "MODEL", "MAC", "VLAN",
		     "LINK");
	list_for_each (it, net_nics()) {
		struct net_nic *nic = list_entry(it, struct net_nic, link);

		net_mac_text(mac, nic->port_config.mac);
		shell_printf(sh, "%-24s %-12s %-8s %s %5u %s\n", nic->name, nic->sw->config->name,
			     nic->model->name, mac, nic->port_config.pvid, nic_state(nic));
	}
}

int net_cmd_list(struct shell *sh, int argc, char **argv)
{
	struct list *it;
	char subnet[32];

	(void)argv;
	if (argc != 2)
		return ERR_INVAL;
	if (list_empty(net_switches())) {
		shell_printf(sh, "no switch is configured; see `switches` in the configuration\n");
		return 0;
	}
	shell_printf(sh, "%-24s %-12s %-14s %-18s %5s\n", "SWITCH", "MODE", "UPLINK", "SUBNET",
		     "MTU");
	list_for_each (it, net_switches()) {
		const struct net_switch *sw = list_entry(it, struct net_switch, link);
		const struct config_switch *c = sw->config;

		subnet_text(subnet, sizeof(subnet), c);
		shell_printf(sh, "%-24s %-12s %-14s %-18s %5u\n", c->name, modes[c->mode],
			     net_switch_uplink(sw), subnet, c->mtu);
	}
	list_nics(sh);
	return 0;
}

/* --- one of them -------------------------------------------------------------------------------
 */

static void print_trunk(struct shell *sh, const struct net_nic *nic)
{
	for (u32 i = 0; i < nic->config->trunk_count; i++)
		shell_printf(sh, "%s%u", i ? ", " : "  trunk of VLANs ", nic->config->trunk[i]);
	if (nic->config->trunk_count)
		shell_printf(sh, "\n");
}

static int show_nic(struct shell *sh, struct net_nic *nic)
{
	const struct vsw_port_config *c = &nic->port_config;
	char mac[NET_MAC_TEXT], ip[NET_IP_TEXT];

	net_mac_text(mac, c->mac);
	shell_printf(sh, "NIC %s: %s on switch %s, link %s\n", nic->name, nic->model->name,
		     nic->sw->config->name, nic_state(nic));
	shell_printf(sh, "  MAC %s%s, MTU %u, VLAN %u\n", mac,
		     nic->config->mac_given ? "" : " (derived from the names)", c->mtu, c->pvid);
	print_trunk(sh, nic);
	if (c->in_mbps)
		shell_printf(sh, "  sends at most %u Mbit/s\n", c->in_mbps);
	if (nic->config->address) {
		net_ip_text(ip, nic->config->address);
		shell_printf(sh, "  address %s\n", ip);
	}
	if (c->flags & VSW_PORT_SPOOF_MAC)
		shell_printf(sh, "  may send from its own MAC%s only\n",
			     c->flags & VSW_PORT_SPOOF_IP ? " and IP address" : "");
	if (c->flags & VSW_PORT_ISOLATED)
		shell_printf(sh, "  isolated from other isolated NICs\n");
	ticket_lock(&nic->lock);
	if (nic->attached && nic->model->describe)
		nic->model->describe(nic->dev, sh);
	ticket_unlock(&nic->lock);
	return 0;
}

static void port_line(void *ctx, struct vsw_port *port)
{
	shell_printf(ctx, "  port %-3u %-24s VLAN %-4u MTU %-5u link %s, %u addresses\n",
		     port->index, port->config.name, port->pvid, port->config.mtu,
		     port->state & VSW_PORT_DOWN ? "down" : "up",
		     port->sw->fdb.ports[port->index].learned);
}

static int show_switch(struct shell *sh, struct net_switch *sw)
{
	char subnet[32];

	subnet_text(subnet, sizeof(subnet), sw->config);
	shell_printf(sh, "switch %s: %s, uplink %s, subnet %s, MTU %u\n", sw->config->name,
		     modes[sw->config->mode], net_switch_uplink(sw), subnet, sw->config->mtu);
	net_each_port(sw, port_line, sh);
	shell_printf(sh, "  %u addresses of at most %llu; %llu not learned, %llu moved\n",
		     sw->vsw.fdb.used, (unsigned long long)(sw->vsw.fdb.mask + 1) / 2,
		     (unsigned long long)sw->vsw.fdb.refused,
		     (unsigned long long)sw->vsw.fdb.moved);
	return 0;
}

int net_cmd_show(struct shell *sh, int argc, char **argv)
{
	struct net_switch *sw;
	struct net_nic *nic;

	if (argc != 3)
		return ERR_INVAL;
	sw = net_switch_find(argv[2]);
	if (sw)
		return show_switch(sh, sw);
	nic = net_nic_find(argv[2]);
	if (nic)
		return show_nic(sh, nic);
	shell_printf(sh, "there is no switch and no NIC %s; `net list` shows all\n", argv[2]);
	return ERR_NOENT;
}
