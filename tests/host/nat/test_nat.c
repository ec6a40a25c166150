/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation as guests and servers see it: the real switch, gateway and NAT between them. */
#include "tests/host/nat/world.h"
#include "tests/host/services/cm.h"

static struct world w;
static struct make m;

static int setup(void **state)
{
	struct gateway_config config = world_config();

	(void)state;
	world_setup(&w, &config);
	return 0;
}

static int teardown(void **state)
{
	int bad = (int)w.bad;

	(void)state;
	world_teardown(&w);
	return bad;
}

static struct flow guest_flow(u32 guest, u16 sport, u32 dst, u16 dport)
{
	return (struct flow){.src = w.port[guest].ip, .dst = dst, .sport = sport, .dport = dport};
}

/* What a server answers to a packet that it has seen. */
static struct flow answer_to(const struct seen *s)
{
	return (struct flow){.src = s->dst, .dst = s->src, .sport = s->dport, .dport = s->sport};
}

static void test_udp_out_and_back(void **state)
{
	struct seen *out = world_udp(&w, 0, guest_flow(0, 40000, W_SERVER, 53), WORLD_UPLINK), *in;

	(void)state;
	assert_non_null(out);
	assert_int_equal(out->src, W_EXTERNAL);
	assert_int_equal(out->dst, W_SERVER);
	assert_int_equal(out->sport, 40000); /* preserved */
	assert_int_equal(out->dport, 53);
	assert_int_equal(out->ip[8], 63);
	in = world_udp(&w, WORLD_UPLINK, answer_to(out), 0);
	assert_non_null(in);
	assert_int_equal(in->src, W_SERVER);
	assert_int_equal(in->dst, w.port[0].ip);
	assert_int_equal(in->sport, 53);
	assert_int_equal(in->dport, 40000);
	assert_memory_equal(in->payload, "hello", 5);
	assert_memory_equal(in->bytes, w.port[0].mac, 6);
	assert_int_equal(in->ip[8], 63);
}

/* RFC 4787 REQ-1: one external port for an internal one, whoever the other side is. */
static void test_mapping_is_endpoint_independent(void **state)
{
	struct seen *a = world_udp(&w, 0, guest_flow(0, 40000, W_SERVER, 53), WORLD_UPLINK);
	struct seen *b = world_udp(&w, 0, guest_flow(0, 40000, W_SERVER + 1, 99), WORLD_UPLINK);

	(void)state;
	assert_int_equal(a->sport, b->sport);
}

/* Two guests with the same port: the second one gets another of the same parity. */
static void test_port_is_changed_when_taken(void **state)
{
	struct seen *a = world_udp(&w, 0, guest_flow(0, 40001, W_SERVER, 53), WORLD_UPLINK);
	struct seen *b = world_udp(&w, 1, guest_flow(1, 40001, W_SERVER, 53), WORLD_UPLINK);
	struct seen *in;

	(void)state;
	assert_int_equal(a->sport, 40001);
	assert_int_not_equal(b->sport, 40001);
	assert_int_equal(b->sport & 1, 1);
	in = world_udp(&w, WORLD_UPLINK, answer_to(b), 1);
	assert_non_null(in);
	assert_int_equal(in->dport, 40001);
}

/* Address- and port-dependent filtering: only who was sent to may answer. */
static void test_filter(void **state)
{
	struct seen *out = world_udp(&w, 0, guest_flow(0, 40000, W_SERVER, 53), WORLD_UPLINK);
	struct flow other = answer_to(out);

	(void)state;
	other.src++;
	assert_null(world_udp(&w, WORLD_UPLINK, other, 0));
	other = answer_to(out);
	other.sport++;
	assert_null(world_udp(&w, WORLD_UPLINK, other, 0));
}

