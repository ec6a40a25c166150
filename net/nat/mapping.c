/* SPDX-License-Identifier: BSD-2-Clause */
/* Endpoint-independent mappings (RFC 4787, 4.1) and the external ports that they use. */
#include "net/nat/internal.h"

#include "kernel/lib/bitmap.h"

#define OUTSIDE 0x80 /* or-ed to the protocol: the table's entry for the external port */
#define PORT_LOW 1024
#define PORT_TOP 65535
#define PORT_PRIVILEGED 512 /* ports below 1024 stay below (RFC 4787 REQ-3): 512 to 1023 */
#define PARITY_EVEN 0x5555555555555555ull

static u64 hash_inside(const struct nat *nat, u32 address, u16 port, u8 proto)
{
	return nat_hash(&nat->mapping_table.key, address, port, proto);
}

static u64 hash_outside(const struct nat *nat, u16 external, u8 proto)
{
	return nat_hash(&nat->mapping_table.key, 0, external, proto | OUTSIDE);
}

void nat_mapping_init(struct nat *nat)
{
	for (u32 i = 0; i < nat->max_mappings; i++)
		nat->mappings[i] =
		    (struct nat_mapping){.refs = i + 1 < nat->max_mappings ? i + 1 : NAT_NONE};
	nat->free_mapping = 0;
}

static struct nat_mapping *mapping_find(struct nat *nat, u32 address, u16 port, u8 proto)
{
	struct nat_find f;
	u32 ref;

	nat_find_start(&f, &nat->mapping_table, hash_inside(nat, address, port, proto));
	while (nat_find_next(&f, &ref)) {
		struct nat_mapping *m = &nat->mappings[ref];

		if (m->guest == address && m->port == port && m->proto == proto)
			return m;
	}
	return NULL;
}

struct nat_mapping *nat_mapping_find_external(struct nat *nat, u16 external, u8 proto)
{
	struct nat_find f;
	u32 ref;

	nat_find_start(&f, &nat->mapping_table, hash_outside(nat, external, proto));
	while (nat_find_next(&f, &ref)) {
		struct nat_mapping *m = &nat->mappings[ref];

		if (m->external == external && m->proto == proto)
			return m;
	}
	return NULL;
}

static u64 *port_map(const struct nat *nat, u8 proto)
{
	u32 which = proto == IP_PROTO_TCP ? 0 : proto == IP_PROTO_UDP ? 1 : 2;

	return (u64 *)nat->ports[which];
}

bool nat_port_used(const struct nat *nat, u8 proto, u16 external)
{
	return bitmap_test(port_map(nat, proto), net16(external));
}

void nat_port_mark(struct nat *nat, u8 proto, u16 external, bool used)
{
	if (used)
		bitmap_set(port_map(nat, proto), net16(external));
	else
		bitmap_clear(port_map(nat, proto), net16(external));
}

/* The first free port from..to (host order), of those in the pattern of bits; 0: none. */
static u32 port_scan(const u64 *map, u32 from, u32 to, u64 pattern)
{
	while (from <= to) {
		u64 available = ~map[from / 64] & pattern & ~0ull << (from % 64);

		if (available) {
			u32 port = (from & ~63u) + (u32)__builtin_ctzll(available);

			return port <= to ? port : 0;
		}
		from = (from | 63) + 1;
	}
	return 0;
}

/* Anywhere in low..high, from a random place on. */
static u32 port_random(struct nat *nat, const u64 *map, u32 low, u32 high, u64 pattern)
{
	u32 start = low + nat_random_below(&nat->random, high - low + 1);
	u32 port = port_scan(map, start, high, pattern);

	return port || start == low ? port : port_scan(map, low, start - 1, pattern);
}

u16 nat_port_pick(struct nat *nat, const struct nat_guest *guest, u8 proto, u16 port)
{
	u32 want = net16(port), low = PORT_LOW, high = PORT_TOP, found = 0;
	const u64 *map = port_map(nat, proto);

	if (guest->port_low) {
		low = guest->port_low;
		high = guest->port_high;
	} else if (want < PORT_LOW && proto != IP_PROTO_ICMP) {
		low = PORT_PRIVILEGED;
		high = PORT_LOW - 1;
	}
	if (want >= low && want <= high && !bitmap_test(map, want))
		return port;
	if (proto == IP_PROTO_UDP)
		found = port_random(nat, map, low, high, PARITY_EVEN << (want & 1));
	if (!found)
		found = port_random(nat, map, low, high, ~0ull);
	return net16((u16)found);
}

static bool mapping_enter(struct nat *nat, struct nat_mapping *m)
{
	u32 number = (u32)(m - nat->mappings);
	u64 inside = hash_inside(nat, m->guest, m->port, m->proto);

	if (nat_table_insert(&nat->mapping_table, inside, number))
		return false;
	if (!nat_table_insert(&nat->mapping_table, hash_outside(nat, m->external, m->proto),
			      number))
		return true;
	nat_table_remove(&nat->mapping_table, inside, number);
	return false;
}

static struct nat_mapping *mapping_new(struct nat *nat, struct nat_mapping fields,
				       enum nat_count *why)
{
	struct nat_mapping *m;
	u32 next;

	*why = NAT_C_FULL;
	if (nat->free_mapping == NAT_NONE)
		return NULL;
	m = &nat->mappings[nat->free_mapping];
	next = m->refs;
	*m = fields;
	if (!mapping_enter(nat, m)) {
		m->refs = next;
		return NULL;
	}
	nat->free_mapping = next;
	nat->used_mappings++;
	nat_port_mark(nat, m->proto, m->external, true);
	nat->guests[m->side].ports++;
	return m;
}

struct nat_mapping *nat_mapping_get(struct nat *nat, u8 side, u32 address, u16 port, u8 proto,
				    enum nat_count *why)
{
	struct nat_guest *guest = &nat->guests[side];
	struct nat_mapping *m = mapping_find(nat, address, port, proto);
	u16 external;

	if (m)
		return m;
	*why = NAT_C_PORTS;
	if (guest->ports >= guest->port_quota)
		return NULL;
	external = nat_port_pick(nat, guest, proto, port);
	if (!external)
		return NULL;
	return mapping_new(
	    nat,
	    (struct nat_mapping){
		.guest = address, .port = port, .external = external, .proto = proto, .side = side},
	    why);
}

/* Drop a reference; also called for a new one that found no use, with none. */
void nat_mapping_put(struct nat *nat, struct nat_mapping *m)
{
	u32 number = (u32)(m - nat->mappings);

	if (m->refs && --m->refs)
		return;
	nat_table_remove(&nat->mapping_table, hash_inside(nat, m->guest, m->port, m->proto),
			 number);
	nat_table_remove(&nat->mapping_table, hash_outside(nat, m->external, m->proto), number);
	nat_port_mark(nat, m->proto, m->external, false);
	nat->guests[m->side].ports--;
	m->proto = 0;
	m->refs = nat->free_mapping;
	nat->free_mapping = number;
	nat->used_mappings--;
}

u16 nat_port_take_own(struct nat *nat)
{
	u32 port = port_random(nat, port_map(nat, IP_PROTO_UDP), PORT_LOW, PORT_TOP, ~0ull);

	if (port)
		bitmap_set(port_map(nat, IP_PROTO_UDP), port);
	return net16((u16)port);
}

void nat_port_give_own(struct nat *nat, u16 external)
{
	nat_port_mark(nat, IP_PROTO_UDP, external, false);
}
