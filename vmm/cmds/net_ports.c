/* SPDX-License-Identifier: BSD-2-Clause */
/* `net macs` and `net stats`. */
#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/time/time.h"
#include "vmm/cmds/net.h"

/* Rows per call of the job: what it prints stays below 2 KiB. */
#define ROWS 24

/* Which of all switches, or of one, a listing has come to. */
struct macs_job {
	struct net_switch *sw; /* NULL: at the end */
	bool all;
	u64 at;
};

static struct net_switch *next_switch(struct net_switch *sw)
{
	return sw->link.next == net_switches() ? NULL
					       : list_entry(sw->link.next, struct net_switch, link);
}

static void print_row(struct shell *sh, const struct net_switch *sw, const struct fdb_row *row)
{
	const struct vsw_port *port = sw->vsw.ports[row->port];
	char mac[NET_MAC_TEXT];

	net_mac_text(mac, row->mac);
	shell_printf(sh, "%-12s %-24s %s %5u ", sw->config->name, port ? port->config.name : "?",
		     mac, row->vid);
	if (row->fixed)
		shell_printf(sh, "%8s\n", "own");
	else
		shell_printf(sh, "%6u s\n", row->age_s);
}

static bool macs_step(struct shell *sh, void *ctx)
{
	struct macs_job *job = ctx;
	struct vsw_worker *w = net_worker();
	struct fdb_row row;

	vsw_enter(w, time_now_ns());
	for (u32 i = 0; job->sw && i < ROWS; i++) {
		if (fdb_next(&job->sw->vsw.fdb, &job->at, fdb_age_now(time_now_ns()), &row)) {
			print_row(sh, job->sw, &row);
			continue;
		}
		job->sw = job->all ? next_switch(job->sw) : NULL;
		job->at = 0;
	}
	vsw_leave(w);
	return job->sw;
}

int net_cmd_macs(struct shell *sh, int argc, char **argv)
{
	static struct macs_job job;

	job = (struct macs_job){.all = argc == 2};
	if (argc > 3)
		return ERR_INVAL;
	if (argc == 3)
		job.sw = net_want_switch(sh, argv[2]);
	else if (!list_empty(net_switches()))
		job.sw = list_entry(net_switches()->next, struct net_switch, link);
	if (argc == 3 && !job.sw)
		return ERR_NOENT;
	shell_printf(sh, "%-12s %-24s %-17s %5s %8s\n", "SWITCH", "PORT", "MAC", "VLAN", "AGE");
	shell_set_job(sh, macs_step, &job);
	return 0;
}

/* --- counters ----------------------------------------------------------------------------------
 */

struct stats_of {
	struct shell *sh;
	const char *name; /* NULL: of all */
	u32 found;
};

static void print_port(void *ctx, struct vsw_port *port)
{
	struct stats_of *of = ctx;
	const struct vsw_counters *c = &port->counters;

	if (of->name && strcmp(of->name, port->config.name))
		return;
	of->found++;
	shell_printf(of->sh, "%-24s %12llu %14llu %12llu %14llu\n", port->config.name,
		     (unsigned long long)c->in_packets, (unsigned long long)c->in_bytes,
		     (unsigned long long)c->out_packets, (unsigned long long)c->out_bytes);
	if (c->flooded)
		shell_printf(of->sh, "  flooded %llu\n", (unsigned long long)c->flooded);
	for (u32 i = 0; i < VSW_DROP_KINDS; i++)
		if (c->drops[i])
			shell_printf(of->sh, "  dropped %llu %s: %s\n",
				     (unsigned long long)c->drops[i],
				     i < VSW_DROP_OUT ? "from it" : "to it", vsw_drop_name(i));
}

/* The card of a NAT is behind the gateway, and no port of the switch. */
static void print_ports(struct net_switch *sw, struct stats_of *of)
{
	struct vsw_port *uplink = net_switch_uplink_port(sw);

	net_each_port(sw, print_port, of);
	if (uplink && !uplink->sw)
		print_port(of, uplink);
}

int net_cmd_stats(struct shell *sh, int argc, char **argv)
{
	struct stats_of of = {.sh = sh, .name = argc == 3 ? argv[2] : NULL};
	struct list *it;

	if (argc > 3)
		return ERR_INVAL;
	shell_printf(sh, "%-24s %12s %14s %12s %14s\n", "PORT", "FRAMES FROM", "BYTES FROM",
		     "FRAMES TO", "BYTES TO");
	list_for_each (it, net_switches()) {
		struct net_switch *sw = list_entry(it, struct net_switch, link);
		struct stats_of all = {.sh = sh};

		if (of.name && !strcmp(of.name, sw->config->name)) {
			print_ports(sw, &all);
			return 0;
		}
		print_ports(sw, &of);
	}
	if (!of.found && of.name)
		shell_printf(sh, "there is no port %s at the moment; `net list` shows all\n",
			     of.name);
	return of.found || !of.name ? 0 : ERR_NOENT;
}