static void test_endpoint_filter_lets_others_in(void **state)
{
	struct gateway_config config = world_config();
	struct flow other;
	struct seen *out, *in;

	(void)state;
	world_teardown(&w);
	config.nat.filter_endpoint = true;
	world_setup(&w, &config);
	out = world_udp(&w, 0, guest_flow(0, 40000, W_SERVER, 53), WORLD_UPLINK);
	other = answer_to(out);
	other.src += 5;
	in = world_udp(&w, WORLD_UPLINK, other, 0);
	assert_non_null(in);
	assert_int_equal(in->dport, 40000);
	out = world_udp(&w, 0, guest_flow(0, 40000, other.src, other.sport), WORLD_UPLINK);
	assert_int_equal(out->sport, 40000);
}

/* A checksum of 0 stays 0; one that would become 0 becomes 0xffff. */
static void test_udp_checksum_rules(void **state)
{
	struct flow f = guest_flow(0, 40000, W_SERVER, 53);
	struct seen *out;
	u32 ffff = 0;

	(void)state;
	make_udp(&m, &f, "x", 1);
	put_be16(m.bytes + 34 + 6, 0);
	world_send_made(&w, 0, &m);
	out = world_take(&w, WORLD_UPLINK);
	assert_int_equal(get_be16(out->l4 + 6), 0);
	for (u32 i = 0; i < 65536; i++) {
		u8 payload[2] = {(u8)(i >> 8), (u8)i};

		make_udp(&m, &f, payload, 2);
		world_send_made(&w, 0, &m);
		out = world_take(&w, WORLD_UPLINK);
		assert_int_not_equal(get_be16(out->l4 + 6), 0);
		ffff += get_be16(out->l4 + 6) == 0xffff;
	}
	assert_int_not_equal(ffff, 0);
	assert_int_equal(w.bad, 0);
}

static struct seen *open_tcp(u32 guest, u16 sport, u16 dport)
{
	struct flow f = guest_flow(guest, sport, W_SERVER, dport);
	struct seen *out = world_tcp(&w, guest, f, TCP_SYN, WORLD_UPLINK);

	assert_non_null(out);
	assert_non_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_SYN | TCP_ACK, guest));
	assert_non_null(world_tcp(&w, guest, f, TCP_ACK, WORLD_UPLINK));
	return out;
}

static u32 sessions(void)
{
	struct gateway_info info;

	gateway_get_info(w.gw, &info);
	return info.sessions;
}

static void expire_setup_session(void)
{
	world_wait(&w, 130000);
	assert_int_equal(sessions(), 0);
}

static void test_tcp_life(void **state)
{
	struct flow f = guest_flow(0, 40000, W_SERVER, 80);
	struct seen *out;
	struct nat_row row;
	char port[VSW_NAME];
	u32 number = 0;

	(void)state;
	expire_setup_session();
	out = open_tcp(0, 40000, 80);
	assert_true(gateway_connection_next(w.gw, &number, &row, port));
	assert_string_equal(row.state, "established");
	assert_string_equal(port, "vm0.net0");
	/* Two hours and four minutes of silence (RFC 5382 REQ-5). */
	world_wait(&w, 7439 * 1000);
	assert_int_equal(sessions(), 1);
	assert_non_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_ACK, 0));
	world_wait(&w, 7439 * 1000);
	assert_int_equal(sessions(), 1);
	assert_non_null(world_tcp(&w, 0, f, TCP_FIN | TCP_ACK, WORLD_UPLINK));
	assert_non_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_FIN | TCP_ACK, 0));
	assert_non_null(world_tcp(&w, 0, f, TCP_ACK, WORLD_UPLINK));
	world_wait(&w, 239 * 1000);
	assert_int_equal(sessions(), 1);
	world_wait(&w, 3 * 1000);
	assert_int_equal(sessions(), 0);
	assert_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_ACK, 0));
}

/* A reset that nobody believes does not end a connection; one that is believed does. */
static void test_tcp_reset(void **state)
{
	struct seen *out;

	(void)state;
	expire_setup_session();
	out = open_tcp(0, 40000, 80);
	assert_non_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_RST, 0));
	assert_non_null(
	    world_tcp(&w, 0, guest_flow(0, 40000, W_SERVER, 80), TCP_ACK, WORLD_UPLINK));
	world_wait(&w, 300 * 1000);
	assert_int_equal(sessions(), 1);
	assert_non_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_RST, 0));
	world_wait(&w, 245 * 1000);
	assert_int_equal(sessions(), 0);
}

