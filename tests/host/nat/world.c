/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/nat/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/offload.h"
#include "tests/host/net/plain.h"

static const u8 guest_side_mac[6] = {2, 0, 0, 0, 1, 1};
static const u8 uplink_mac[6] = {2, 0, 0, 0, 2, 1};
static const u8 router_mac[6] = {2, 0, 0, 0, 2, 2};

/* The sum of a plain L4 checksum by another way than the code under test: 16 bits at a time. */
static u32 plain_sum(u32 sum, const u8 *at, u32 n)
{
	for (u32 i = 0; i < n; i++)
		sum += i & 1 ? at[i] : (u32)at[i] << 8;
	return sum;
}

static u16 plain_fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

static u32 plain_pseudo(const u8 *ip, u32 l4_len)
{
	return plain_sum(ip[9] + l4_len, ip + 12, 8);
}

static bool l4_right(const u8 *ip, const u8 *l4, u32 n, const struct pkt_offload *off)
{
	u32 field = ip[9] == IP_PROTO_TCP ? 16 : 6;
	bool partial = off->flags & PKT_OFF_NEEDS_CSUM;

	if (ip[9] == IP_PROTO_ICMP)
		return n >= 8 && plain_fold(plain_sum(0, l4, n)) == 0xffff;
	if (ip[9] != IP_PROTO_TCP && ip[9] != IP_PROTO_UDP)
		return true;
	if (n < (ip[9] == IP_PROTO_TCP ? 20u : 8u))
		return false;
	if (ip[9] == IP_PROTO_UDP && !off->gso_type && get_be16(l4 + 4) > n)
		return false;
	if (partial) /* the pseudo header's sum, not inverted */
		return plain_fold(plain_pseudo(ip, n)) == plain_fold(get_be16(l4 + field));
	if (ip[9] == IP_PROTO_UDP && !get_be16(l4 + 6))
		return true;
	return plain_fold(plain_sum(plain_pseudo(ip, n), l4, n)) == 0xffff;
}

bool frame_right(const u8 *bytes, u32 len, const struct pkt_offload *off)
{
	const u8 *ip = bytes + 14;
	u32 header, total;

	if (len < 14 || get_be16(bytes + 12) != ETH_TYPE_IPV4)
		return len >= 14;
	header = (ip[0] & 15) * 4u;
	total = get_be16(ip + 2);
	if (len < 34 || header < 20 || total < header || total > len - 14)
		return false;
	if (plain_fold(plain_sum(0, ip, header)) != 0xffff)
		return false;
	if (get_be16(ip + 6) & 0x3fff)
		return true;
	return l4_right(ip, ip + header, total - header, off);
}

static void seen_read(struct seen *s)
{
	u32 header;

	s->arp = get_be16(s->bytes + 12) == ETH_TYPE_ARP;
	if (get_be16(s->bytes + 12) != ETH_TYPE_IPV4)
		return;
	s->ip = s->bytes + 14;
	header = (s->ip[0] & 15) * 4u;
	s->src = get_be32(s->ip + 12);
	s->dst = get_be32(s->ip + 16);
	s->proto = s->ip[9];
	s->l4 = s->ip + header;
	s->type = s->l4[0];
	if (s->proto == IP_PROTO_ICMP) {
		s->sport = get_be16(s->l4 + 4);
		s->payload = s->l4 + 8;
	} else {
		s->sport = get_be16(s->l4);
		s->dport = get_be16(s->l4 + 2);
		s->payload = s->l4 + (s->proto == IP_PROTO_TCP ? (s->l4[12] >> 4) * 4 : 8);
	}
	s->payload_len = (u32)(s->ip + get_be16(s->ip + 2) - s->payload);
}

/* The router answers for itself, after the call in which it is asked. */
static bool asks_router(struct world_port *wp, struct pkt *p)
{
	const u8 *arp = pkt_data(p) + 14;

	if (wp != &wp->world->port[WORLD_UPLINK] || p->len < ARP_FRAME ||
	    get_be16(arp - 2) != ETH_TYPE_ARP || arp[7] != ARP_REQUEST ||
	    get_be32(arp + 24) != W_ROUTER)
		return false;
	wp->world->router_asked = true;
	return true;
}

