/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a gateway, its clock, and what comes and goes around it. */
#include "net/service/gateway.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/service/gateway_internal.h"

#define SECOND 1000000000ull
#define TICK_SESSIONS 4096
#define ROOM_ALIGN 64

static const struct vsw_port_ops port_ops = {.send = gateway_port_send,
					     .send_plain = gateway_port_send_plain};

/* Offsets in the block of memory, behind the gateway itself. */
struct parts {
	u64 nat, leases, frames, end;
};

static struct parts parts_lay_out(const struct gateway_config *config)
{
	struct parts parts;

	parts.nat = ALIGN_UP(sizeof(struct gateway), ROOM_ALIGN);
	parts.leases = parts.nat + ALIGN_UP(nat_bytes(&config->nat), ROOM_ALIGN);
	parts.frames = parts.leases + ALIGN_UP(dhcpd_bytes(&config->nat), ROOM_ALIGN);
	parts.end = parts.frames + GATEWAY_FRAMES * sizeof(struct frame);
	return parts;
}

u64 gateway_bytes(const struct gateway_config *config)
{
	return parts_lay_out(config).end;
}

int gateway_init(struct gateway **out, const struct gateway_config *config, void *memory)
{
	struct parts parts = parts_lay_out(config);
	struct gateway *gw = memory;
	u8 *base = memory;
	int err;

	memset(gw, 0, sizeof(*gw));
	gw->config = *config;
	err = nat_init(&gw->nat, &config->nat, base + parts.nat);
	if (err)
		return err;
	frame_pool_init(&gw->pool, (struct frame *)(base + parts.frames), GATEWAY_FRAMES);
	arp_init(&gw->arp, gw->nat, &gw->pool);
	dhcpd_init(&gw->dhcpd, gw->nat, &config->dhcp, base + parts.leases);
	dhcpc_init(&gw->dhcpc, &gw->nat->random, &gw->arp, config->nat.uplink_mac);
	if (config->uplink.address)
		dhcpc_set_fixed(&gw->dhcpc, &config->uplink);
	dns_relay_init(&gw->dns, gw->nat);
	*out = gw;
	return ERR_OK;
}

int gateway_attach(struct gateway *gw, struct vsw *sw)
{
	struct vsw_port_config config = {.mtu = VSW_MTU_MAX, /* what is too long is answered for */
					 .flags = VSW_PORT_NO_LEARN};
	int err;

	memcpy(config.name, gw->config.name, sizeof(config.name));
	memcpy(config.mac, gw->config.nat.guest_mac, 6);
	gw->sw = sw;
	err = vsw_port_add(sw, &gw->port, &port_ops, &config);
	if (!err)
		vsw_port_set_offloads(&gw->port, VSW_OFF_ALL);
	return err;
}

void gateway_set_uplink(struct gateway *gw, struct vsw_port *uplink, bool link, u64 now_ns)
{
	ticket_lock(&gw->lock);
	gw->uplink = uplink;
	if (uplink && link) {
		if (gw->dhcpc.state == DHCPC_OFF)
			dhcpc_start(&gw->dhcpc, now_ns);
	} else {
		dhcpc_stop(&gw->dhcpc);
	}
	ticket_unlock(&gw->lock);
}

int gateway_guest_up(struct gateway *gw, const struct vsw_port *port, const u8 mac[6], u32 address)
{
	u8 side = (u8)port->index;
	int err;

	ticket_lock(&gw->lock);
	nat_guest_add(gw->nat, side);
	gw->claims[side] = 0;
	memcpy(gw->names[side], port->config.name, VSW_NAME);
	err = dhcpd_guest_add(&gw->dhcpd, side, mac, address);
	gateway_forwards_up(gw, side);
	ticket_unlock(&gw->lock);
	return err;
}

int gateway_guest_limit(struct gateway *gw, const struct vsw_port *port,
			const struct nat_limits *limits)
{
	int err;

	ticket_lock(&gw->lock);
	err = nat_guest_limit(gw->nat, (u8)port->index, limits);
	ticket_unlock(&gw->lock);
	return err;
}

void gateway_guest_down(struct gateway *gw, const struct vsw_port *port)
{
	u8 side = (u8)port->index;

	ticket_lock(&gw->lock);
	gateway_forwards_down(gw, side);
	dhcpd_guest_remove(&gw->dhcpd, side);
	nat_guest_remove(gw->nat, side);
	gw->names[side][0] = 0;
	ticket_unlock(&gw->lock);
}

static bool networks_overlap(const struct gateway *gw, const struct dhcpc_lease *lease)
{
	u32 mask = lease->mask & gw->config.nat.mask;

	return ((lease->address ^ gw->config.nat.subnet) & mask) == 0;
}

/* The client has got an address, another one, or none any more. */
static void uplink_changed(struct gateway *gw, struct frame_list *out)
{
	const struct dhcpc_lease *lease = &gw->dhcpc.lease;
	bool has = dhcpc_bound(&gw->dhcpc);
	const u32 none[DNS_SERVERS] = {0};
	const u8 *a = (const u8 *)&lease->address, *r = (const u8 *)&lease->router;

	if (has == gw->had_address && (!has || lease->address == gw->nat->external))
		return;
	gw->had_address = has;
	nat_set_external(gw->nat, has ? lease->address : 0, has ? lease->mask : 0);
	arp_set_router(&gw->arp, has ? lease->router : 0);
	if (has)
		arp_ask_router(&gw->arp, gw->now_ns, out);
	dns_relay_set_servers(&gw->dns, gw->config.dns[0] ? gw->config.dns
					: has             ? lease->dns
							  : none);
	gw->nat->dns = has ? gw->dns.servers[gw->dns.preferred] : 0;
	gw->nat->mtu[1] = has && lease->mtu ? MIN(lease->mtu, gw->config.nat.uplink_mtu)
					    : gw->config.nat.uplink_mtu;
	if (has && networks_overlap(gw, lease))
		log_err("%s: the uplink's network has addresses of the guests' subnet: give the "
			"switch another `subnet`, or guests cannot reach hosts there",
			gw->config.name);
	if (has)
		log_info("%s: uplink has %u.%u.%u.%u, router %u.%u.%u.%u", gw->config.name, a[0],
			 a[1], a[2], a[3], r[0], r[1], r[2], r[3]);
	else
		log_warn("%s: the uplink has no address: guests are cut off from outside",
			 gw->config.name);
}

static void tick_second(struct gateway *gw)
{
	dhcpd_tick(&gw->dhcpd);
	dns_relay_tick(&gw->dns);
	gateway_held_tick(gw);
	if (gw->had_address)
		gw->nat->dns = gw->dns.servers[gw->dns.preferred];
}

void gateway_tick(struct gateway *gw, struct vsw_worker *w, u64 now_ns)
{
	struct frame_list out = {0};
	u32 second = (u32)(now_ns / SECOND);

	ticket_lock(&gw->lock);
	gw->now_ns = now_ns;
	nat_tick(gw->nat, second, TICK_SESSIONS);
	dhcpc_tick(&gw->dhcpc, now_ns, &out);
	uplink_changed(gw, &out);
	arp_tick(&gw->arp, now_ns, &out);
	if (second != gw->second) {
		gw->second = second;
		tick_second(gw);
	}
	ticket_unlock(&gw->lock);
	vsw_enter(w, now_ns);
	gateway_send_frames(gw, w, &out);
	vsw_leave(w);
}
