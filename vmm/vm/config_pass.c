/* SPDX-License-Identifier: BSD-2-Clause */
/* A passed-through device's node within a VM's; see docs/guide/passthrough.md. */
#include <string.h>

#include "drivers/pci/address.h"
#include "kernel/mm/heap.h"
#include "vmm/vm/config_node.h"

#define VF_MAX 65535
#define VLAN_MAX 4094

struct pass_input {
	char *address;
	u32 index, vlan, rate_limit_mbps, anti_spoofing;
	struct config_mac mac;
	bool allow_shared_group;
};

static const char *const vf_compatible[] = {"hanok,vf", NULL};
static const char *const pci_compatible[] = {"hanok,pci", NULL};
static const char *const switch_choices[] = {"off", "on", NULL};

#define AT(member) offsetof(struct pass_input, member)
static const struct config_property vf_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, vf_compatible, "compatible = \"hanok,vf\";"},
    {"pf", CONFIG_STRING, true, AT(address), 0, 0, NULL, "pf = \"0000:01:00.0\";"},
    {"index", CONFIG_U32, true, AT(index), 0, VF_MAX, NULL, "index = <0>;"},
    {"mac", CONFIG_MAC, false, AT(mac), 0, 0, NULL, "mac = [02 00 00 12 34 56];"},
    {"vlan", CONFIG_U32, false, AT(vlan), 1, VLAN_MAX, NULL, "vlan = <10>;"},
    {"rate-limit-mbps", CONFIG_U32, false, AT(rate_limit_mbps), 1, 1000000, NULL,
     "rate-limit-mbps = <100>;"},
    {"anti-spoofing", CONFIG_CHOICE, false, AT(anti_spoofing), 0, 0, switch_choices,
     "anti-spoofing = \"on\";"},
    {"allow-shared-group", CONFIG_FLAG, false, AT(allow_shared_group), 0, 0, NULL,
     "allow-shared-group;"},
};
static const struct config_property pci_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, pci_compatible, "compatible = \"hanok,pci\";"},
    {"address", CONFIG_STRING, true, AT(address), 0, 0, NULL, "address = \"0000:03:00.0\";"},
    {"allow-shared-group", CONFIG_FLAG, false, AT(allow_shared_group), 0, 0, NULL,
     "allow-shared-group;"},
};
#undef AT

static void address_read(struct config_node *node, const char *property, const char *text,
			 struct config_pass *pass)
{
	char shown[64] = "";

	if (!text || !pci_parse_address(text, &pass->segment, &pass->bdf))
		return;
	config_append(shown, sizeof(shown), text);
	config_node_problem(node, property,
			    "write it as in \"0000:01:00.0\"; the shell's `pci` lists them",
			    "\"%s\" is no address of a PCI function", shown);
}

static void pass_fill(struct config_node *node, const struct pass_input *in,
		      struct config_pass *pass)
{
	address_read(node, pass->vf ? "pf" : "address", in->address, pass);
	pass->index = in->index;
	pass->mac_given = in->mac.given;
	memcpy(pass->mac, in->mac.bytes, sizeof(pass->mac));
	pass->vlan = in->vlan;
	pass->rate_limit_mbps = in->rate_limit_mbps;
	pass->anti_spoofing = in->anti_spoofing;
	pass->allow_shared_group = in->allow_shared_group;
	pass->name = heap_alloc(strlen(node->name) + 1);
	node->no_memory = node->no_memory || !pass->name;
	if (pass->name)
		strcpy(pass->name, node->name);
}

struct config_pass *config_pass_read(struct config_node *node, bool vf)
{
	struct pass_input in = {.anti_spoofing = true};
	struct config_pass *pass = heap_alloc(sizeof(*pass));

	if (!pass) {
		node->no_memory = true;
		return NULL;
	}
	list_init(&pass->link);
	pass->vf = vf;
	if (vf)
		config_node_read(node, vf_properties, ARRAY_SIZE(vf_properties), &in);
	else
		config_node_read(node, pci_properties, ARRAY_SIZE(pci_properties), &in);
	config_node_refuse_children(node);
	config_node_check_name(node, "a device");
	pass_fill(node, &in, pass);
	heap_free(in.address);
	if (!node->problems && !node->no_memory)
		return pass;
	config_pass_free(pass);
	return NULL;
}

void config_pass_free(struct config_pass *pass)
{
	list_del(&pass->link);
	heap_free(pass->name);
	heap_free(pass);
}
