/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/dhcpd.h"

#include <string.h>

#include "net/nat/wire.h"

#define LEASE_DEFAULT 3600
#define OFFER_SECONDS 60
#define DECLINED_SECONDS 600

u64 dhcpd_bytes(const struct nat_config *config)
{
	return ((u64)net32(~config->mask) + 1) * sizeof(struct dhcpd_lease);
}

void dhcpd_init(struct dhcpd *d, struct nat *nat, const struct dhcpd_config *config, void *leases)
{
	memset(d, 0, sizeof(*d));
	memset(leases, 0, dhcpd_bytes(&nat->config));
	d->nat = nat;
	d->config = *config;
	d->config.lease_s = config->lease_s ? config->lease_s : LEASE_DEFAULT;
	d->leases = leases;
	d->hosts = nat->router_hop;
	d->secret[0] = nat_random(&nat->random);
	d->secret[1] = nat_random(&nat->random);
}

static u32 host_address(const struct dhcpd *d, u32 host)
{
	return d->nat->config.subnet | net32(host);
}

/* The lease of an address, or NULL when it is none that is given out. */
static struct dhcpd_lease *lease_of(const struct dhcpd *d, u32 address)
{
	u32 host = nat_hop_guest(d->nat, address);

	if (!nat_is_guest(d->nat, address) || address == d->nat->config.gateway || !host ||
	    host == d->hosts - 1)
		return NULL;
	return &d->leases[host];
}

static u32 lease_address(const struct dhcpd *d, const struct dhcpd_lease *lease)
{
	return host_address(d, (u32)(lease - d->leases));
}

static u64 client_hash(const struct dhcpd *d, u8 side, const struct dhcp_msg *msg)
{
	u8 bytes[1 + 1 + 255];
	u32 n = 2;

	bytes[0] = side;
	bytes[1] = msg->client_id != NULL;
	if (msg->client_id) {
		memcpy(bytes + n, msg->client_id, msg->client_id_len);
		n += msg->client_id_len;
	} else {
		memcpy(bytes + n, msg->chaddr, 6);
		n += 6;
	}
	return nat_siphash(d->secret, bytes, n) | 1;
}

static bool lease_active(const struct dhcpd_lease *lease)
{
	return lease->state == DHCPD_OFFERED || lease->state == DHCPD_BOUND;
}

/* Nobody's address any more: packets from and to it stop. */
static void lease_unbind(struct dhcpd *d, struct dhcpd_lease *lease)
{
	struct nat_hop *hop = &d->nat->hops[lease - d->leases];
	struct nat_guest *guest = &d->nat->guests[lease->side];

	if (lease->state != DHCPD_BOUND)
		return;
	if (hop->side == lease->side) {
		hop->side = NAT_SIDE_UPLINK;
		hop->valid = false;
	}
	if (guest->address == lease_address(d, lease))
		guest->address = 0;
}

/* End an offer or a lease; it is kept in mind who had it. */
static void lease_end(struct dhcpd *d, struct dhcpd_lease *lease, u8 state, u32 until)
{
	if (lease_active(lease))
		d->per_side[lease->side]--;
	lease_unbind(d, lease);
	lease->state = state;
	lease->until = until;
}

static void lease_begin(struct dhcpd *d, struct dhcpd_lease *lease, u8 side, u64 client,
			const struct dhcp_msg *msg, u8 state)
{
	if (!lease_active(lease))
		d->per_side[side]++;
	lease->client = client;
	lease->side = side;
	lease->state = state;
	memcpy(lease->mac, msg->chaddr, 6);
	memcpy(lease->name, msg->name, sizeof(lease->name));
}

static void lease_bind(struct dhcpd *d, struct dhcpd_lease *lease)
{
	struct nat_hop *hop = &d->nat->hops[lease - d->leases];
	struct nat_guest *guest = &d->nat->guests[lease->side];

	hop->side = lease->side;
	hop->valid = true;
	memcpy(hop->macs, lease->mac, 6);
	if (!memcmp(lease->mac, d->guest_mac[lease->side], 6) || !guest->address)
		guest->address = lease_address(d, lease);
}