static void test_tcp_needs_syn(void **state)
{
	(void)state;
	assert_null(world_tcp(&w, 0, guest_flow(0, 40000, W_SERVER, 80), TCP_ACK, WORLD_UPLINK));
	assert_null(world_tcp(&w, WORLD_UPLINK, (struct flow){W_SERVER, W_EXTERNAL, 80, 40000, 0},
			      TCP_SYN, 0));
}

static void test_mss_is_clamped(void **state)
{
	struct flow f = guest_flow(0, 40000, W_SERVER, 80);
	struct seen *s;

	(void)state;
	make_tcp(&m, &f, TCP_SYN, 8960, "", 0);
	world_send_made(&w, 0, &m);
	s = world_take(&w, WORLD_UPLINK);
	assert_int_equal(get_be16(s->l4 + 22), 1460);
	f = answer_to(s);
	make_tcp(&m, &f, TCP_SYN | TCP_ACK, 1200, "", 0);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, 0);
	assert_int_equal(get_be16(s->l4 + 22), 1200);
}

static void test_echo(void **state)
{
	struct flow f = guest_flow(0, 77, W_SERVER, 0);
	struct seen *s;

	(void)state;
	make_echo(&m, &f, 8, 56);
	world_send_made(&w, 0, &m);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->src, W_EXTERNAL);
	/* Another guest with the same identifier gets another one outside. */
	f = guest_flow(1, 77, W_SERVER, 0);
	make_echo(&m, &f, 8, 56);
	world_send_made(&w, 1, &m);
	assert_int_not_equal(world_take(&w, WORLD_UPLINK)->sport, s->sport);
	f = (struct flow){W_SERVER, W_EXTERNAL, s->sport, 0, 0};
	make_echo(&m, &f, 0, 56);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_int_equal(s->sport, 77);
	assert_int_equal(s->payload_len, 56);
}

static void test_ping_the_gateway_and_the_uplink(void **state)
{
	struct seen *s;

	(void)state;
	make_echo(&m, &(struct flow){w.port[0].ip, W_GATEWAY, 5, 0, 0}, 8, 1400);
	world_send_made(&w, 0, &m);
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_int_equal(s->type, 0);
	assert_int_equal(s->src, W_GATEWAY);
	assert_int_equal(s->payload_len, 1400);
	make_echo(&m, &(struct flow){W_SERVER, W_EXTERNAL, 5, 0, 0}, 8, 10);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->type, 0);
	assert_int_equal(s->dst, W_SERVER);
}

static void test_traceroute(void **state)
{
	struct flow f = guest_flow(0, 40000, W_SERVER, 33434);
	struct seen *s, *hop;

	(void)state;
	f.ttl = 1;
	make_udp(&m, &f, "probe", 5);
	world_send_made(&w, 0, &m);
	assert_null(world_take(&w, WORLD_UPLINK));
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_int_equal(s->type, 11);
	assert_int_equal(s->src, W_GATEWAY);
	assert_memory_equal(s->payload, m.bytes + 14, 28);
	/* The next hop's error comes back as if it was about the guest's packet. */
	f.ttl = 2;
	make_udp(&m, &f, "probe", 5);
	world_send_made(&w, 0, &m);
	hop = world_take(&w, WORLD_UPLINK);
	make_error(&m, 0x08080808, W_EXTERNAL, 11, 0, 0, hop->ip, 28);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_int_equal(s->src, 0x08080808);
	assert_int_equal(s->dst, w.port[0].ip);
	assert_int_equal(get_be32(s->payload + 12), w.port[0].ip);
	assert_int_equal(get_be16(s->payload + 20), 40000);
	assert_int_equal(get_be16(s->payload + 22), 33434);
}