static u32 keep(struct vsw_worker *worker, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct world_port *wp = container_of(port, struct world_port, port);

	(void)worker;
	for (u32 i = 0; i < n; i++) {
		struct seen *s = &wp->got[wp->n % WORLD_KEEP];

		if (asks_router(wp, pkts[i]))
			continue;
		free(s->bytes);
		*s = (struct seen){.bytes = calloc(1, pkts[i]->len + 64),
				   .len = pkts[i]->len,
				   .off = pkts[i]->off};
		pkt_copy_out(pkts[i], s->bytes);
		if (!frame_right(s->bytes, s->len, &s->off))
			wp->world->bad++;
		else
			seen_read(s);
		wp->n++;
	}
	return n;
}

static const struct vsw_port_ops ops = {.send = keep, .send_plain = plain_unpack};

struct gateway_config world_config(void)
{
	struct gateway_config c = {.nat = {.subnet = net32(W_SUBNET),
					   .mask = net32(0xffffff00),
					   .gateway = net32(W_GATEWAY),
					   .guest_mtu = 1500,
					   .uplink_mtu = 1500,
					   .sessions = 1024,
					   .session_quota = 512,
					   .seed = {1, 2, 3, 4}},
				   .dhcp = {.lease_s = 600, .mtu = 1500, .domain = "lan.example"},
				   .uplink = {.address = net32(W_EXTERNAL),
					      .mask = net32(0xffffff00),
					      .router = net32(W_ROUTER),
					      .dns = {net32(W_DNS)}},
				   .name = "lan.gateway"};

	memcpy(c.nat.guest_mac, guest_side_mac, 6);
	memcpy(c.nat.uplink_mac, uplink_mac, 6);
	return c;
}

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %d\n", what, err);
	abort();
}

static void port_setup(struct world *w, u32 i)
{
	struct world_port *wp = &w->port[i];
	struct vsw_port_config config = {.mtu = 9000};

	wp->world = w;
	wp->mac[0] = 2;
	wp->mac[5] = (u8)(0x10 + i);
	if (i == WORLD_UPLINK)
		memcpy(wp->mac, uplink_mac, 6);
	wp->ip = W_SUBNET + 10 + i;
	snprintf(config.name, sizeof(config.name), "%s%u.net0", i == WORLD_UPLINK ? "up" : "vm", i);
	memcpy(config.mac, wp->mac, 6);
	if (i == WORLD_UPLINK)
		must(vsw_port_init(&wp->port, &ops, &config), "vsw_port_init");
	else
		must(vsw_port_add(&w->sw, &wp->port, &ops, &config), "vsw_port_add");
	vsw_port_set_offloads(&wp->port, VSW_OFF_ALL);
	if (i != WORLD_UPLINK)
		must(gateway_guest_up(w->gw, &wp->port, wp->mac, 0), "gateway_guest_up");
}

void world_claim(struct world *w, u32 guest, u32 ip)
{
	struct make *m = calloc(1, sizeof(*m));

	w->port[guest].ip = ip;
	make_arp(m, ARP_REQUEST, w->port[guest].mac, ip, W_GATEWAY);
	world_send_made(w, guest, m);
	free(m);
}

/* The first packet outwards makes the gateway ask for its router. */
static void world_connect(struct world *w)
{
	struct make *m = calloc(1, sizeof(*m));

	world_wait(w, 4000);
	for (u32 i = 0; i < WORLD_GUESTS; i++)
		world_claim(w, i, w->port[i].ip);
	make_udp(m, &(struct flow){.src = w->port[0].ip, .dst = W_SERVER, .sport = 9, .dport = 9},
		 "", 0);
	world_send_made(w, 0, m);
	world_wait(w, 100);
	free(m);
	world_forget(w);
}

void world_setup(struct world *w, const struct gateway_config *config)
{
	struct vsw_config sw = {.name = "lan",
				.table_bytes = 65536,
				.workers = &w->all,
				.secret = 0xfedcba9876543210ull};

	memset(w, 0, sizeof(*w));
	w->scratch = aligned_alloc(128, VSW_SCRATCH_BYTES);
	sw.table = w->table = aligned_alloc(128, sw.table_bytes);
	memset(w->table, 0, sw.table_bytes);
	vsw_workers_init(&w->all, w->worker, 1, w->scratch);
	must(vsw_init(&w->sw, &sw), "vsw_init");
	w->memory = aligned_alloc(64, ALIGN_UP(gateway_bytes(config), 64));
	memset(w->memory, 0xa5, gateway_bytes(config));
	must(gateway_init(&w->gw, config, w->memory), "gateway_init");
	must(gateway_attach(w->gw, &w->sw), "gateway_attach");
	w->now_ns = 1000 * 1000000000ull;
	for (u32 i = 0; i < WORLD_PORTS; i++)
		port_setup(w, i);
	gateway_set_uplink(w->gw, &w->port[WORLD_UPLINK].port, true, w->now_ns);
	if (config->uplink.address)
		world_connect(w);
}