/* Whether a client may get this address. Renewing what it has is always right. */
static bool lease_available(const struct dhcpd *d, const struct dhcpd_lease *lease, u8 side,
			    u64 client)
{
	const struct nat_hop *hop = &d->nat->hops[lease - d->leases];

	if (lease->reserved && lease->reserved != side)
		return false;
	if (lease_active(lease))
		return lease->client == client;
	if (lease->state == DHCPD_DECLINED || (hop->side && hop->side != side))
		return false;
	return d->per_side[side] < DHCPD_PER_SIDE;
}

static struct dhcpd_lease *lease_find(const struct dhcpd *d, u64 client, u8 side)
{
	struct dhcpd_lease *old = NULL;

	for (u32 host = 1; host + 1 < d->hosts; host++) {
		struct dhcpd_lease *lease = &d->leases[host];

		if (lease->client != client || lease->side != side)
			continue;
		if (lease_active(lease))
			return lease;
		if (lease->state == DHCPD_FREE)
			old = lease;
	}
	return old;
}

static struct dhcpd_lease *lease_reserved(const struct dhcpd *d, u8 side, const u8 *mac)
{
	if (memcmp(d->guest_mac[side], mac, 6))
		return NULL;
	for (u32 host = 1; host + 1 < d->hosts; host++)
		if (d->leases[host].reserved == side)
			return &d->leases[host];
	return NULL;
}

/* Some address that nobody has: first those that nobody had, from a place that follows from
 * the MAC, so that a guest gets the same one after a restart of the machine. */
static struct dhcpd_lease *lease_any(const struct dhcpd *d, u8 side, u64 client, const u8 *mac)
{
	u64 fixed[2] = {0, 0};
	u32 room = d->hosts - 2;
	u32 start = (u32)(nat_siphash(fixed, mac, 6) % room);
	struct dhcpd_lease *used = NULL;

	for (u32 i = 0; i < room; i++) {
		struct dhcpd_lease *lease = lease_of(d, host_address(d, 1 + (start + i) % room));

		if (!lease || lease->reserved || !lease_available(d, lease, side, client))
			continue;
		if (!lease->client)
			return lease;
		if (!used || lease->until < used->until)
			used = lease;
	}
	return used;
}

/* RFC 2131, 4.3.1: what it has, what it had, what it asks for, anything. */
static struct dhcpd_lease *lease_choose(const struct dhcpd *d, u8 side, u64 client,
					const struct dhcp_msg *msg)
{
	struct dhcpd_lease *lease = lease_reserved(d, side, msg->chaddr);

	if (lease && lease_available(d, lease, side, client))
		return lease;
	lease = lease_find(d, client, side);
	if (lease && lease_available(d, lease, side, client))
		return lease;
	lease = msg->requested ? lease_of(d, msg->requested) : NULL;
	if (lease && lease_available(d, lease, side, client))
		return lease;
	return lease_any(d, side, client, msg->chaddr);
}

