/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting up, and what changes a NAT as a whole. */
#include "net/nat/nat.h"

#include <string.h>

#include "net/nat/internal.h"

#define SESSIONS_DEFAULT 65536
#define SESSIONS_MAX (1u << 24)
#define PORTS_DEFAULT 4096
#define PACE_DEFAULT 20000
#define MAPPINGS_MAX 131072u /* more than two protocols have ports in practice */
#define ROOM_ALIGN 64

static const char *const count_names[NAT_COUNTS] = {
    [NAT_C_FAST] = "frames of known flows",
    [NAT_C_OPENED] = "sessions opened",
    [NAT_C_EXPIRED] = "sessions expired",
    [NAT_C_ICMP_ERRORS] = "ICMP errors translated",
    [NAT_C_FRAGMENTS] = "fragments translated",
    [NAT_C_CLAMPED] = "TCP MSS options lowered",
    [NAT_C_MALFORMED] = "malformed",
    [NAT_C_NOT_OURS] = "not to be routed",
    [NAT_C_SPOOFED] = "source address of another",
    [NAT_C_NO_SESSION] = "no such connection",
    [NAT_C_UNREACHABLE] = "unreachable",
    [NAT_C_NEIGHBOUR] = "next hop does not answer",
    [NAT_C_QUOTA] = "over the guest's session quota",
    [NAT_C_PORTS] = "over the guest's ports",
    [NAT_C_PACE] = "new sessions too fast",
    [NAT_C_FULL] = "session table full",
    [NAT_C_CONFLICT] = "connection in use",
    [NAT_C_TTL] = "TTL expired",
    [NAT_C_TOO_BIG] = "longer than the MTU",
    [NAT_C_FRAGMENT] = "fragment that fits nothing",
    [NAT_C_UNSUPPORTED] = "protocol not translated",
    [NAT_C_CHECKSUM] = "bad checksum",
};

const char *nat_count_name(enum nat_count count)
{
	return count < NAT_COUNTS && count_names[count] ? count_names[count] : "unknown";
}

static struct nat_config config_complete(const struct nat_config *config)
{
	struct nat_config c = *config;

	c.sessions = MIN(c.sessions ? c.sessions : SESSIONS_DEFAULT, SESSIONS_MAX);
	c.session_quota = c.session_quota ? c.session_quota : MAX(c.sessions / 8, 1u);
	c.port_quota = c.port_quota ? c.port_quota : PORTS_DEFAULT;
	c.pace = c.pace ? c.pace : PACE_DEFAULT;
	return c;
}

static u32 config_hosts(const struct nat_config *config)
{
	return net32(~config->mask) + 1;
}

static u32 config_mappings(const struct nat_config *c)
{
	return MIN(c->sessions, MAPPINGS_MAX);
}

/* Hand out pieces of one block; with base NULL it only measures. */
struct room {
	u8 *base;
	u64 at;
};

static void *room_take(struct room *room, u64 bytes)
{
	u64 at = room->at;

	room->at += ALIGN_UP(bytes, ROOM_ALIGN);
	return room->base ? room->base + at : NULL;
}

struct parts {
	struct nat *nat;
	void *sessions, *table, *hops, *mappings, *mapping_table;
};

static u64 parts_lay_out(struct parts *parts, const struct nat_config *c, void *memory)
{
	struct room room = {.base = memory};

	parts->nat = room_take(&room, sizeof(struct nat));
	parts->sessions = room_take(&room, (u64)c->sessions * sizeof(struct nat_session));
	parts->table = room_take(&room, nat_table_bytes(c->sessions * 2));
	parts->hops = room_take(&room, (config_hosts(c) + 1 + NAT_ONLINK) * sizeof(struct nat_hop));
	parts->mappings = room_take(&room, config_mappings(c) * sizeof(struct nat_mapping));
	parts->mapping_table = room_take(&room, nat_table_bytes(config_mappings(c) * 2));
	return room.at;
}

u64 nat_bytes(const struct nat_config *config)
{
	struct nat_config c = config_complete(config);
	struct parts parts;

	return parts_lay_out(&parts, &c, NULL);
}

static int config_check(const struct nat_config *c)
{
	u32 hosts = config_hosts(c), host = net32(c->gateway & ~c->mask);

	if (hosts & (hosts - 1) || hosts < 4 || hosts > NAT_HOSTS_MAX || c->subnet & ~c->mask)
		return trace_err(ERR_INVAL, "nat: a subnet has a prefix of 20 to 30 bits: "
					    "correct the switch's `subnet`");
	if ((c->gateway & c->mask) != c->subnet || host == 0 || host == hosts - 1)
		return trace_err(ERR_INVAL, "nat: the gateway's address is not one of the subnet");
	return ERR_OK;
}

/* The first 8 bytes of a frame to mac, of which 6 count. */
static u64 mac_word(const u8 *mac)
{
	u64 word = 0;

	memcpy(&word, mac, 6);
	return word;
}