void world_forget(struct world *w)
{
	for (u32 i = 0; i < WORLD_PORTS; i++) {
		struct world_port *wp = &w->port[i];

		for (u32 k = 0; k < WORLD_KEEP; k++) {
			free(wp->got[k].bytes);
			wp->got[k].bytes = NULL;
		}
		wp->n = wp->next = 0;
	}
}

void world_teardown(struct world *w)
{
	const char *wrong = world_check(w);

	if (wrong) {
		fprintf(stderr, "the books are wrong: %s\n", wrong);
		abort();
	}
	world_forget(w);
	free(w->scratch);
	free(w->table);
	free(w->memory);
}

static void router_answer(struct world *w)
{
	struct make *m = calloc(1, sizeof(*m));

	w->router_asked = false;
	make_arp(m, ARP_REPLY, router_mac, W_ROUTER, W_EXTERNAL);
	world_send_made(w, WORLD_UPLINK, m);
	free(m);
}

void world_wait(struct world *w, u64 ms)
{
	u64 until = w->now_ns + ms * 1000000;

	while (w->now_ns < until) {
		/* Long waits in steps that the wheel can skip through. */
		u64 step = until - w->now_ns > 20000000000ull ? 1000000000ull : 100000000ull;

		w->now_ns += MIN(step, until - w->now_ns);
		gateway_tick(w->gw, &w->worker[0], w->now_ns);
		if (w->router_asked)
			router_answer(w);
	}
}

/* True: it was plain, and is on its way. */
static bool send_plain(struct world *w, u32 port, const u8 *bytes, u32 len)
{
	static struct pkt room[PKT_BATCH];
	struct pkt_plain f;
	u32 n = 0;
	u8 *at;

	if (len < PLAIN_LEN_MIN || len > PKT_LEN_MAX)
		return false;
	at = plain_pack(&f, bytes, len);
	n = vsw_input_plain(&w->worker[0], &w->port[port].port, &f, 1, room, w->now_ns);
	w->plain += n;
	free(at);
	return n;
}

void world_send(struct world *w, u32 port, const u8 *bytes, u32 len, const struct pkt_offload *off)
{
	struct pkt p;
	struct pkt_batch batch = {.n = 1, .pkt = {&p}};
	u32 plausible = 64 + w->sent++ % 64, head = MIN(len, plausible);
	u8 *exact;

	if (port != WORLD_UPLINK && !off && w->sent % 2 && send_plain(w, port, bytes, len))
		return;
	exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	pkt_init(&p);
	pkt_set_head(&p, exact, head);
	p.vlan = 1;
	p.in_port = 0;
	if (len > head && pkt_add_frag(&p, exact + head, len - head))
		abort();
	if (off)
		p.off = *off;
	if (port == WORLD_UPLINK)
		gateway_uplink_input(w->gw, &w->worker[0], &batch, w->now_ns);
	else
		vsw_input(&w->worker[0], &w->port[port].port, &batch, w->now_ns);
	free(exact);
}

struct seen *world_take(struct world *w, u32 port)
{
	struct world_port *wp = &w->port[port];

	return wp->next < wp->n ? &wp->got[wp->next++ % WORLD_KEEP] : NULL;
}

static u8 *make_ip(struct make *m, const struct flow *f, u8 proto, u32 payload)
{
	u8 *ip = m->bytes + 14;

	memset(m->bytes, 0, 34);
	put_be16(m->bytes + 12, ETH_TYPE_IPV4);
	ip[0] = 0x45;
	put_be16(ip + 2, (u16)(20 + payload));
	put_be16(ip + 4, 0x1234);
	put_be16(ip + 6, IP_DF);
	ip[8] = f->ttl ? f->ttl : 64;
	ip[9] = proto;
	put_be32(ip + 12, f->src);
	put_be32(ip + 16, f->dst);
	m->len = 34 + payload;
	make_ip_checksum(m);
	return ip + 20;
}

