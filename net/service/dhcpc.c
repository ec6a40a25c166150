/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/dhcpc.h"

#include <string.h>

#include "net/nat/wire.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define START_MS 300  /* at most, before the first message: not all at once */
#define BACKOFF_MAX 4 /* 4 s, 8, 16, 32, 64 (RFC 2131, 4.1) */
#define REQUEST_TRIES 4
#define RENEW_MIN (60 * SECOND)
#define PROBES 3 /* RFC 5227, 1.1, but for shorter pauses: switched networks */
#define PROBE_MS 200
#define ANNOUNCEMENTS 2
#define DEFEND_NS (10 * SECOND)
#define DECLINE_PAUSE_NS (10 * SECOND) /* RFC 2131, 3.1.5 */
#define FOREVER 0xffffffffu
#define LEASE_MIN 30

static const u8 everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void dhcpc_init(struct dhcpc *c, struct nat_random *random, struct arp *arp, const u8 mac[6])
{
	memset(c, 0, sizeof(*c));
	c->random = random;
	c->arp = arp;
	memcpy(c->mac, mac, 6);
}

void dhcpc_set_fixed(struct dhcpc *c, const struct dhcpc_lease *lease)
{
	c->fixed = lease;
	if (lease)
		c->fixed_lease = *lease;
}

static u64 random_ms(struct dhcpc *c, u32 below)
{
	return nat_random_below(c->random, below) * MS;
}

static void restart(struct dhcpc *c, u64 next_ns)
{
	memset(&c->lease, 0, sizeof(c->lease));
	c->state = DHCPC_INIT;
	c->tries = 0;
	c->next_ns = next_ns;
}

void dhcpc_start(struct dhcpc *c, u64 now_ns)
{
	restart(c, now_ns + random_ms(c, START_MS));
	c->begun_ns = now_ns;
}

void dhcpc_stop(struct dhcpc *c)
{
	memset(&c->lease, 0, sizeof(c->lease));
	c->state = DHCPC_OFF;
}

/* 4 s doubled with each try, and up to a second more or less. */
static void wait_backoff(struct dhcpc *c, u64 now_ns)
{
	u32 doubled = MIN((u32)c->tries, (u32)BACKOFF_MAX);

	c->next_ns = now_ns + (4 * SECOND << doubled) - SECOND + random_ms(c, 2000);
	c->tries = (u8)MIN(c->tries + 1u, 255u);
}

/* A message of a type; unicast to the server while renewing, else broadcast. */
static void send(struct dhcpc *c, u8 type, u64 now_ns, struct frame_list *out)
{
	static const u8 wanted[] = {DHCP_O_MASK,  DHCP_O_ROUTER, DHCP_O_DNS, DHCP_O_MTU,
				    DHCP_O_LEASE, DHCP_O_T1,     DHCP_O_T2};
	bool has = c->state >= DHCPC_BOUND, unicast = c->state == DHCPC_RENEWING;
	struct dhcp_msg msg = {.op = 1,
			       .type = type,
			       .xid = c->xid,
			       .secs = (u16)MIN((now_ns - c->begun_ns) / SECOND, 0xffffull),
			       .ciaddr = has && type == DHCP_REQUEST ? c->lease.address : 0};
	struct frame_udp udp = {.src = msg.ciaddr,
				.dst = unicast ? c->lease.server : 0xffffffff,
				.sport = net16(DHCP_CLIENT_PORT),
				.dport = net16(DHCP_SERVER_PORT)};
	struct frame *frame = frame_take(c->arp->pool);
	struct dhcp_writer w;

	if (!frame)
		return;
	memcpy(msg.chaddr, c->mac, 6);
	memcpy(udp.src_mac, c->mac, 6);
	memcpy(udp.dst_mac, everybody, 6);
	dhcp_write_begin(&w, frame->data + FRAME_UDP_AT, &msg);
	if (type != DHCP_DISCOVER && !has) {
		dhcp_write_address(&w, DHCP_O_ADDRESS, c->lease.address);
		dhcp_write_address(&w, DHCP_O_SERVER, c->lease.server);
	}
	if (type != DHCP_DECLINE) {
		dhcp_write_bytes(&w, DHCP_O_PARAMETERS, wanted, sizeof(wanted));
		dhcp_write_u16(&w, DHCP_O_MAX_SIZE, 1500);
	}
	frame_write_udp(frame, &udp, dhcp_write_end(&w));
	frame->to = FRAME_TO_UPLINK;
	if (unicast)
		arp_send(c->arp, frame, udp.dst, now_ns, out);
	else
		frame_list_add(out, frame);
}

