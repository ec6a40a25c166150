/* SPDX-License-Identifier: BSD-2-Clause */
/* `net nat`, `net leases`, `net forward`. The gateway has addresses in network byte order. */
#include <stdio.h>
#include <string.h>

#include "kernel/lib/err.h"
#include "net/service/gateway.h"
#include "vmm/cmds/net.h"

/* Rows per call of a job. */
#define ROWS 16

static void ip_text(char *to, u32 address)
{
	net_ip_text(to, __builtin_bswap32(address));
}

/* Where a listing over the gateways has come to. */
static struct nat_job {
	struct net_switch *sw; /* NULL: at the end */
	bool all;
	u32 at;
} job;

static struct net_switch *gateway_from(struct list *at)
{
	for (; at != net_switches(); at = at->next)
		if (list_entry(at, struct net_switch, link)->gateway)
			return list_entry(at, struct net_switch, link);
	return NULL;
}

static void next_gateway(void)
{
	job.sw = job.all ? gateway_from(job.sw->link.next) : NULL;
	job.at = 0;
}

/* Begin with the switch that is named, or with all. False: there is none, which was said. */
static bool begin(struct shell *sh, int argc, char **argv)
{
	job = (struct nat_job){.all = argc == 2};
	job.sw = job.all ? gateway_from(net_switches()->next) : net_want_switch(sh, argv[2]);
	if (job.sw && job.sw->gateway)
		return true;
	if (job.all)
		shell_printf(sh, "no switch has the mode \"nat\"\n");
	else if (job.sw)
		shell_printf(sh, "switch %s is no NAT switch\n", argv[2]);
	return false;
}

/* --- connections -------------------------------------------------------------------------------
 */

static void print_connection(struct shell *sh, const struct nat_row *row, const char *port)
{
	static const char *const protos[] = {[1] = "icmp", [6] = "tcp", [17] = "udp"};
	const struct nat_tuple *t = row->tuple;
	char from[NET_IP_TEXT], to[NET_IP_TEXT], as[NET_IP_TEXT];

	ip_text(from, t[0].src);
	ip_text(to, t[0].dst);
	ip_text(as, t[1].dst);
	shell_printf(sh, "%-4s %s:%u > %s:%u as %s:%u, %s, %u + %u packets, %u s idle, %s\n",
		     row->proto < ARRAY_SIZE(protos) && protos[row->proto] ? protos[row->proto]
									   : "?",
		     from, __builtin_bswap16(t[0].sport), to, __builtin_bswap16(t[0].dport), as,
		     __builtin_bswap16(t[1].dport), row->state, row->packets[0], row->packets[1],
		     row->idle, port);
}

static void print_gateway(struct shell *sh, struct net_switch *sw)
{
	struct gateway_info info;
	char ip[NET_IP_TEXT], router[NET_IP_TEXT];

	gateway_get_info(sw->gateway, &info);
	ip_text(ip, info.uplink.address);
	ip_text(router, info.uplink.router);
	shell_printf(sh, "switch %s: uplink %s, address %s (%s), router %s%s\n", sw->config->name,
		     net_switch_uplink(sw), info.uplink.address ? ip : "none", info.dhcp_state,
		     info.uplink.router ? router : "none",
		     info.router_known ? "" : ", which has not answered");
	shell_printf(sh, "  %u connections of at most %u, %u ports in use, %u leases\n",
		     info.sessions, info.sessions_max, info.mappings, info.leases);
	shell_printf(sh, "  DNS: %llu asked, %llu answered, %llu refused, %llu lost\n",
		     (unsigned long long)info.dns_asked, (unsigned long long)info.dns_answered,
		     (unsigned long long)info.dns_refused, (unsigned long long)info.dns_lost);
	for (u32 i = 0; i < NAT_COUNTS; i++)
		if (info.counts[i])
			shell_printf(sh, "  %llu %s\n", (unsigned long long)info.counts[i],
				     nat_count_name((enum nat_count)i));
}

