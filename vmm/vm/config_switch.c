/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch's node; see docs/guide/configuration.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/mm/heap.h"
#include "vmm/vm/config_node.h"

#define MTU_DEFAULT 1500
#define PREFIX_MIN 20
#define PREFIX_MAX 30

struct switch_input {
	u32 mode, mtu;
	char *uplink, *subnet, *address, *gateway, *dns;
	struct config_strings forwards;
};

static const char *const switch_compatible[] = {"hanok,switch", NULL};
static const char *const mode_choices[] = {[CONFIG_SWITCH_BRIDGE] = "bridge",
					   [CONFIG_SWITCH_NAT] = "nat",
					   [CONFIG_SWITCH_HOST_ONLY] = "host-only",
					   NULL};

#define AT(member) offsetof(struct switch_input, member)
static const struct config_property switch_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, switch_compatible,
     "compatible = \"hanok,switch\";"},
    {"mode", CONFIG_CHOICE, true, AT(mode), 0, 0, mode_choices, "mode = \"nat\";"},
    {"uplink", CONFIG_STRING, false, AT(uplink), 0, 0, NULL, "uplink = \"0000:00:02.0\";"},
    {"subnet", CONFIG_STRING, false, AT(subnet), 0, 0, NULL, "subnet = \"10.0.2.0/24\";"},
    {"address", CONFIG_STRING, false, AT(address), 0, 0, NULL, "address = \"192.0.2.5/24\";"},
    {"gateway", CONFIG_STRING, false, AT(gateway), 0, 0, NULL, "gateway = \"192.0.2.1\";"},
    {"dns", CONFIG_STRING, false, AT(dns), 0, 0, NULL, "dns = \"192.0.2.1\";"},
    {"mtu", CONFIG_U32, false, AT(mtu), CONFIG_MTU_MIN, CONFIG_MTU_MAX, NULL, "mtu = <1500>;"},
    {"forward", CONFIG_STRINGS, false, AT(forwards), 0, 0, NULL, "forward = \"tcp:8080:web:80\";"},
};
#undef AT

/* --- texts -------------------------------------------------------------------------------------
 */

/* A decimal number up to most; returns what follows it, or NULL. */
static const char *parse_number(const char *s, u32 most, u32 *out)
{
	u32 digits = 0, value = 0;

	for (; *s >= '0' && *s <= '9' && digits < 6; s++, digits++)
		value = value * 10 + (u32)(*s - '0');
	*out = value;
	return digits && value <= most ? s : NULL;
}

const char *config_parse_ipv4(const char *s, u32 *address)
{
	u32 byte;

	*address = 0;
	for (u32 i = 0; s && i < 4; i++) {
		if (i && *s++ != '.')
			return NULL;
		s = parse_number(s, 255, &byte);
		*address = *address << 8 | byte;
	}
	return s;
}

/* "a.b.c.d/n" */
static bool parse_network(const char *s, u32 *address, u32 *prefix)
{
	s = config_parse_ipv4(s, address);
	if (!s || *s != '/')
		return false;
	s = parse_number(s + 1, 31, prefix);
	return s && !*s && *prefix;
}

static void check_address(struct config_node *node, const char *property, const char *text,
			  u32 *out)
{
	const char *end = text ? config_parse_ipv4(text, out) : "";

	if (end && !*end)
		return;
	config_node_problem(node, property, "write four numbers, as in \"192.0.2.1\"",
			    "is no IPv4 address");
}

static void read_subnet(struct config_node *node, const char *text, struct config_switch *sw)
{
	if (!text)
		return;
	if (!parse_network(text, &sw->subnet, &sw->prefix))
		config_node_problem(node, "subnet",
				    "write for instance \"10.0.2.0/24\", 8 to 29 bits",
				    "is no IPv4 network");
	else if (sw->subnet & ~(~0u << (32 - sw->prefix)))
		config_node_problem(node, "subnet",
				    "set the bits behind the prefix to 0, as in \"10.0.2.0/24\"",
				    "is an address within a network");
	else if (sw->mode != CONFIG_SWITCH_NAT)
		config_node_problem(node, "subnet",
				    "remove it, or choose the mode \"nat\", which gives addresses",
				    "has no meaning in this mode");
}

static void read_address(struct config_node *node, const char *text, struct config_switch *sw)
{
	if (!text || !strcmp(text, "dhcp"))
		return;
	if (!parse_network(text, &sw->address, &sw->address_prefix))
		config_node_problem(node, "address",
				    "write \"dhcp\", or for instance \"192.0.2.5/24\"",
				    "is no IPv4 address with a prefix");
}