void make_ip_checksum(struct make *m)
{
	u8 *ip = m->bytes + 14;

	put_be16(ip + 10, 0);
	put_be16(ip + 10, (u16)~plain_fold(plain_sum(0, ip, (ip[0] & 15) * 4u)));
}

static void make_check(struct make *m, u8 *l4, u32 n, u32 field)
{
	put_be16(l4 + field, 0);
	put_be16(l4 + field, (u16)~plain_fold(plain_sum(plain_pseudo(m->bytes + 14, n), l4, n)));
	if (field == 6 && !get_be16(l4 + field))
		put_be16(l4 + field, 0xffff);
}

void make_tcp_checksum(struct make *m)
{
	make_check(m, m->bytes + 34, m->len - 34, 16);
}

void make_udp(struct make *m, const struct flow *f, const void *payload, u32 n)
{
	u8 *l4 = make_ip(m, f, IP_PROTO_UDP, 8 + n);

	put_be16(l4, f->sport);
	put_be16(l4 + 2, f->dport);
	put_be16(l4 + 4, (u16)(8 + n));
	memcpy(l4 + 8, payload, n);
	make_check(m, l4, 8 + n, 6);
}

void make_tcp(struct make *m, const struct flow *f, u8 flags, u16 mss, const void *payload, u32 n)
{
	u32 header = mss ? 24 : 20;
	u8 *l4 = make_ip(m, f, IP_PROTO_TCP, header + n);

	memset(l4, 0, header);
	put_be16(l4, f->sport);
	put_be16(l4 + 2, f->dport);
	put_be32(l4 + 4, 0x01020304);
	l4[12] = (u8)(header / 4 << 4);
	l4[13] = flags;
	put_be16(l4 + 14, 8192);
	if (mss) {
		l4[20] = 2;
		l4[21] = 4;
		put_be16(l4 + 22, mss);
	}
	memcpy(l4 + header, payload, n);
	make_check(m, l4, header + n, 16);
}

void make_echo(struct make *m, const struct flow *f, u8 type, u32 n)
{
	u8 *l4 = make_ip(m, f, IP_PROTO_ICMP, 8 + n);

	memset(l4, 0, 8);
	l4[0] = type;
	put_be16(l4 + 4, f->sport);
	put_be16(l4 + 6, 1);
	for (u32 i = 0; i < n; i++)
		l4[8 + i] = (u8)i;
	put_be16(l4 + 2, (u16)~plain_fold(plain_sum(0, l4, 8 + n)));
}

void make_error(struct make *m, u32 src, u32 dst, u8 type, u8 code, u16 mtu, const u8 *ip,
		u32 quote)
{
	u8 *l4 = make_ip(m, &(struct flow){.src = src, .dst = dst}, IP_PROTO_ICMP, 8 + quote);

	memset(l4, 0, 8);
	l4[0] = type;
	l4[1] = code;
	put_be16(l4 + 6, mtu);
	memcpy(l4 + 8, ip, quote);
	put_be16(l4 + 2, (u16)~plain_fold(plain_sum(0, l4, 8 + quote)));
}

void make_arp(struct make *m, u16 op, const u8 mac[6], u32 sender, u32 target)
{
	static const u8 head[8] = {0, 1, 8, 0, 6, 4, 0, 0};
	u8 *arp = m->bytes + 14;

	memset(m->bytes, 0, 60);
	memset(m->bytes, op == ARP_REQUEST ? 0xff : 0, 6);
	memcpy(m->bytes + 6, mac, 6);
	put_be16(m->bytes + 12, ETH_TYPE_ARP);
	memcpy(arp, head, 8);
	arp[7] = (u8)op;
	memcpy(arp + 8, mac, 6);
	put_be32(arp + 14, sender);
	put_be32(arp + 24, target);
	m->len = 60;
}

static void set_macs(struct world *w, u32 port, struct make *m)
{
	if (!(m->bytes[0] & 1))
		memcpy(m->bytes, port == WORLD_UPLINK ? uplink_mac : guest_side_mac, 6);
	memcpy(m->bytes + 6, port == WORLD_UPLINK ? router_mac : w->port[port].mac, 6);
}