static bool nat_step(struct shell *sh, void *ctx)
{
	struct nat_row row;
	char port[VSW_NAME];

	(void)ctx;
	if (job.sw && !job.at)
		print_gateway(sh, job.sw);
	for (u32 i = 0; job.sw && i < ROWS; i++) {
		if (!gateway_connection_next(job.sw->gateway, &job.at, &row, port)) {
			next_gateway();
			break;
		}
		print_connection(sh, &row, port);
	}
	return job.sw;
}

int net_cmd_nat(struct shell *sh, int argc, char **argv)
{
	if (argc > 3)
		return ERR_INVAL;
	if (!begin(sh, argc, argv))
		return ERR_NOENT;
	shell_set_job(sh, nat_step, NULL);
	return 0;
}

/* --- leases ------------------------------------------------------------------------------------
 */

static bool leases_step(struct shell *sh, void *ctx)
{
	struct gateway_lease_row row;
	char ip[NET_IP_TEXT], mac[NET_MAC_TEXT];

	(void)ctx;
	for (u32 i = 0; job.sw && i < ROWS; i++) {
		if (!gateway_lease_next(job.sw->gateway, &job.at, &row)) {
			next_gateway();
			break;
		}
		ip_text(ip, row.address);
		net_mac_text(mac, row.mac);
		shell_printf(sh, "%-12s %-15s %s %-10s %6u s %-24s %s%s\n", job.sw->config->name,
			     ip, mac, row.state, row.left_s, row.port, row.name,
			     row.reserved ? " (reserved)" : "");
	}
	return job.sw;
}

int net_cmd_leases(struct shell *sh, int argc, char **argv)
{
	if (argc > 3)
		return ERR_INVAL;
	if (!begin(sh, argc, argv))
		return ERR_NOENT;
	shell_printf(sh, "%-12s %-15s %-17s %-10s %8s %-24s %s\n", "SWITCH", "ADDRESS", "MAC",
		     "STATE", "LEFT", "PORT", "NAME");
	shell_set_job(sh, leases_step, NULL);
	return 0;
}

/* --- forwards ----------------------------------------------------------------------------------
 */

static void print_forwards(struct shell *sh, struct net_switch *sw)
{
	struct gateway_forward_row row;
	char ip[NET_IP_TEXT];

	for (u32 at = 0; gateway_forward_next(sw->gateway, &at, &row);) {
		ip_text(ip, row.address);
		shell_printf(sh, "%-12s %s:%u:%s:%u  %s, %llu connections\n", sw->config->name,
			     row.text.proto == 6 ? "tcp" : "udp", row.text.external, row.text.guest,
			     row.text.port, row.address ? ip : "the guest has no address",
			     (unsigned long long)row.packets);
	}
}

static int list_forwards(struct shell *sh)
{
	for (struct net_switch *sw = gateway_from(net_switches()->next); sw;
	     sw = gateway_from(sw->link.next))
		print_forwards(sh, sw);
	return 0;
}

int net_cmd_forward(struct shell *sh, int argc, char **argv)
{
	struct net_switch *sw;
	bool add;
	int err;

	if (argc == 2)
		return list_forwards(sh);
	if (argc != 5 || (strcmp(argv[2], "add") && strcmp(argv[2], "del")))
		return ERR_INVAL;
	add = argv[2][0] == 'a';
	sw = net_want_switch(sh, argv[3]);
	if (!sw)
		return ERR_NOENT;
	if (!sw->gateway) {
		shell_printf(sh, "switch %s is no NAT switch\n", argv[3]);
		return ERR_NOENT;
	}
	err = add ? gateway_forward_add(sw->gateway, argv[4])
		  : gateway_forward_del(sw->gateway, argv[4]);
	if (err)
		shell_printf(sh, "forward %s: %s\n", argv[4], err_name(err));
	else
		shell_printf(sh, "forward %s %s\n", argv[4], add ? "made" : "removed");
	/* The usage helps with a rule that is not understood only. */
	return err == ERR_INVAL ? ERR_NOENT : err;
}
