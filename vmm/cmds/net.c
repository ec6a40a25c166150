/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `net`: verbs, and what they share. */
#include "vmm/cmds/net.h"

#include <stdio.h>
#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/time/time.h"

void net_mac_text(char *to, const u8 mac[6])
{
	(void)snprintf(to, NET_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5]);
}

void net_ip_text(char *to, u32 address)
{
	(void)snprintf(to, NET_IP_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		       address >> 8 & 0xff, address & 0xff);
}

struct net_switch *net_want_switch(struct shell *sh, const char *name)
{
	struct net_switch *sw = net_switch_find(name);

	if (!sw)
		shell_printf(sh, "there is no switch %s; `net list` shows all\n", name);
	return sw;
}

struct net_nic *net_want_nic(struct shell *sh, const char *name)
{
	struct net_nic *nic = net_nic_find(name);

	if (!nic)
		shell_printf(sh, "there is no NIC %s; `net list` shows all, as VM.NODE\n", name);
	return nic;
}

void net_each_port(struct net_switch *sw, void (*fn)(void *ctx, struct vsw_port *port), void *ctx)
{
	struct vsw_worker *w = net_worker();

	vsw_enter(w, time_now_ns());
	for (u32 i = 0; i < VSW_PORTS; i++) {
		struct vsw_port *port = __atomic_load_n(&sw->vsw.ports[i], __ATOMIC_ACQUIRE);

		if (port)
			fn(ctx, port);
	}
	vsw_leave(w);
}

/* What the words behind a verb may be. */
enum names { NAMES_NONE, NAMES_SWITCHES, NAMES_NICS, NAMES_ALL };

static const struct {
	const char *name;
	int (*fn)(struct shell *sh, int argc, char **argv);
	enum names names;
} verbs[] = {
    {"list", net_cmd_list, NAMES_NONE},         {"show", net_cmd_show, NAMES_ALL},
    {"macs", net_cmd_macs, NAMES_SWITCHES},     {"stats", net_cmd_stats, NAMES_ALL},
    {"link", net_cmd_link, NAMES_NICS},         {"vlan", net_cmd_vlan, NAMES_NICS},
    {"capture", net_cmd_capture, NAMES_NICS},   {"nat", net_cmd_nat, NAMES_SWITCHES},
    {"leases", net_cmd_leases, NAMES_SWITCHES}, {"forward", net_cmd_forward, NAMES_NONE},
};

static int net_command(struct shell *sh, int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].fn(sh, argc, argv);
	return ERR_INVAL;
}

static void complete_names(struct shell_completion *c, enum names names)
{
	struct list *it;

	if (names & NAMES_SWITCHES)
		list_for_each (it, net_switches())
			shell_complete_add(c,
					   list_entry(it, struct net_switch, link)->config->name);
	if (names & NAMES_NICS)
		list_for_each (it, net_nics())
			shell_complete_add(c, list_entry(it, struct net_nic, link)->name);
}

static void net_complete(struct shell_completion *c, int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (argc == 2)
			shell_complete_add(c, verbs[i].name);
		else if (argc >= 3 && !strcmp(argv[1], verbs[i].name))
			complete_names(c, verbs[i].names);
	}
}

SHELL_COMMAND(
    net,
    "list | show|stats [NAME] | macs [SWITCH] | link up|down NIC | vlan NIC VLAN | capture NIC ... "
    "| nat|leases [SWITCH] | forward ...",
    "show and change networks",
    "list              all switches, and the NICs on them\n"
    "show NAME         a switch or a NIC (VM.NODE) with its settings\n"
    "macs [SWITCH]     addresses that were learned: port, MAC, VLAN, age\n"
    "stats [NAME]      frames of each port, and why frames were dropped\n"
    "link up|down NIC  plug in or pull out the cable\n"
    "vlan NIC VLAN     the VLAN that it is in, 1 to 4094\n"
    "capture NIC start|stop|show|pcap\n"
    "                  record its frames; show them as text, or as a pcap file in base64\n"
    "A change holds until the next boot of the machine.",
    net_command, net_complete);
