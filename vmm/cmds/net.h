/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the shell's `net`, by file. argc and argv are the command's, argv[1] the verb;
 * each returns as a command does. */
#ifndef VMM_CMDS_NET_H
#define VMM_CMDS_NET_H

#include "kernel/shell/shell.h"
#include "vmm/net/net.h"

/* Room for a text of each kind. */
#define NET_MAC_TEXT 18
#define NET_IP_TEXT 16

void net_mac_text(char *to, const u8 mac[6]);
/* address in host byte order. */
void net_ip_text(char *to, u32 address);

/* Find by name and say so if there is none. */
struct net_switch *net_want_switch(struct shell *sh, const char *name);
struct net_nic *net_want_nic(struct shell *sh, const char *name);

/* Call fn for each port of the switch, guests' and others, while none of them can go. */
void net_each_port(struct net_switch *sw, void (*fn)(void *ctx, struct vsw_port *port), void *ctx);

/* net_list.c */
int net_cmd_list(struct shell *sh, int argc, char **argv);
int net_cmd_show(struct shell *sh, int argc, char **argv);
/* net_ports.c */
int net_cmd_macs(struct shell *sh, int argc, char **argv);
int net_cmd_stats(struct shell *sh, int argc, char **argv);
/* net_change.c */
int net_cmd_link(struct shell *sh, int argc, char **argv);
int net_cmd_vlan(struct shell *sh, int argc, char **argv);
/* net_nat.c */
int net_cmd_nat(struct shell *sh, int argc, char **argv);
int net_cmd_leases(struct shell *sh, int argc, char **argv);
int net_cmd_forward(struct shell *sh, int argc, char **argv);
/* net_capture.c */
int net_cmd_capture(struct shell *sh, int argc, char **argv);

#endif
