/* SPDX-License-Identifier: BSD-2-Clause */
/* A NIC's node within a VM's; see docs/guide/configuration.md. */
#include <libfdt.h>
#include <string.h>

#include "kernel/mm/heap.h"
#include "vmm/vm/config_node.h"

#define VLAN_MAX 4094

struct nic_input {
	u32 sw, model, vlan, rate_limit_mbps, mtu, guard;
	struct config_mac mac;
	struct config_numbers trunk;
	char *address;
	bool isolated;
};

static const char *const nic_compatible[] = {"hanok,nic", NULL};
static const char *const model_choices[] = {
    [CONFIG_NIC_VIRTIO] = "virtio", [CONFIG_NIC_E1000] = "e1000", NULL};
static const char *const guard_choices[] = {
    [CONFIG_GUARD_OFF] = "off", [CONFIG_GUARD_MAC] = "mac", [CONFIG_GUARD_IP] = "ip", NULL};

#define AT(member) offsetof(struct nic_input, member)
static const struct config_property nic_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, nic_compatible, "compatible = \"hanok,nic\";"},
    {"switch", CONFIG_U32, true, AT(sw), 1, 0xffffffff, NULL, "switch = <&lan>;"},
    {"model", CONFIG_CHOICE, false, AT(model), 0, 0, model_choices, "model = \"virtio\";"},
    {"mac", CONFIG_MAC, false, AT(mac), 0, 0, NULL, "mac = [02 00 00 12 34 56];"},
    {"vlan", CONFIG_U32, false, AT(vlan), 1, VLAN_MAX, NULL, "vlan = <10>;"},
    {"trunk", CONFIG_NUMBERS, false, AT(trunk), 1, VLAN_MAX, NULL, "trunk = <10 20>;"},
    {"rate-limit-mbps", CONFIG_U32, false, AT(rate_limit_mbps), 1, 1000000, NULL,
     "rate-limit-mbps = <100>;"},
    {"mtu", CONFIG_U32, false, AT(mtu), CONFIG_MTU_MIN, CONFIG_MTU_MAX, NULL, "mtu = <1500>;"},
    {"anti-spoofing", CONFIG_CHOICE, false, AT(guard), 0, 0, guard_choices,
     "anti-spoofing = \"mac\";"},
    {"address", CONFIG_STRING, false, AT(address), 0, 0, NULL, "address = \"10.0.2.20\";"},
    {"isolated", CONFIG_FLAG, false, AT(isolated), 0, 0, NULL, "isolated;"},
};
#undef AT

/* The name of the switch that a phandle leads to, or NULL, which is reported. */
static const char *switch_name(struct config_node *node, u32 phandle)
{
	int at = fdt_node_offset_by_phandle(node->fdt, phandle);
	int parent = at < 0 ? at : fdt_parent_offset(node->fdt, at);

	if (parent > 0 && parent == fdt_subnode_offset(node->fdt, 0, "switches"))
		return fdt_get_name(node->fdt, at, NULL);
	config_node_problem(
	    node, "switch",
	    "give a node of `switches` a label and name it, as in `switch = <&lan>;`",
	    "does not lead to a switch");
	return NULL;
}

static void read_address(struct config_node *node, const struct nic_input *in,
			 struct config_nic *nic)
{
	const char *end = in->address ? config_parse_ipv4(in->address, &nic->address) : "";

	if (!end || *end)
		config_node_problem(node, "address", "write four numbers, as in \"10.0.2.20\"",
				    "is no IPv4 address");
	else if (nic->guard == CONFIG_GUARD_IP && !in->address)
		config_node_problem(node, "anti-spoofing",
				    "add `address` with the one that it may use, or choose \"mac\"",
				    "checks IP addresses, but there is no `address`");
}

static char *copy_text(struct config_node *node, const char *text)
{
	char *copy = heap_alloc(strlen(text) + 1);

	if (copy)
		strcpy(copy, text);
	node->no_memory = node->no_memory || !copy;
	return copy;
}

static void take_trunk(struct config_node *node, const struct config_numbers *trunk,
		       struct config_nic *nic)
{
	if (!trunk->count)
		return;
	nic->trunk = heap_alloc_array(trunk->count, sizeof(*nic->trunk));
	node->no_memory = node->no_memory || !nic->trunk;
	for (u32 i = 0; nic->trunk && i < trunk->count; i++)
		nic->trunk[nic->trunk_count++] = (u16)trunk->items[i];
}

static void nic_fill(struct config_node *node, const struct nic_input *in, struct config_nic *nic)
{
	const char *sw = in->sw ? switch_name(node, in->sw) : NULL;

	nic->model = (enum config_nic_model)in->model;
	nic->mac_given = in->mac.given;
	memcpy(nic->mac, in->mac.bytes, sizeof(nic->mac));
	nic->vlan = in->vlan;
	nic->rate_limit_mbps = in->rate_limit_mbps;
	nic->mtu = in->mtu;
	nic->guard = (enum config_nic_guard)in->guard;
	nic->isolated = in->isolated;
	read_address(node, in, nic);
	take_trunk(node, &in->trunk, nic);
	if (sw)
		nic->switch_name = copy_text(node, sw);
	nic->name = copy_text(node, node->name);
}

struct config_nic *config_nic_read(struct config_node *node)
{
	struct nic_input in = {.model = CONFIG_NIC_VIRTIO};
	struct config_nic *nic = heap_alloc(sizeof(*nic));

	if (!nic) {
		node->no_memory = true;
		return NULL;
	}
	list_init(&nic->link);
	config_node_read(node, nic_properties, ARRAY_SIZE(nic_properties), &in);
	config_node_refuse_children(node);
	config_node_check_name(node, "a NIC");
	nic_fill(node, &in, nic);
	heap_free(in.address);
	heap_free(in.trunk.items);
	if (!node->problems && !node->no_memory)
		return nic;
	config_nic_free(nic);
	return NULL;
}

void config_nic_free(struct config_nic *nic)
{
	list_del(&nic->link);
	heap_free(nic->trunk);
	heap_free(nic->switch_name);
	heap_free(nic->name);
	heap_free(nic);
}
