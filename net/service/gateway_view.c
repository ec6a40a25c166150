/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator sees and sets. */
#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/parse.h"
#include "net/service/gateway_internal.h"

/* A port is "guest.net0", or just the guest's name. */
static bool names_guest(const char *port, const char *guest)
{
	size_t len = strnlen(guest, sizeof(((struct nat_forward_text *)0)->guest));

	return !strncmp(port, guest, len) && (port[len] == 0 || port[len] == '.');
}

static u8 side_of_guest(const struct gateway *gw, const char *guest)
{
	for (u32 side = 1; side < NAT_SIDES; side++)
		if (gw->names[side][0] && names_guest(gw->names[side], guest))
			return (u8)side;
	return NAT_SIDE_UPLINK;
}

static int forward_activate(struct gateway *gw, struct gateway_forward *f, u8 side, u32 address)
{
	int err = nat_forward_add(gw->nat, f->text.proto, net16(f->text.external), side, address,
				  net16(f->text.port));

	f->active = !err;
	f->side = side;
	return err;
}

static void forward_deactivate(struct gateway *gw, struct gateway_forward *f)
{
	if (f->active && nat_forward_del(gw->nat, f->text.proto, net16(f->text.external)))
		log_err("%s: a forward of port %u is lost", gw->config.name, f->text.external);
	f->active = false;
}

void gateway_forwards_up(struct gateway *gw, u8 side)
{
	for (u32 i = 0; i < NAT_FORWARDS; i++) {
		struct gateway_forward *f = &gw->forwards[i];

		if (f->text.proto && !f->active && names_guest(gw->names[side], f->text.guest))
			(void)forward_activate(gw, f, side, 0);
	}
}

void gateway_forwards_down(struct gateway *gw, u8 side)
{
	for (u32 i = 0; i < NAT_FORWARDS; i++)
		if (gw->forwards[i].active && gw->forwards[i].side == side)
			forward_deactivate(gw, &gw->forwards[i]);
}

static struct gateway_forward *forward_find(struct gateway *gw, u8 proto, u16 external)
{
	for (u32 i = 0; i < NAT_FORWARDS; i++) {
		struct gateway_forward *f = &gw->forwards[i];

		if (f->text.proto == proto && (!proto || f->text.external == external))
			return f;
	}
	return NULL;
}

static int forward_add(struct gateway *gw, const struct nat_forward_text *text)
{
	struct gateway_forward *f = forward_find(gw, text->proto, text->external);
	u8 side = side_of_guest(gw, text->guest);
	int err = ERR_OK;
	u32 address;

	if (f)
		return trace_err(ERR_EXIST,
				 "nat: port %u is forwarded already: `net forward del` "
				 "first",
				 text->external);
	f = forward_find(gw, 0, 0);
	if (!f)
		return trace_err(ERR_NOMEM, "nat: %u forwards are the most: delete one",
				 NAT_FORWARDS);
	f->text = *text;
	f->active = false;
	if (nat_parse_address(&address, text->guest))
		err = forward_activate(gw, f, NAT_SIDE_UPLINK, address);
	else if (side)
		err = forward_activate(gw, f, side, 0);
	if (err)
		f->text.proto = 0;
	return err;
}

int gateway_forward_set(struct gateway *gw, const struct nat_forward_text *forward)
{
	int err;

	ticket_lock(&gw->lock);
	err = forward_add(gw, forward);
	ticket_unlock(&gw->lock);
	return err;
}

int gateway_forward_add(struct gateway *gw, const char *text)
{
	struct nat_forward_text parsed;
	int err = nat_forward_parse(&parsed, text);

	return err ? err : gateway_forward_set(gw, &parsed);
}

int gateway_forward_del(struct gateway *gw, const char *text)
{
	struct gateway_forward *f;
	u16 external;
	u8 proto;
	int err = nat_forward_parse_port(&proto, &external, text);

	if (err)
		return err;
	ticket_lock(&gw->lock);
	f = forward_find(gw, proto, external);
	if (f) {
		forward_deactivate(gw, f);
		f->text.proto = 0;
	}
	ticket_unlock(&gw->lock);
	return f ? ERR_OK : ERR_NOENT;
}

bool gateway_forward_next(struct gateway *gw, u32 *number, struct gateway_forward_row *row)
{
	bool found = false;
	u8 side;

	ticket_lock(&gw->lock);
	while (*number < NAT_FORWARDS && !found) {
		const struct gateway_forward *f = &gw->forwards[(*number)++];
		const struct nat_forward *active;

		if (!f->text.proto)
			continue;
		found = true;
		*row = (struct gateway_forward_row){.text = f->text};
		active = f->active
			     ? nat_forward_find(gw->nat, f->text.proto, net16(f->text.external))
			     : NULL;
		if (active) {
			row->address = nat_forward_address(gw->nat, active, &side);
			row->packets = active->packets;
		}
	}
	ticket_unlock(&gw->lock);
	return found;
}

bool gateway_lease_next(struct gateway *gw, u32 *host, struct gateway_lease_row *row)
{
	const struct dhcpd_lease *lease;
	u32 now;

	ticket_lock(&gw->lock);
	now = gw->nat->now;
	lease = dhcpd_next(&gw->dhcpd, host, &row->address);
	if (lease) {
		memcpy(row->mac, lease->mac, 6);
		row->state = dhcpd_state_name(lease->state);
		row->left_s = lease->until > now ? lease->until - now : 0;
		row->reserved = lease->reserved;
		memcpy(row->name, lease->name, sizeof(row->name));
		memcpy(row->port, gw->names[lease->side], sizeof(row->port));
	}
	ticket_unlock(&gw->lock);
	return lease;
}

bool gateway_connection_next(struct gateway *gw, u32 *number, struct nat_row *row, char *port)
{
	bool found;

	ticket_lock(&gw->lock);
	found = nat_row_next(gw->nat, number, row);
	if (found)
		memcpy(port, gw->names[row->side], VSW_NAME);
	ticket_unlock(&gw->lock);
	return found;
}

static u32 count_leases(const struct gateway *gw)
{
	u32 host = 0, address, n = 0;
	const struct dhcpd_lease *lease;

	while ((lease = dhcpd_next(&gw->dhcpd, &host, &address)))
		n += lease->state == DHCPD_BOUND;
	return n;
}

void gateway_get_info(struct gateway *gw, struct gateway_info *info)
{
	ticket_lock(&gw->lock);
	*info = (struct gateway_info){
	    .dhcp_state = gw->dhcpc.fixed ? "configured" : dhcpc_state_name(gw->dhcpc.state),
	    .sessions = gw->nat->used_sessions,
	    .sessions_max = gw->nat->config.sessions,
	    .mappings = gw->nat->used_mappings,
	    .leases = count_leases(gw),
	    .router_known = gw->nat->hops[gw->nat->router_hop].valid,
	    .own = gw->counts,
	    .dns_asked = gw->dns.asked,
	    .dns_answered = gw->dns.answered,
	    .dns_refused = gw->dns.refused,
	    .dns_strange = gw->dns.strange,
	    .dns_lost = gw->dns.lost};
	if (dhcpc_bound(&gw->dhcpc))
		info->uplink = gw->dhcpc.lease;
	memcpy(info->counts, gw->nat->counts, sizeof(info->counts));
	ticket_unlock(&gw->lock);
}
