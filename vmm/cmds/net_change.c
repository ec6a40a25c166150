/* SPDX-License-Identifier: BSD-2-Clause */
/* `net link` and `net vlan`. */
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/cmds/net.h"

#define VLAN_MAX 4094

int net_cmd_link(struct shell *sh, int argc, char **argv)
{
	struct net_nic *nic;
	bool up;

	if (argc != 4 || (strcmp(argv[2], "up") && strcmp(argv[2], "down")))
		return ERR_INVAL;
	up = !strcmp(argv[2], "up");
	nic = net_want_nic(sh, argv[3]);
	if (!nic)
		return ERR_NOENT;
	net_nic_set_link(nic, up);
	shell_printf(sh, "%s: link %s\n", nic->name, up ? "up" : "down");
	return 0;
}

int net_cmd_vlan(struct shell *sh, int argc, char **argv)
{
	struct vsw_port_config config;
	struct net_nic *nic;
	unsigned long vlan;
	char *end;
	int err;

	if (argc != 4)
		return ERR_INVAL;
	nic = net_want_nic(sh, argv[2]);
	if (!nic)
		return ERR_NOENT;
	vlan = strtoul(argv[3], &end, 10);
	if (*end || !vlan || vlan > VLAN_MAX) {
		shell_printf(sh, "%s is no VLAN: give a number from 1 to %u\n", argv[3], VLAN_MAX);
		return ERR_INVAL;
	}
	config = nic->port_config;
	config.pvid = (u16)vlan;
	err = net_nic_configure(nic, &config);
	if (err)
		shell_printf(sh, "%s: VLAN not changed: %s\n", nic->name, err_name(err));
	else
		shell_printf(sh, "%s: VLAN %lu\n", nic->name, vlan);
	return err;
}