/* --- forwards ----------------------------------------------------------------------------------
 */

/* A part up to ':' or the end; returns what follows the colon, or the end. */
static const char *part(const char *s, char *to, size_t size)
{
	size_t len = strcspn(s, ":");

	(void)snprintf(to, size, "%.*s", (int)MIN(len, size), s);
	return s[len] ? s + len + 1 : s + len;
}

bool config_parse_forward(const char *text, struct config_forward *out)
{
	char proto[8], port[8], target[64], inside[8];
	const char *rest = part(text, proto, sizeof(proto));
	u32 from, to;

	rest = part(rest, port, sizeof(port));
	rest = part(rest, target, sizeof(target));
	rest = part(rest, inside, sizeof(inside));
	*out = (struct config_forward){.udp = !strcmp(proto, "udp")};
	if ((strcmp(proto, "tcp") && !out->udp) || !target[0] || *rest)
		return false;
	rest = parse_number(port, 65535, &from);
	if (!rest || *rest || !from)
		return false;
	rest = parse_number(inside, 65535, &to);
	if (!rest || *rest || !to)
		return false;
	out->port = (u16)from;
	out->target_port = (u16)to;
	out->target = heap_alloc(strlen(target) + 1);
	if (out->target)
		strcpy(out->target, target);
	return out->target;
}

static void read_forwards(struct config_node *node, const struct config_strings *texts,
			  struct config_switch *sw)
{
	char shown[64];

	if (!texts->count)
		return;
	if (sw->mode != CONFIG_SWITCH_NAT)
		config_node_problem(node, "forward",
				    "remove it: guests of this switch are reached directly",
				    "has no meaning in this mode");
	sw->forwards = heap_alloc_array(texts->count, sizeof(*sw->forwards));
	node->no_memory = node->no_memory || !sw->forwards;
	for (u32 i = 0; sw->forwards && i < texts->count; i++) {
		if (config_parse_forward(texts->items[i], &sw->forwards[sw->forward_count])) {
			sw->forward_count++;
			continue;
		}
		shown[0] = 0;
		config_append(shown, sizeof(shown), texts->items[i]);
		config_node_problem(node, "forward",
				    "write PROTOCOL:PORT:VM:PORT, as in \"tcp:8080:web:80\"",
				    "\"%s\" is not understood", shown);
	}
}

/* --- the node ----------------------------------------------------------------------------------
 */

static void check_input(struct config_node *node, const struct switch_input *in,
			struct config_switch *sw)
{
	if (in->uplink && sw->mode == CONFIG_SWITCH_HOST_ONLY)
		config_node_problem(node, "uplink",
				    "remove it, or choose the mode \"bridge\" or \"nat\"",
				    "is not used by a host-only switch");
	read_subnet(node, in->subnet, sw);
	read_address(node, in->address, sw);
	check_address(node, "gateway", in->gateway, &sw->gateway);
	check_address(node, "dns", in->dns, &sw->dns);
	read_forwards(node, &in->forwards, sw);
}

static void input_free(struct switch_input *in)
{
	heap_free(in->subnet);
	heap_free(in->address);
	heap_free(in->gateway);
	heap_free(in->dns);
	heap_free(in->uplink);
	config_strings_free(&in->forwards);
}

struct config_switch *config_switch_read(struct config_node *node)
{
	struct switch_input in = {.mtu = MTU_DEFAULT, .mode = CONFIG_SWITCH_HOST_ONLY};
	struct config_switch *sw = heap_alloc(sizeof(*sw));

	if (!sw) {
		node->no_memory = true;
		return NULL;
	}
	list_init(&sw->link);
	config_node_read(node, switch_properties, ARRAY_SIZE(switch_properties), &in);
	config_node_refuse_children(node);
	config_node_check_name(node, "a switch");
	sw->mode = (enum config_switch_mode)in.mode;
	sw->mtu = in.mtu;
	check_input(node, &in, sw);
	sw->uplink = in.uplink;
	in.uplink = NULL;
	sw->name = heap_alloc(strlen(node->name) + 1);
	if (sw->name)
		strcpy(sw->name, node->name);
	node->no_memory = node->no_memory || !sw->name;
	input_free(&in);
	if (!node->problems && !node->no_memory)
		return sw;
	config_switch_free(sw);
	return NULL;
}

void config_switch_free(struct config_switch *sw)
{
	list_del(&sw->link);
	for (u32 i = 0; i < sw->forward_count; i++)
		heap_free(sw->forwards[i].target);
	heap_free(sw->forwards);
	heap_free(sw->uplink);
	heap_free(sw->name);
	heap_free(sw);
}