static void hops_init(struct nat *nat)
{
	u32 hosts = config_hosts(&nat->config);

	nat->router_hop = (u16)hosts;
	nat->onlink_hop = (u16)(hosts + 1);
	memset(nat->hops, 0, (hosts + 1 + NAT_ONLINK) * sizeof(struct nat_hop));
	for (u32 i = 0; i < hosts + 1 + NAT_ONLINK; i++)
		memcpy(nat->hops[i].macs + 6,
		       i < hosts ? nat->config.guest_mac : nat->config.uplink_mac, 6);
}

static void sessions_init(struct nat *nat)
{
	for (u32 i = 0; i < nat->config.sessions; i++) {
		nat->sessions[i].state = NAT_FREE;
		nat->sessions[i].timer.next = i + 1 < nat->config.sessions ? i + 1 : NAT_NONE;
	}
	nat->free_session = 0;
	nat_wheel_init(&nat->wheel, &nat->sessions[0].timer, sizeof(struct nat_session), 0);
}

static void frags_init(struct nat *nat)
{
	for (u32 side = 0; side < NAT_SIDES; side++)
		for (u32 i = 0; i < NAT_FRAGS; i++)
			nat->frags[side][i].session = NAT_NONE;
}

static void tables_init(struct nat *nat, const struct parts *parts)
{
	struct nat_hash_key key;

	for (u32 i = 0; i < 4; i++)
		key.k[i] = nat_random(&nat->random);
	nat_table_init(&nat->table, parts->table, nat->config.sessions * 2, &key);
	for (u32 i = 0; i < 4; i++)
		key.k[i] = nat_random(&nat->random);
	nat_table_init(&nat->mapping_table, parts->mapping_table, nat->max_mappings * 2, &key);
}

int nat_init(struct nat **out, const struct nat_config *config, void *memory)
{
	struct nat_config c = config_complete(config);
	struct parts parts;
	struct nat *nat;
	int err = config_check(&c);

	if (err)
		return err;
	parts_lay_out(&parts, &c, memory);
	nat = parts.nat;
	memset(nat, 0, sizeof(*nat));
	nat->config = c;
	nat->sessions = parts.sessions;
	nat->hops = parts.hops;
	nat->mappings = parts.mappings;
	nat->max_mappings = config_mappings(&c);
	nat->mtu[0] = c.guest_mtu;
	nat->mtu[1] = c.uplink_mtu;
	nat->mac[0] = mac_word(c.guest_mac);
	nat->mac[1] = mac_word(c.uplink_mac);
	nat_random_init(&nat->random, c.seed);
	nat->frag_id = (u16)nat_random(&nat->random);
	tables_init(nat, &parts);
	hops_init(nat);
	sessions_init(nat);
	nat_mapping_init(nat);
	frags_init(nat);
	*out = nat;
	return ERR_OK;
}

void nat_guest_add(struct nat *nat, u8 side)
{
	struct nat_guest *guest = &nat->guests[side];

	memset(guest, 0, sizeof(*guest));
	guest->present = true;
	guest->session_quota = nat->config.session_quota;
	guest->port_quota = nat->config.port_quota;
}

int nat_guest_limit(struct nat *nat, u8 side, const struct nat_limits *limits)
{
	struct nat_guest *guest = &nat->guests[side];

	if (limits->port_low > limits->port_high || (limits->port_low && limits->port_low < 1024))
		return trace_err(ERR_RANGE, "nat: a guest's range of ports is from 1024 on, and "
					    "its first port is not above its last one");
	guest->session_quota = limits->sessions ? limits->sessions : nat->config.session_quota;
	guest->port_quota = limits->ports ? limits->ports : nat->config.port_quota;
	guest->port_low = limits->port_low;
	guest->port_high = limits->port_high;
	return ERR_OK;
}

static bool session_of_side(struct nat *nat, struct nat_session *s, u32 side)
{
	(void)nat;
	return s->side[0] == side || s->side[1] == side;
}

void nat_guest_remove(struct nat *nat, u8 side)
{
	nat_session_remove_if(nat, session_of_side, side);
	for (u32 i = 0; i < nat->router_hop; i++)
		if (nat->hops[i].side == side) {
			nat->hops[i].side = NAT_SIDE_UPLINK;
			nat->hops[i].valid = false;
		}
	for (u32 i = 0; i < NAT_FRAGS; i++)
		nat->frags[side][i].session = NAT_NONE;
	nat->guests[side].present = false;
}

static bool session_any(struct nat *nat, struct nat_session *s, u32 arg)
{
	(void)nat, (void)s, (void)arg;
	return true;
}

void nat_set_external(struct nat *nat, u32 address, u32 mask)
{
	/* A link that was down for a while changes nothing, another address does. */
	if (address && nat->sessions_external && nat->sessions_external != address)
		nat_session_remove_if(nat, session_any, 0);
	if (address)
		nat->sessions_external = address;
	nat->external = address;
	nat->uplink_mask = mask;
}

u16 nat_hop_uplink(const struct nat *nat, u32 address)
{
	if ((address ^ nat->external) & nat->uplink_mask || address == nat->router)
		return nat->router_hop;
	for (u32 i = 0; i < NAT_ONLINK; i++)
		if (nat->onlink[i] == address)
			return (u16)(nat->onlink_hop + i);
	return NAT_HOP_NONE;
}