/* ARP for our own address: as a probe without a sender, or as an announcement. */
static void send_arp(struct dhcpc *c, bool probe, struct frame_list *out)
{
	struct arp_msg msg = {
	    .op = ARP_REQUEST, .sender = probe ? 0 : c->lease.address, .target = c->lease.address};
	struct frame *frame = frame_take(c->arp->pool);

	if (!frame)
		return;
	memcpy(msg.sender_mac, c->mac, 6);
	arp_write(frame, everybody, &msg);
	frame->to = FRAME_TO_UPLINK;
	frame_list_add(out, frame);
}

/* Not a group, not 0, not loopback. */
static bool unicast(u32 address)
{
	u32 top = net32(address) >> 24;

	return top && top != 127 && top < 224;
}

static bool mask_good(u32 mask)
{
	u32 hosts = ~net32(mask);

	return mask && !(hosts & (hosts + 1)) && hosts;
}

/* Take what a server says, with sane times. False: nothing to be used. */
static bool lease_read(struct dhcpc_lease *lease, const struct dhcp_msg *msg)
{
	if (!unicast(msg->yiaddr) || !msg->server)
		return false;
	*lease =
	    (struct dhcpc_lease){.address = msg->yiaddr,
				 .mask = mask_good(msg->mask) ? msg->mask : net32(0xffffff00),
				 .router = unicast(msg->router) ? msg->router : 0,
				 .server = msg->server,
				 .dns = {msg->dns[0], msg->dns[1]},
				 .seconds = msg->lease ? MAX(msg->lease, (u32)LEASE_MIN) : 3600,
				 .mtu = msg->mtu >= 576 ? msg->mtu : 0};
	lease->t1 = msg->t1 && msg->t1 < lease->seconds ? msg->t1 : lease->seconds / 2;
	lease->t2 = msg->t2 > lease->t1 && msg->t2 < lease->seconds
			? msg->t2
			: lease->seconds - (lease->seconds - lease->t1) / 4;
	return true;
}

static void begin_request(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	c->state = DHCPC_REQUESTING;
	c->tries = 0;
	c->asked_ns = now_ns;
	send(c, DHCP_REQUEST, now_ns, out);
	wait_backoff(c, now_ns);
}

static void bind(struct dhcpc *c, u64 now_ns)
{
	c->state = DHCPC_BOUND;
	c->tries = 0;
	c->next_ns = now_ns;
	c->t1_ns = c->asked_ns + c->lease.t1 * SECOND;
	c->t2_ns = c->asked_ns + c->lease.t2 * SECOND;
	c->end_ns = c->asked_ns + c->lease.seconds * SECOND;
	if (c->lease.seconds == FOREVER)
		c->t1_ns = c->t2_ns = c->end_ns = ~0ull;
}

static void on_ack(struct dhcpc *c, const struct dhcp_msg *msg, u64 now_ns)
{
	u32 old = c->lease.address;
	struct dhcpc_lease lease;

	if (!lease_read(&lease, msg))
		return;
	c->lease = lease;
	if (c->state >= DHCPC_BOUND && lease.address == old) {
		bind(c, now_ns);
		c->tries = ANNOUNCEMENTS; /* known to everybody */
		c->next_ns = c->t1_ns;
		return;
	}
	c->state = DHCPC_PROBING;
	c->tries = 0;
	c->next_ns = now_ns;
}

void dhcpc_input(struct dhcpc *c, const struct dhcp_msg *msg, u64 now_ns, struct frame_list *out)
{
	bool asking = c->state == DHCPC_REQUESTING || c->state == DHCPC_RENEWING ||
		      c->state == DHCPC_REBINDING;

	if (msg->op != 2 || msg->xid != c->xid || memcmp(msg->chaddr, c->mac, 6))
		return;
	if (msg->type == DHCP_OFFER && c->state == DHCPC_SELECTING) {
		if (lease_read(&c->lease, msg))
			begin_request(c, now_ns, out);
	} else if (msg->type == DHCP_ACK && asking) {
		if (c->state == DHCPC_REQUESTING && msg->server != c->lease.server)
			return;
		on_ack(c, msg, now_ns);
	} else if (msg->type == DHCP_NAK && asking) {
		restart(c, now_ns + SECOND);
	}
}

static void decline(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	c->conflicts++;
	c->state = DHCPC_PROBING; /* a DECLINE names the address as requested, ciaddr is 0 */
	if (!c->fixed)
		send(c, DHCP_DECLINE, now_ns, out);
	restart(c, now_ns + DECLINE_PAUSE_NS);
	log_warn("dhcp client: the uplink's address is used by another machine: %s",
		 c->fixed ? "give it another one in the configuration" : "asking for another");
}