/* The quotation's own checksums are right for who gets it. */
static void test_icmp_error_inner_checksums(void **state)
{
	struct flow f = guest_flow(1, 40000, W_SERVER, 80);
	struct pkt_offload none = {0};
	struct seen *out, *s;
	u8 inner[1600] = {0};

	(void)state;
	assert_non_null(
	    world_tcp(&w, 0, guest_flow(0, 40000, W_SERVER, 80), TCP_SYN, WORLD_UPLINK));
	out = world_tcp(&w, 1, f, TCP_SYN, WORLD_UPLINK);
	assert_int_not_equal(out->sport, 40000);
	make_error(&m, W_ROUTER, W_EXTERNAL, 3, 4, 1400, out->ip, 40);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, 1);
	assert_non_null(s);
	assert_int_equal(get_be16(s->l4 + 6), 1400);
	memcpy(inner + 14, s->payload, 40);
	put_be16(inner + 12, ETH_TYPE_IPV4);
	assert_true(frame_right(inner, 54, &none));
	assert_int_equal(get_be16(inner + 34), 40000);
	/* With a wrong checksum it goes nowhere. */
	make_error(&m, W_ROUTER, W_EXTERNAL, 3, 4, 1400, out->ip, 40);
	m.bytes[36] ^= 1;
	world_send_made(&w, WORLD_UPLINK, &m);
	assert_null(world_take(&w, 1));
}

/* A guest's own error about what it got from outside. */
static void test_icmp_error_outwards(void **state)
{
	struct flow f = guest_flow(0, 40000, W_SERVER, 53);
	struct seen *out = world_udp(&w, 0, f, WORLD_UPLINK), *in, *s;

	(void)state;
	in = world_udp(&w, WORLD_UPLINK, answer_to(out), 0);
	make_error(&m, w.port[0].ip, W_SERVER, 3, 3, 0, in->ip, 28);
	world_send_made(&w, 0, &m);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->src, W_EXTERNAL);
	assert_int_equal(get_be32(s->payload + 16), W_EXTERNAL);
	assert_int_equal(get_be16(s->payload + 22), out->sport);
	/* Another guest cannot send it. */
	make_error(&m, w.port[1].ip, W_SERVER, 3, 3, 0, in->ip, 28);
	world_send_made(&w, 1, &m);
	assert_null(world_take(&w, WORLD_UPLINK));
}

static void test_path_mtu(void **state)
{
	static u8 big[1473];
	struct flow f = guest_flow(0, 40000, W_SERVER, 9);
	struct seen *s;

	(void)state;
	make_udp(&m, &f, big, 1472);
	world_send_made(&w, 0, &m);
	assert_non_null(world_take(&w, WORLD_UPLINK));
	make_udp(&m, &f, big, 1473);
	world_send_made(&w, 0, &m);
	assert_null(world_take(&w, WORLD_UPLINK));
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_int_equal(s->type, 3);
	assert_int_equal(s->l4[1], 4);
	assert_int_equal(get_be16(s->l4 + 6), 1500);
}

/* Without DF it is cut, and the pieces make up the packet. */
static void test_fragments_made(void **state)
{
	static u8 big[4000], whole[4008];
	struct flow f = guest_flow(0, 40000, W_SERVER, 9);
	struct seen *s;
	u32 pieces = 0, bytes = 0, id = 0;

	(void)state;
	for (u32 i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i * 7);
	make_udp(&m, &f, big, sizeof(big));
	put_be16(m.bytes + 20, 0);
	make_ip_checksum(&m);
	world_send_made(&w, 0, &m);
	while ((s = world_take(&w, WORLD_UPLINK))) {
		u32 offset = (get_be16(s->ip + 6) & 0x1fffu) * 8, n = get_be16(s->ip + 2) - 20u;

		assert_int_equal(s->src, W_EXTERNAL);
		assert_true(n <= 1480 && offset + n <= sizeof(whole));
		memcpy(whole + offset, s->ip + 20, n);
		assert_true(!pieces++ || id == get_be16(s->ip + 4));
		id = get_be16(s->ip + 4);
		bytes += n;
	}
	assert_int_equal(pieces, 3);
	assert_int_equal(bytes, sizeof(whole));
	assert_memory_equal(whole + 8, big, sizeof(big));
}