static u32 answer_write(struct dhcpd *d, const struct dhcp_msg *msg, struct dhcp_msg *answer,
			u8 type, u32 yiaddr, u8 *out)
{
	const struct nat_config *c = &d->nat->config;
	u32 lease = d->config.lease_s;
	struct dhcp_writer w;

	*answer = (struct dhcp_msg){.op = 2,
				    .type = type,
				    .xid = msg->xid,
				    .flags = msg->flags,
				    .ciaddr = type == DHCP_ACK ? msg->ciaddr : 0,
				    .yiaddr = yiaddr};
	memcpy(answer->chaddr, msg->chaddr, 6);
	d->counts[type]++;
	dhcp_write_begin(&w, out, answer);
	dhcp_write_address(&w, DHCP_O_SERVER, c->gateway);
	if (msg->client_id) /* RFC 6842 */
		dhcp_write_bytes(&w, DHCP_O_CLIENT, msg->client_id, msg->client_id_len);
	if (type == DHCP_NAK)
		return dhcp_write_end(&w);
	if (yiaddr) {
		dhcp_write_u32(&w, DHCP_O_LEASE, lease);
		dhcp_write_u32(&w, DHCP_O_T1, lease / 2);
		dhcp_write_u32(&w, DHCP_O_T2, lease / 8 * 7);
	}
	dhcp_write_address(&w, DHCP_O_MASK, c->mask);
	dhcp_write_address(&w, DHCP_O_BROADCAST, c->subnet | ~c->mask);
	dhcp_write_address(&w, DHCP_O_ROUTER, c->gateway);
	dhcp_write_address(&w, DHCP_O_DNS, d->config.dns ? d->config.dns : c->gateway);
	if (d->config.mtu)
		dhcp_write_u16(&w, DHCP_O_MTU, d->config.mtu);
	if (d->config.domain[0])
		dhcp_write_bytes(&w, DHCP_O_DOMAIN, d->config.domain,
				 (u32)strnlen(d->config.domain, sizeof(d->config.domain)));
	return dhcp_write_end(&w);
}

static u32 on_discover(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		       struct dhcp_msg *answer)
{
	u64 client = client_hash(d, side, msg);
	struct dhcpd_lease *lease = lease_choose(d, side, client, msg);

	if (!lease) {
		d->refused++;
		return 0;
	}
	if (!lease_active(lease)) {
		lease_begin(d, lease, side, client, msg, DHCPD_OFFERED);
		lease->until = d->nat->now + OFFER_SECONDS;
	}
	return answer_write(d, msg, answer, DHCP_OFFER, lease_address(d, lease), out);
}

static u32 on_request(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		      struct dhcp_msg *answer)
{
	u64 client = client_hash(d, side, msg);
	u32 address = msg->requested ? msg->requested : msg->ciaddr;
	struct dhcpd_lease *lease = lease_of(d, address), *other;

	if (msg->server && msg->server != d->nat->config.gateway) {
		/* It took another server's offer. */
		lease = lease_find(d, client, side);
		if (lease && lease->state == DHCPD_OFFERED)
			lease_end(d, lease, DHCPD_FREE, d->nat->now);
		return 0;
	}
	other = lease_reserved(d, side, msg->chaddr);
	if (!lease || !lease_available(d, lease, side, client) ||
	    (other && other != lease && lease_available(d, other, side, client)))
		return answer_write(d, msg, answer, DHCP_NAK, 0, out);
	/* One address at a time for a client. */
	other = lease_find(d, client, side);
	if (other && other != lease && lease_active(other))
		lease_end(d, other, DHCPD_FREE, d->nat->now);
	lease_begin(d, lease, side, client, msg, DHCPD_BOUND);
	lease->until = d->nat->now + d->config.lease_s;
	lease_bind(d, lease);
	return answer_write(d, msg, answer, DHCP_ACK, address, out);
}

/* The client found its address in use by somebody: nobody gets it for a while. */
static u32 on_decline(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		      struct dhcp_msg *answer)
{
	struct dhcpd_lease *lease = lease_of(d, msg->requested);

	(void)out, (void)answer;
	if (!lease || !lease_active(lease) || lease->side != side ||
	    lease->client != client_hash(d, side, msg))
		return 0;
	/* The place counts against the guest as long as it is spoilt. */
	lease_end(d, lease, DHCPD_DECLINED, d->nat->now + DECLINED_SECONDS);
	d->per_side[side]++;
	return (u32)trace_err(0, "dhcp: a guest found its address in use by another one: see "
				 "`net macs` and `net leases`");
}

