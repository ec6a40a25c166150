/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `vf`: devices that are passed to VMs. */
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"
#include "vmm/vpci/pass.h"

#define VLAN_MAX 4094
#define RATE_MAX 1000000

struct listing {
	u32 next;
};

static void print_mac(struct shell *sh, const u8 *mac)
{
	shell_printf(sh, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		     mac[5]);
}

static void print_settings(struct shell *sh, const struct pass_info *p)
{
	const struct nic_vf_config *c = &p->settings;

	shell_printf(sh, "  function %u of %s, MAC ", p->index, p->pf);
	print_mac(sh, c->mac);
	if (c->vlan)
		shell_printf(sh, ", VLAN %u", c->vlan);
	if (c->rate_limit_mbps)
		shell_printf(sh, ", at most %u Mbit/s", c->rate_limit_mbps);
	shell_printf(sh, ", anti-spoofing %s\n", c->anti_spoofing ? "on" : "off");
	if (p->traffic.open)
		shell_printf(
		    sh, "  driver %s, %llu requests, %llu refused, blocked as spoofed %llu times\n",
		    p->traffic.ready ? "at work" : "not there",
		    (unsigned long long)p->traffic.messages, (unsigned long long)p->traffic.refused,
		    (unsigned long long)p->traffic.spoofed);
}

static bool list_step(struct shell *sh, void *ctx)
{
	struct listing *l = ctx;
	struct pass_info p;

	if (!pass_info(l->next++, &p))
		return false;
	shell_printf(sh, "%-20s %-13s %s%s, %llu interrupts, %llu resets\n", p.name, p.device,
		     pass_state_name(p.state), p.detached ? ", detached" : "",
		     (unsigned long long)p.interrupts, (unsigned long long)p.resets);
	if (p.storms)
		shell_printf(sh, "  interrupts were held back %llu times: too many\n",
			     (unsigned long long)p.storms);
	if (p.state == PASS_REFUSED)
		shell_printf(sh, "  %s\n", p.why);
	else if (p.vf)
		print_settings(sh, &p);
	return true;
}

static int list(struct shell *sh, int argc, char **argv)
{
	static struct listing listing;
	struct pass_info first;

	(void)argv;
	if (argc != 2)
		return ERR_INVAL;
	if (!pass_info(0, &first))
		shell_printf(sh, "no VM has a device of its own: see hanok,vf and hanok,pci in the "
				 "configuration\n");
	listing.next = 0;
	shell_set_job(sh, list_step, &listing);
	return 0;
}

static int report(struct shell *sh, const char *name, int err)
{
	if (err == ERR_NOENT)
		shell_printf(sh, "there is no device %s: `vf list` shows all\n", name);
	else if (err == ERR_BUSY)
		shell_printf(sh, "its VM has it: stop the VM first\n");
	else if (err == ERR_UNSUPPORTED)
		shell_printf(sh, "its card has no such setting\n");
	else if (err && err != ERR_INVAL)
		shell_printf(sh, "%s\n", err_name(err));
	return err;
}

static int attach(struct shell *sh, int argc, char **argv)
{
	return argc == 3 ? report(sh, argv[2], pass_set_attached(argv[2], true)) : ERR_INVAL;
}

static int detach(struct shell *sh, int argc, char **argv)
{
	return argc == 3 ? report(sh, argv[2], pass_set_attached(argv[2], false)) : ERR_INVAL;
}

/* --- set ---------------------------------------------------------------------------------------
 */

static bool parse_number(const char *text, u32 max, u32 *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*out = (u32)value;
	return *text >= '0' && *text <= '9' && !*end && value <= max;
}

static bool set_mac(struct nic_vf_config *c, const char *text)
{
	for (u32 i = 0; i < 6; i++) {
		char *end;
		unsigned long value = strtoul(text, &end, 16);

		if (end != text + 2 || *end != (i < 5 ? ':' : 0) || value > 0xff)
			return false;
		c->mac[i] = (u8)value;
		text = end + 1;
	}
	return !(c->mac[0] & 1);
}

static bool set_vlan(struct nic_vf_config *c, const char *text)
{
	u32 vlan = 0;

	if (strcmp(text, "off") && (!parse_number(text, VLAN_MAX, &vlan) || !vlan))
		return false;
	c->vlan = (u16)vlan;
	return true;
}

static bool set_rate(struct nic_vf_config *c, const char *text)
{
	c->rate_limit_mbps = 0;
	return !strcmp(text, "off") ||
	       (parse_number(text, RATE_MAX, &c->rate_limit_mbps) && c->rate_limit_mbps);
}

static bool set_guard(struct nic_vf_config *c, const char *text)
{
	c->anti_spoofing = !strcmp(text, "on");
	return c->anti_spoofing || !strcmp(text, "off");
}

static const struct {
	const char *name;
	bool (*set)(struct nic_vf_config *c, const char *text);
} settings[] = {
    {"mac", set_mac}, {"vlan", set_vlan}, {"rate", set_rate}, {"anti-spoofing", set_guard}};

static int set(struct shell *sh, int argc, char **argv)
{
	struct nic_vf_config config;
	int err;

	if (argc != 5)
		return ERR_INVAL;
	err = pass_get_vf(argv[2], &config);
	if (err)
		return report(sh, argv[2], err);
	for (u32 i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(argv[3], settings[i].name))
			continue;
		if (!settings[i].set(&config, argv[4]))
			return ERR_INVAL;
		return report(sh, argv[2], pass_set_vf(argv[2], &config));
	}
	return ERR_INVAL;
}

static const struct {
	const char *name;
	int (*fn)(struct shell *sh, int argc, char **argv);
} verbs[] = {{"list", list}, {"attach", attach}, {"detach", detach}, {"set", set}};

static int vf_command(struct shell *sh, int argc, char **argv)
{
	for (u32 i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].fn(sh, argc, argv);
	return ERR_INVAL;
}

static void vf_complete(struct shell_completion *c, int argc, char **argv)
{
	struct pass_info p;

	for (u32 i = 0; argc == 2 && i < ARRAY_SIZE(verbs); i++)
		shell_complete_add(c, verbs[i].name);
	for (u32 i = 0; argc == 3 && strcmp(argv[1], "list") && pass_info(i, &p); i++)
		shell_complete_add(c, p.name);
	for (u32 i = 0; argc == 4 && !strcmp(argv[1], "set") && i < ARRAY_SIZE(settings); i++)
		shell_complete_add(c, settings[i].name);
}

SHELL_COMMAND(
    vf, "list | attach NAME | detach NAME | set NAME WHAT VALUE",
    "show and change the devices that are passed to VMs",
    "`list` shows each device, what became of it, and what its card lets it do. `detach`\n"
    "leaves it out when its VM starts next, `attach` takes it in again. `set` changes at\n"
    "once: mac ADDRESS (its driver is told when it next begins), vlan NUMBER or off, rate\n"
    "MBIT or off, anti-spoofing on or off. That holds until the machine restarts.",
    vf_command, vf_complete);