/* One fragment of `m`, which holds a whole packet; returns its length. */
static void send_fragment(u32 port, struct make *whole, u32 offset, u32 n, bool more, u16 id)
{
	static struct make piece;

	memcpy(piece.bytes, whole->bytes, 34);
	memcpy(piece.bytes + 34, whole->bytes + 34 + offset, n);
	piece.len = 34 + n;
	put_be16(piece.bytes + 16, (u16)(20 + n));
	put_be16(piece.bytes + 18, id);
	put_be16(piece.bytes + 20, (u16)((more ? 0x2000 : 0) | offset / 8));
	make_ip_checksum(&piece);
	world_send_made(&w, port, &piece);
}

static void test_fragments_pass_in_any_order(void **state)
{
	static u8 big[3000];
	struct flow f = guest_flow(0, 40000, W_SERVER, 9);
	struct seen *a, *b, *c;

	(void)state;
	make_udp(&m, &f, big, sizeof(big));
	send_fragment(0, &m, 0, 1480, true, 7);
	send_fragment(0, &m, 1480, 1480, true, 7);
	send_fragment(0, &m, 2960, 48, false, 7);
	a = world_take(&w, WORLD_UPLINK);
	b = world_take(&w, WORLD_UPLINK);
	c = world_take(&w, WORLD_UPLINK);
	assert_non_null(c);
	assert_int_equal(get_be16(a->ip + 4), get_be16(c->ip + 4));
	assert_int_equal(b->src, W_EXTERNAL);
	/* And the last first. */
	send_fragment(0, &m, 2960, 48, false, 8);
	send_fragment(0, &m, 1480, 1480, true, 8);
	assert_null(world_take(&w, WORLD_UPLINK));
	send_fragment(0, &m, 0, 1480, true, 8);
	assert_non_null(world_take(&w, WORLD_UPLINK));
	assert_non_null(world_take(&w, WORLD_UPLINK));
	c = world_take(&w, WORLD_UPLINK);
	assert_non_null(c);
	assert_int_not_equal(get_be16(a->ip + 4), get_be16(c->ip + 4));
	/* Inwards the same. */
	f = (struct flow){W_SERVER, W_EXTERNAL, 9, 40000, 0};
	make_udp(&m, &f, big, sizeof(big));
	send_fragment(WORLD_UPLINK, &m, 1480, 1480, true, 9);
	send_fragment(WORLD_UPLINK, &m, 0, 1480, true, 9);
	assert_non_null(world_take(&w, 0));
	a = world_take(&w, 0);
	assert_non_null(a);
	assert_int_equal(a->dst, w.port[0].ip);
}

static void test_forward(void **state)
{
	struct flow f = {W_SERVER, W_EXTERNAL, 50000, 8080, 0};
	struct seen *in, *out;

	(void)state;
	assert_int_equal(gateway_forward_add(w.gw, "tcp:8080:vm2:80"), 0);
	in = world_tcp(&w, WORLD_UPLINK, f, TCP_SYN, 2);
	assert_non_null(in);
	assert_int_equal(in->dst, w.port[2].ip);
	assert_int_equal(in->dport, 80);
	assert_int_equal(in->src, W_SERVER); /* the server sees who it is */
	out = world_tcp(&w, 2, answer_to(in), TCP_SYN | TCP_ACK, WORLD_UPLINK);
	assert_non_null(out);
	assert_int_equal(out->sport, 8080);
	assert_int_equal(gateway_forward_add(w.gw, "tcp:8080:vm1:80"), ERR_EXIST);
	assert_int_equal(gateway_forward_del(w.gw, "tcp:8080"), 0);
	assert_null(world_tcp(&w, WORLD_UPLINK, f, TCP_ACK, 2));
	assert_int_equal(gateway_forward_del(w.gw, "tcp:8080"), ERR_NOENT);
}