void dhcpc_arp(struct dhcpc *c, const struct arp_msg *msg, u64 now_ns, struct frame_list *out)
{
	bool claims = msg->sender == c->lease.address && msg->sender;
	bool probes = !msg->sender && msg->target == c->lease.address && msg->op == ARP_REQUEST;

	if (c->state < DHCPC_PROBING || !memcmp(msg->sender_mac, c->mac, 6))
		return;
	if (c->state == DHCPC_PROBING) {
		if (claims || probes)
			decline(c, now_ns, out);
		return;
	}
	if (!claims)
		return;
	/* RFC 5227, 2.4 (b): say once that it is ours; give up if that does not help. */
	if (!c->defended_ns || now_ns - c->defended_ns >= DEFEND_NS) {
		c->defended_ns = now_ns;
		send_arp(c, false, out);
	} else {
		decline(c, now_ns, out);
	}
}

static void on_init(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	if (c->fixed) {
		c->lease = c->fixed_lease;
		c->lease.seconds = FOREVER;
		c->state = DHCPC_PROBING;
		return;
	}
	c->xid = (u32)nat_random(c->random);
	c->begun_ns = now_ns;
	c->state = DHCPC_SELECTING;
	send(c, DHCP_DISCOVER, now_ns, out);
	wait_backoff(c, now_ns);
}

static void on_selecting(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	send(c, DHCP_DISCOVER, now_ns, out);
	wait_backoff(c, now_ns);
}

static void on_requesting(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	if (c->tries >= REQUEST_TRIES) {
		restart(c, now_ns);
		return;
	}
	send(c, DHCP_REQUEST, now_ns, out);
	wait_backoff(c, now_ns);
}

static void on_probing(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	if (c->tries++ < PROBES) {
		send_arp(c, true, out);
		c->next_ns = now_ns + PROBE_MS / 2 * MS + random_ms(c, PROBE_MS);
		return;
	}
	bind(c, now_ns);
}

static void on_bound(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	if (now_ns < c->t1_ns) {
		if (c->tries++ < ANNOUNCEMENTS)
			send_arp(c, false, out);
		c->next_ns = c->tries < ANNOUNCEMENTS ? now_ns + 2 * SECOND : c->t1_ns;
		return;
	}
	c->state = DHCPC_RENEWING;
	c->xid = (u32)nat_random(c->random);
	c->begun_ns = now_ns;
}

/* Half of what is left until the next state, but a minute at least (RFC 2131, 4.4.5). */
static void wait_half(struct dhcpc *c, u64 now_ns, u64 until_ns)
{
	u64 left = until_ns - now_ns;

	c->asked_ns = now_ns;
	c->next_ns = now_ns + MIN(MAX(left / 2, RENEW_MIN), left);
}

static void on_renewing(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	if (now_ns >= c->t2_ns) {
		c->state = DHCPC_REBINDING;
		return;
	}
	send(c, DHCP_REQUEST, now_ns, out);
	wait_half(c, now_ns, c->t2_ns);
}

static void on_rebinding(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	if (now_ns >= c->end_ns) {
		log_warn("dhcp client: the lease of %u s has ended unrenewed", c->lease.seconds);
		restart(c, now_ns);
		return;
	}
	send(c, DHCP_REQUEST, now_ns, out);
	wait_half(c, now_ns, c->end_ns);
}

void dhcpc_tick(struct dhcpc *c, u64 now_ns, struct frame_list *out)
{
	static void (*const due[DHCPC_STATES])(struct dhcpc *, u64, struct frame_list *) = {
	    [DHCPC_INIT] = on_init,
	    [DHCPC_SELECTING] = on_selecting,
	    [DHCPC_REQUESTING] = on_requesting,
	    [DHCPC_PROBING] = on_probing,
	    [DHCPC_BOUND] = on_bound,
	    [DHCPC_RENEWING] = on_renewing,
	    [DHCPC_REBINDING] = on_rebinding,
	};

	if (due[c->state] && now_ns >= c->next_ns)
		due[c->state](c, now_ns, out);
}

const char *dhcpc_state_name(u8 state)
{
	static const char *const names[DHCPC_STATES] = {"off",
							"waiting",
							"looking for a server",
							"asking for an address",
							"probing",
							"bound",
							"renewing",
							"rebinding"};

	return state < DHCPC_STATES ? names[state] : "unknown";
}
