/* SPDX-License-Identifier: BSD-2-Clause */
/* What is only known once all nodes have been read: which switch a NIC is on, and that no two
 * have one MAC address. */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "vmm/vm/config_node.h"

/* NAT switches without a subnet get 10.213.0.0/24, 10.213.1.0/24 ... : seldom used by others,
 * and not 10.0.2.0/24, which emulators give to a machine that they run. */
#define SUBNET_FIRST 0x0ad50000u
#define SUBNET_STEP 0x100u
#define SUBNET_PREFIX 24
#define SUBNETS 200

struct config_switch *config_find_switch(const struct config *cfg, const char *name)
{
	struct list *it;

	list_for_each (it, &cfg->switches) {
		struct config_switch *sw = list_entry(it, struct config_switch, link);

		if (!strcmp(sw->name, name))
			return sw;
	}
	return NULL;
}

/* --- subnets -----------------------------------------------------------------------------------
 */

static bool overlaps(const struct config_switch *sw, u32 subnet, u32 prefix)
{
	return sw->subnet && !((sw->subnet ^ subnet) & ~0u << (32 - MIN(prefix, sw->prefix)));
}

static bool subnet_taken(const struct config *cfg, u32 subnet)
{
	struct list *it;

	list_for_each (it, &cfg->switches)
		if (overlaps(list_entry(it, struct config_switch, link), subnet, SUBNET_PREFIX))
			return true;
	return false;
}

static void give_subnets(struct config *cfg)
{
	struct list *it;

	list_for_each (it, &cfg->switches) {
		struct config_switch *sw = list_entry(it, struct config_switch, link);

		for (u32 i = 0; sw->mode == CONFIG_SWITCH_NAT && !sw->subnet && i < SUBNETS; i++) {
			u32 subnet = SUBNET_FIRST + i * SUBNET_STEP;

			if (subnet_taken(cfg, subnet))
				continue;
			sw->subnet = subnet;
			sw->prefix = SUBNET_PREFIX;
		}
	}
}

/* --- MAC addresses -----------------------------------------------------------------------------
 */

/* FNV-1a: the same address at every boot, and no secret in it. */
static u64 hash_text(u64 hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (u8)*text) * 0x100000001b3ull;
	return (hash ^ 0xff) * 0x100000001b3ull;
}

/* A locally administered, individual address. */
static void derive_mac(u8 mac[6], u64 machine, const char *vm, const char *nic, u32 attempt)
{
	u64 hash = hash_text(hash_text(0xcbf29ce484222325ull ^ machine, vm), nic) + attempt;

	hash ^= hash >> 32;
	hash *= 0x9e3779b97f4a7c15ull;
	for (u32 i = 0; i < 6; i++)
		mac[i] = (u8)(hash >> (16 + 8 * i));
	mac[0] = (u8)((mac[0] & 0xfc) | 2);
}

struct mac_owner {
	const struct vm_config *vm;
	const struct config_nic *nic;
};

/* Whose is this address, apart from `but`? Of those that are given or were derived before. */
static struct mac_owner mac_owner(const struct config *cfg, const u8 mac[6],
				  const struct config_nic *but)
{
	struct list *it, *at;

	list_for_each (it, &cfg->vms) {
		const struct vm_config *vm = list_entry(it, struct vm_config, link);

		list_for_each (at, &vm->nics) {
			const struct config_nic *nic = list_entry(at, struct config_nic, link);

			if (nic != but && !memcmp(nic->mac, mac, 6))
				return (struct mac_owner){vm, nic};
		}
	}
	return (struct mac_owner){NULL, NULL};
}

static void give_macs(struct config *cfg, u64 machine)
{
	struct list *it, *at;

	list_for_each (it, &cfg->vms) {
		struct vm_config *vm = list_entry(it, struct vm_config, link);

		list_for_each (at, &vm->nics) {
			struct config_nic *nic = list_entry(at, struct config_nic, link);

			for (u32 i = 0;
			     !nic->mac_given && (!i || mac_owner(cfg, nic->mac, nic).nic); i++)
				derive_mac(nic->mac, machine, vm->name, nic->name, i);
		}
	}
}

/* --- NICs --------------------------------------------------------------------------------------
 */

static void open_nic(struct config_node *node, const struct config_node *root,
		     const struct vm_config *vm, const struct config_nic *nic)
{
	struct config_node vms, parent;

	config_node_open(&vms, root, fdt_subnode_offset(root->fdt, 0, "vms"));
	config_node_open(&parent, &vms, fdt_subnode_offset(root->fdt, vms.offset, vm->name));
	config_node_open(node, &parent, fdt_subnode_offset(root->fdt, parent.offset, nic->name));
}

static void check_nic(struct config *cfg, struct config_node *node, struct config_nic *nic)
{
	struct mac_owner other = mac_owner(cfg, nic->mac, nic);
	char remedy[CONFIG_TEXT];

	nic->sw = config_find_switch(cfg, nic->switch_name);
	if (!nic->sw) {
		config_node_problem(node, "switch", "correct that switch's node",
				    "switch %s was refused", nic->switch_name);
		return;
	}
	if (!nic->mtu)
		nic->mtu = nic->sw->mtu;
	if (nic->mac_given && other.nic) {
		(void)snprintf(remedy, sizeof(remedy),
			       "give another one, or remove `mac`: one is derived then");
		config_node_problem(node, "mac", remedy, "is also the address of %s of VM %s",
				    other.nic->name, other.vm->name);
	}
}

/* Of two VMs with one address the later one is refused. */
static bool vm_links(struct config *cfg, const struct config_node *root, struct vm_config *vm)
{
	u32 problems = 0;
	struct list *it;

	list_for_each (it, &vm->nics) {
		struct config_nic *nic = list_entry(it, struct config_nic, link);
		struct config_node node;

		open_nic(&node, root, vm, nic);
		check_nic(cfg, &node, nic);
		problems += node.problems;
	}
	cfg->problems += problems;
	return !problems;
}

void config_link(struct config *cfg, const struct config_node *root, u64 machine)
{
	struct list *it, *prev;

	give_subnets(cfg);
	for (it = cfg->vms.prev; it != &cfg->vms; it = prev) {
		struct vm_config *vm = list_entry(it, struct vm_config, link);

		prev = it->prev;
		if (vm_links(cfg, root, vm))
			continue;
		cfg->refused++;
		config_vm_free(vm);
	}
	give_macs(cfg, machine);
}