/* To an address instead of a name; and how forwards are written. */
static void test_forward_text(void **state)
{
	static const char *const bad[] = {
	    "tcp:80:vm2",       "tcp:0:vm2:80", "tcp:80:vm2:0",   "icmp:1:vm2:1",
	    "tcp:65536:vm2:80", "tcp:80::80",   "tcp:80:vm2:80x", ""};
	struct flow f = {W_SERVER, W_EXTERNAL, 50000, 8080, 0};
	struct seen *in;

	(void)state;
	assert_int_equal(gateway_forward_add(w.gw, "tcp:8080:10.0.2.11:80"), 0);
	in = world_tcp(&w, WORLD_UPLINK, f, TCP_SYN, 1);
	assert_non_null(in);
	assert_int_equal(in->dst, w.port[1].ip);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(gateway_forward_add(w.gw, bad[i]), ERR_INVAL);
	/* A guest that comes later, or comes again. */
	assert_int_equal(gateway_forward_add(w.gw, "tcp:22:vm3:22"), 0);
	gateway_guest_down(w.gw, &w.port[3].port);
	f.dport = 22;
	assert_null(world_tcp(&w, WORLD_UPLINK, f, TCP_SYN, 3));
	assert_int_equal(gateway_guest_up(w.gw, &w.port[3].port, w.port[3].mac, 0), 0);
	world_claim(&w, 3, w.port[3].ip);
	world_forget(&w);
	assert_non_null(world_tcp(&w, WORLD_UPLINK, f, TCP_SYN, 3));
}

static void test_hairpin(void **state)
{
	struct seen *in, *back;

	(void)state;
	assert_int_equal(gateway_forward_add(w.gw, "udp:5000:vm2:6000"), 0);
	in = world_udp(&w, 1, guest_flow(1, 40000, W_EXTERNAL, 5000), 2);
	assert_non_null(in);
	assert_int_equal(in->src, W_EXTERNAL);
	assert_int_equal(in->sport, 40000);
	assert_int_equal(in->dport, 6000);
	back = world_udp(&w, 2, answer_to(in), 1);
	assert_non_null(back);
	assert_int_equal(back->src, W_EXTERNAL);
	assert_int_equal(back->sport, 5000);
	assert_int_equal(back->dport, 40000);
	assert_null(world_take(&w, WORLD_UPLINK));
}

/* NEEDS_CSUM and segments of 64 KiB pass as they are; only the pseudo header's sum changes. */
static void test_offloads_pass(void **state)
{
	static u8 big[60000];
	struct flow f = guest_flow(1, 40000, W_SERVER, 80);
	struct seen *s;

	(void)state;
	open_tcp(0, 40000, 80); /* so that this one's port changes */
	open_tcp(1, 40000, 80);
	world_forget(&w);
	make_tcp(&m, &f, TCP_ACK, 0, big, sizeof(big));
	world_send_partial(&w, 1, &m, PKT_GSO_TCPV4, 1460);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->len, 54 + sizeof(big));
	assert_int_equal(s->off.gso_type, PKT_GSO_TCPV4);
	assert_int_not_equal(s->sport, 40000);
	f = guest_flow(0, 1234, W_SERVER, 9);
	make_udp(&m, &f, big, 100);
	world_send_partial(&w, 0, &m, 0, 0);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->off.flags, PKT_OFF_NEEDS_CSUM);
	/* Segments that would be too long are refused with the right MTU. */
	f = guest_flow(1, 40000, W_SERVER, 80);
	make_tcp(&m, &f, TCP_ACK, 0, big, sizeof(big));
	world_send_partial(&w, 1, &m, PKT_GSO_TCPV4, 1461);
	assert_null(world_take(&w, WORLD_UPLINK));
	s = world_take(&w, 1);
	assert_non_null(s);
	assert_int_equal(s->l4[1], 4);
	assert_int_equal(get_be16(s->l4 + 6), 1500);
}