static u32 on_release(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		      struct dhcp_msg *answer)
{
	struct dhcpd_lease *lease = lease_of(d, msg->ciaddr);

	(void)out, (void)answer;
	if (lease && lease_active(lease) && lease->side == side &&
	    lease->client == client_hash(d, side, msg))
		lease_end(d, lease, DHCPD_FREE, d->nat->now);
	return 0;
}

static u32 on_inform(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		     struct dhcp_msg *answer)
{
	(void)side;
	if (!lease_of(d, msg->ciaddr))
		return 0;
	return answer_write(d, msg, answer, DHCP_ACK, 0, out);
}

u32 dhcpd_input(struct dhcpd *d, u8 side, const struct dhcp_msg *msg, u8 *out,
		struct dhcp_msg *answer)
{
	static u32 (*const handlers[DHCP_TYPES])(struct dhcpd *, u8, const struct dhcp_msg *, u8 *,
						 struct dhcp_msg *) = {
	    [DHCP_DISCOVER] = on_discover, [DHCP_REQUEST] = on_request, [DHCP_DECLINE] = on_decline,
	    [DHCP_RELEASE] = on_release,   [DHCP_INFORM] = on_inform,
	};

	/* No relay agents on this network, and no group addresses as clients. */
	if (msg->op != 1 || msg->giaddr || msg->chaddr[0] & 1 || !handlers[msg->type])
		return 0;
	d->counts[msg->type]++;
	return handlers[msg->type](d, side, msg, out, answer);
}

void dhcpd_tick(struct dhcpd *d)
{
	for (u32 host = 1; host + 1 < d->hosts; host++) {
		struct dhcpd_lease *lease = &d->leases[host];

		if (lease->state == DHCPD_FREE || d->nat->now < lease->until)
			continue;
		if (lease->state == DHCPD_DECLINED)
			d->per_side[lease->side]--;
		lease_end(d, lease, DHCPD_FREE, d->nat->now);
	}
}

int dhcpd_guest_add(struct dhcpd *d, u8 side, const u8 mac[6], u32 address)
{
	struct dhcpd_lease *lease = lease_of(d, address);

	memcpy(d->guest_mac[side], mac, 6);
	if (!address)
		return ERR_OK;
	if (!lease)
		return trace_err(ERR_RANGE, "dhcp: an address reserved for a guest is none of the "
					    "switch's subnet: correct `ip`");
	if (lease->reserved && lease->reserved != side)
		return trace_err(ERR_EXIST, "dhcp: two guests want the same address: correct `ip`");
	lease->reserved = side;
	return ERR_OK;
}

void dhcpd_guest_remove(struct dhcpd *d, u8 side)
{
	for (u32 host = 1; host + 1 < d->hosts; host++) {
		struct dhcpd_lease *lease = &d->leases[host];

		if (lease->reserved == side)
			lease->reserved = 0;
		if (lease->side != side)
			continue;
		if (lease_active(lease))
			lease_end(d, lease, DHCPD_FREE, d->nat->now);
		/* Another guest's, if it gets the same port, is another client. */
		lease->client = 0;
		lease->side = 0;
		lease->state = DHCPD_FREE;
	}
	d->per_side[side] = 0;
	memset(d->guest_mac[side], 0, 6);
}

bool dhcpd_owns(const struct dhcpd *d, u32 address)
{
	const struct dhcpd_lease *lease = lease_of(d, address);

	return lease && (lease->reserved || lease_active(lease));
}

const struct dhcpd_lease *dhcpd_next(const struct dhcpd *d, u32 *host, u32 *address)
{
	while (*host < d->hosts) {
		const struct dhcpd_lease *lease = &d->leases[*host];

		*address = host_address(d, (*host)++);
		if (lease->state != DHCPD_FREE)
			return lease;
	}
	return NULL;
}

const char *dhcpd_state_name(u8 state)
{
	static const char *const names[] = {"free", "offered", "bound", "declined"};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}