void world_send_made(struct world *w, u32 port, struct make *m)
{
	set_macs(w, port, m);
	world_send(w, port, m->bytes, m->len, NULL);
}

void world_send_partial(struct world *w, u32 port, struct make *m, u8 gso_type, u16 gso_size)
{
	u8 *ip = m->bytes + 14, *l4 = ip + 20;
	u32 field = ip[9] == IP_PROTO_TCP ? 16 : 6;
	struct pkt_offload off = {.flags = PKT_OFF_NEEDS_CSUM,
				  .gso_type = gso_type,
				  .gso_size = gso_size,
				  .csum_start = 34,
				  .csum_offset = (u16)field};

	set_macs(w, port, m);
	put_be16(l4 + field, plain_fold(plain_pseudo(ip, m->len - 34)));
	world_send(w, port, m->bytes, m->len, &off);
}

struct seen *world_udp(struct world *w, u32 port, struct flow f, u32 to_port)
{
	struct make *m = calloc(1, sizeof(*m));

	make_udp(m, &f, "hello", 5);
	world_send_made(w, port, m);
	free(m);
	return world_take(w, to_port);
}

struct seen *world_tcp(struct world *w, u32 port, struct flow f, u8 flags, u32 to_port)
{
	struct make *m = calloc(1, sizeof(*m));

	make_tcp(m, &f, flags, 0, "", 0);
	world_send_made(w, port, m);
	free(m);
	return world_take(w, to_port);
}

static const char *check_sessions(const struct nat *nat)
{
	u32 used = 0, of_side[NAT_SIDES] = {0}, inbound_of[NAT_SIDES] = {0};

	for (u32 i = 0; i < nat->config.sessions; i++) {
		const struct nat_session *s = &nat->sessions[i];
		bool inbound = s->side[0] == NAT_SIDE_UPLINK;

		if (s->state == NAT_FREE)
			continue;
		used++;
		of_side[s->side[inbound]]++;
		inbound_of[s->side[inbound]] += inbound;
		if (s->side[inbound] == NAT_SIDE_UPLINK)
			return "a session of nobody";
	}
	if (used != nat->used_sessions || nat->table.used != 2 * used)
		return "number of sessions";
	for (u32 side = 0; side < NAT_SIDES; side++)
		if (nat->guests[side].sessions != of_side[side] ||
		    nat->guests[side].inbound != inbound_of[side])
			return "sessions of a guest";
	return NULL;
}

static const char *check_mappings(const struct nat *nat)
{
	u32 used = 0, refs = 0, linked = 0, ports = 0;

	for (u32 i = 0; i < nat->max_mappings; i++)
		if (nat->mappings[i].proto) {
			used++;
			refs += nat->mappings[i].refs;
			if (!nat->mappings[i].refs)
				return "a mapping without sessions";
		}
	for (u32 i = 0; i < nat->config.sessions; i++)
		linked +=
		    nat->sessions[i].state != NAT_FREE && nat->sessions[i].mapping != NAT_NONE;
	for (u32 side = 0; side < NAT_SIDES; side++)
		ports += nat->guests[side].ports;
	if (used != nat->used_mappings || nat->mapping_table.used != 2 * used || refs != linked ||
	    ports != used)
		return "number of mappings";
	return NULL;
}

/* External ports that are taken: mappings, forwards, the relay's queries. */
static const char *check_ports(const struct world *w)
{
	const struct nat *nat = w->gw->nat;
	u32 taken = 0, known = nat->used_mappings;

	for (u32 k = 0; k < 3; k++)
		for (u32 i = 0; i < ARRAY_SIZE(nat->ports[k]); i++)
			taken += (u32)__builtin_popcountll(nat->ports[k][i]);
	for (u32 i = 0; i < NAT_FORWARDS; i++)
		known += nat->forwards[i].proto != 0;
	for (u32 i = 0; i < DNS_PENDING; i++)
		known += w->gw->dns.queries[i].guest != 0;
	return taken == known ? NULL : "external ports";
}

const char *world_check(const struct world *w)
{
	const char *wrong = check_sessions(w->gw->nat);

	if (!wrong)
		wrong = check_mappings(w->gw->nat);
	if (!wrong)
		wrong = check_ports(w);
	if (!wrong && w->gw->pool.free.n + w->gw->held.n + w->gw->arp.queued != GATEWAY_FRAMES)
		wrong = "a buffer is lost";
	return wrong;
}