/* A checksum that would be written over addresses after they have been checked. */
static void test_partial_checksum_elsewhere(void **state)
{
	struct flow f = guest_flow(0, 1234, W_SERVER, 9);
	struct pkt_offload off = {.flags = PKT_OFF_NEEDS_CSUM, .csum_start = 26};

	(void)state;
	make_udp(&m, &f, "hello", 5);
	world_send_made(&w, 0, &m);
	assert_non_null(world_take(&w, WORLD_UPLINK));
	world_send(&w, 0, m.bytes, m.len, &off);
	assert_null(world_take(&w, WORLD_UPLINK));
}

static void test_spoofing(void **state)
{
	struct flow f = guest_flow(0, 40000, W_SERVER, 53);
	struct seen *out = world_udp(&w, 0, f, WORLD_UPLINK);

	(void)state;
	assert_non_null(out);
	/* Another guest with that source, on the flow and on a new one. */
	assert_null(world_udp(&w, 1, f, WORLD_UPLINK));
	f.sport = 5;
	assert_null(world_udp(&w, 1, f, WORLD_UPLINK));
	f.src = 0x01020304;
	assert_null(world_udp(&w, 1, f, WORLD_UPLINK));
	/* An ARP claim on another's address is not believed. */
	world_claim(&w, 1, w.port[0].ip);
	world_forget(&w);
	assert_non_null(
	    world_udp(&w, WORLD_UPLINK, (struct flow){W_SERVER, W_EXTERNAL, 53, 40000, 0}, 0));
	assert_null(world_take(&w, 1));
}

/* One guest uses up what it may have; another one does not notice. */
static void test_exhaustion_is_its_own(void **state)
{
	u32 got = 0;

	(void)state;
	for (u32 i = 0; i < 5000; i++)
		got += world_udp(&w, 0, guest_flow(0, (u16)(1024 + i), W_SERVER, 9),
				 WORLD_UPLINK) != NULL;
	assert_true(got >= 500 && got <= 512);
	assert_non_null(world_udp(&w, 1, guest_flow(1, 40000, W_SERVER, 9), WORLD_UPLINK));
	/* Its own come back with time. */
	world_wait(&w, 125000);
	assert_non_null(world_udp(&w, 0, guest_flow(0, 60000, W_SERVER, 9), WORLD_UPLINK));
}

/* A guest with a range of its own: its ports are from there, and no more than there are. */
static void test_port_range(void **state)
{
	struct nat_limits limits = {.port_low = 20000, .port_high = 20003};
	struct seen *s;

	(void)state;
	assert_int_equal(gateway_guest_limit(w.gw, &w.port[0].port, &limits), 0);
	for (u16 i = 0; i < 4; i++) {
		s = world_udp(&w, 0, guest_flow(0, 40000 + i, W_SERVER, 9), WORLD_UPLINK);
		assert_non_null(s);
		assert_in_range(s->sport, 20000, 20003);
	}
	assert_null(world_udp(&w, 0, guest_flow(0, 40004, W_SERVER, 9), WORLD_UPLINK));
	/* A port that it has serves other destinations. */
	assert_non_null(world_udp(&w, 0, guest_flow(0, 40003, W_SERVER + 1, 9), WORLD_UPLINK));
	assert_non_null(world_udp(&w, 1, guest_flow(1, 40004, W_SERVER, 9), WORLD_UPLINK));
	limits.port_high = 1;
	assert_int_equal(gateway_guest_limit(w.gw, &w.port[0].port, &limits), ERR_RANGE);
	limits = (struct nat_limits){.sessions = 1};
	assert_int_equal(gateway_guest_limit(w.gw, &w.port[2].port, &limits), 0);
	assert_non_null(world_udp(&w, 2, guest_flow(2, 1, W_SERVER, 9), WORLD_UPLINK));
	assert_null(world_udp(&w, 2, guest_flow(2, 2, W_SERVER, 9), WORLD_UPLINK));
}

/* Hosts on the uplink's own network are asked for themselves; packets wait meanwhile. */
static void test_onlink(void **state)
{
	static const u8 mac[6] = {2, 9, 9, 9, 9, 9};
	struct seen *s = world_udp(&w, 0, guest_flow(0, 40000, W_NEIGHBOUR, 9), WORLD_UPLINK);

	(void)state;
	assert_non_null(s);
	assert_true(s->arp);
	assert_int_equal(get_be32(s->bytes + 14 + 24), W_NEIGHBOUR);
	assert_null(world_take(&w, WORLD_UPLINK));
	make_arp(&m, ARP_REPLY, mac, W_NEIGHBOUR, W_EXTERNAL);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_memory_equal(s->bytes, mac, 6);
	s = world_udp(&w, 0, guest_flow(0, 40000, W_NEIGHBOUR, 9), WORLD_UPLINK);
	assert_memory_equal(s->bytes, mac, 6);
}

/* The router is a host of that network as well: what goes to itself takes the same way. A segment
 * of many packets would not fit into what waits for an address. */
static void test_router_itself(void **state)
{
	static u8 big[20000];
	struct flow f = guest_flow(0, 40000, W_ROUTER, 80);
	struct seen *out = world_tcp(&w, 0, f, TCP_SYN, WORLD_UPLINK);

	(void)state;
	assert_non_null(out);
	assert_non_null(world_tcp(&w, WORLD_UPLINK, answer_to(out), TCP_SYN | TCP_ACK, 0));
	make_tcp(&m, &f, TCP_ACK, 0, big, sizeof(big));
	world_send_partial(&w, 0, &m, PKT_GSO_TCPV4, 1460);
	out = world_take(&w, WORLD_UPLINK);
	assert_non_null(out);
	assert_int_equal(out->len, 54 + sizeof(big));
}

static void test_arp_of_the_gateway(void **state)
{
	struct seen *s;

	(void)state;
	make_arp(&m, ARP_REQUEST, w.port[0].mac, w.port[0].ip, W_GATEWAY);
	world_send_made(&w, 0, &m);
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_true(s->arp);
	assert_int_equal(get_be16(s->bytes + 20), ARP_REPLY);
	assert_int_equal(get_be32(s->bytes + 28), W_GATEWAY);
	make_arp(&m, ARP_REQUEST, w.port[0].mac, W_ROUTER, W_EXTERNAL);
	world_send_made(&w, WORLD_UPLINK, &m);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(get_be32(s->bytes + 28), W_EXTERNAL);
}

static void test_guest_goes(void **state)
{
	struct seen *out = world_udp(&w, 0, guest_flow(0, 40000, W_SERVER, 53), WORLD_UPLINK);

	(void)state;
	gateway_guest_down(w.gw, &w.port[0].port);
	assert_int_equal(sessions(), 0);
	assert_null(world_udp(&w, WORLD_UPLINK, answer_to(out), 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_udp_out_and_back),
	    TEST(test_mapping_is_endpoint_independent),
	    TEST(test_port_is_changed_when_taken),
	    TEST(test_filter),
	    TEST(test_endpoint_filter_lets_others_in),
	    TEST(test_udp_checksum_rules),
	    TEST(test_tcp_life),
	    TEST(test_tcp_reset),
	    TEST(test_tcp_needs_syn),
	    TEST(test_mss_is_clamped),
	    TEST(test_echo),
	    TEST(test_ping_the_gateway_and_the_uplink),
	    TEST(test_traceroute),
	    TEST(test_icmp_error_inner_checksums),
	    TEST(test_icmp_error_outwards),
	    TEST(test_path_mtu),
	    TEST(test_fragments_made),
	    TEST(test_fragments_pass_in_any_order),
	    TEST(test_forward),
	    TEST(test_forward_text),
	    TEST(test_hairpin),
	    TEST(test_offloads_pass),
	    TEST(test_partial_checksum_elsewhere),
	    TEST(test_spoofing),
	    TEST(test_exhaustion_is_its_own),
	    TEST(test_port_range),
	    TEST(test_onlink),
	    TEST(test_router_itself),
	    TEST(test_arp_of_the_gateway),
	    TEST(test_guest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
