/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCP both ways: the server of the guests, and the client of the uplink. */
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

static int setup_client(void **state)
{
	struct gateway_config config = world_config();

	(void)state;
	memset(&config.uplink, 0, sizeof(config.uplink));
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

/* What a client would ask. */
struct ask {
	u8 type;
	u32 ciaddr, requested, server; /* host order */
	u16 flags;
	u8 client_id[8];
	u8 client_id_len;
	const u8 *chaddr; /* NULL: the port's */
};

static u32 xid = 0x1000;

/* Send it from a guest and read the answer; false when there is none. */
static bool dhcp(u32 guest, const struct ask *ask, struct dhcp_msg *answer)
{
	struct dhcp_msg msg = {.op = 1,
			       .type = ask->type,
			       .xid = ++xid,
			       .flags = ask->flags,
			       .ciaddr = net32(ask->ciaddr)};
	struct flow f = {.src = ask->ciaddr,
			 .dst = ask->ciaddr ? W_GATEWAY : 0xffffffff,
			 .sport = 68,
			 .dport = 67};
	u8 bytes[DHCP_MAX];
	struct dhcp_writer writer;
	struct seen *s;

	memcpy(msg.chaddr, ask->chaddr ? ask->chaddr : w.port[guest].mac, 6);
	dhcp_write_begin(&writer, bytes, &msg);
	if (ask->requested)
		dhcp_write_address(&writer, DHCP_O_ADDRESS, net32(ask->requested));
	if (ask->server)
		dhcp_write_address(&writer, DHCP_O_SERVER, net32(ask->server));
	if (ask->client_id_len)
		dhcp_write_bytes(&writer, DHCP_O_CLIENT, ask->client_id, ask->client_id_len);
	dhcp_write_bytes(&writer, DHCP_O_NAME, "host\x01name", 9);
	make_udp(&m, &f, bytes, dhcp_write_end(&writer));
	if (!ask->ciaddr)
		memset(m.bytes, 0xff, 6);
	else
		m.bytes[0] = 0;
	world_send_made(&w, guest, &m);
	do
		s = world_take(&w, guest);
	while (s && (s->arp || s->sport != 67));
	if (!s)
		return false;
	assert_int_equal(s->dport, 68);
	assert_int_equal(dhcp_read(answer, s->payload, s->payload_len), 0);
	assert_int_equal(answer->xid, xid);
	return true;
}

/* All of the way to a lease; returns the address, host order. */
static u32 lease(u32 guest, struct ask ask)
{
	struct dhcp_msg answer;

	ask.type = DHCP_DISCOVER;
	assert_true(dhcp(guest, &ask, &answer));
	assert_int_equal(answer.type, DHCP_OFFER);
	ask.type = DHCP_REQUEST;
	ask.requested = net32(answer.yiaddr);
	ask.server = net32(answer.server);
	assert_true(dhcp(guest, &ask, &answer));
	assert_int_equal(answer.type, DHCP_ACK);
	assert_int_equal(net32(answer.yiaddr), ask.requested);
	return ask.requested;
}

static void test_lease(void **state)
{
	struct ask ask = {.type = DHCP_DISCOVER};
	struct gateway_lease_row row;
	struct dhcp_msg answer;
	u32 address, host = 0;

	(void)state;
	address = lease(0, (struct ask){0});
	assert_true(dhcp(0, &ask, &answer));
	assert_int_equal(net32(answer.yiaddr), address); /* the same one again */
	assert_int_equal(answer.mask, net32(0xffffff00));
	assert_int_equal(answer.router, net32(W_GATEWAY));
	assert_int_equal(answer.dns[0], net32(W_GATEWAY));
	assert_int_equal(answer.lease, 600);
	assert_int_equal(answer.t1, 300);
	assert_int_equal(answer.t2, 525);
	assert_int_equal(answer.mtu, 1500);
	assert_true(gateway_lease_next(w.gw, &host, &row));
	assert_int_equal(row.address, net32(address));
	assert_string_equal(row.state, "bound");
	assert_string_equal(row.port, "vm0.net0");
	assert_string_equal(row.name, "host?name");
	assert_false(gateway_lease_next(w.gw, &host, &row));
	/* And with it the NAT lets its packets out. */
	w.port[0].ip = address;
	assert_non_null(world_udp(&w, 0, (struct flow){address, W_SERVER, 1, 2, 0}, WORLD_UPLINK));
}

static void test_addresses_differ(void **state)
{
	struct dhcp_msg answer;
	u32 a = lease(0, (struct ask){0}), b = lease(1, (struct ask){0}), c;

	(void)state;
	assert_int_not_equal(a, b);
	/* Another client behind the same port, by its identifier. */
	c = lease(0, (struct ask){.client_id = {1, 2, 3}, .client_id_len = 3});
	assert_int_not_equal(c, a);
	/* The same identifier or MAC behind another port is another client. */
	assert_int_not_equal(lease(1, (struct ask){.client_id = {1, 2, 3}, .client_id_len = 3}), c);
	assert_int_not_equal(lease(2, (struct ask){.chaddr = w.port[0].mac}), a);
	/* Nor does the identifier open the other's lease. */
	assert_true(dhcp(
	    1,
	    &(struct ask){
		.type = DHCP_REQUEST, .requested = c, .client_id = {1, 2, 3}, .client_id_len = 3},
	    &answer));
	assert_int_equal(answer.type, DHCP_NAK);
}

static void test_renew_rebind_and_expiry(void **state)
{
	u32 a = lease(0, (struct ask){0}), host = 0;
	struct gateway_lease_row row;
	struct dhcp_msg answer;

	(void)state;
	for (u32 i = 0; i < 4; i++) {
		world_wait(&w, 400000);
		assert_true(dhcp(0, &(struct ask){.type = DHCP_REQUEST, .ciaddr = a}, &answer));
		assert_int_equal(answer.type, DHCP_ACK);
		assert_int_equal(net32(answer.yiaddr), a);
	}
	world_wait(&w, 601000);
	assert_false(gateway_lease_next(w.gw, &host, &row));
	/* Its packets stop with it. */
	w.port[0].ip = a;
	assert_null(world_udp(&w, 0, (struct flow){a, W_SERVER, 1, 2, 0}, WORLD_UPLINK));
	/* It comes back to the same one. */
	assert_int_equal(lease(0, (struct ask){0}), a);
}

static void test_nak(void **state)
{
	u32 a = lease(0, (struct ask){0});
	struct dhcp_msg answer;

	(void)state;
	/* Of another network, or of another guest. */
	assert_true(dhcp(1, &(struct ask){.type = DHCP_REQUEST, .requested = 0xc0a80105}, &answer));
	assert_int_equal(answer.type, DHCP_NAK);
	assert_true(dhcp(1, &(struct ask){.type = DHCP_REQUEST, .requested = a}, &answer));
	assert_int_equal(answer.type, DHCP_NAK);
	assert_true(dhcp(1, &(struct ask){.type = DHCP_REQUEST, .requested = W_GATEWAY}, &answer));
	assert_int_equal(answer.type, DHCP_NAK);
	/* After a restart of the machine a client asks for what it had: it gets that. */
	assert_true(
	    dhcp(1, &(struct ask){.type = DHCP_REQUEST, .requested = W_SUBNET + 77}, &answer));
	assert_int_equal(answer.type, DHCP_ACK);
	assert_int_equal(net32(answer.yiaddr), W_SUBNET + 77);
	/* A choice of another server's offer is not answered. */
	assert_false(
	    dhcp(2, &(struct ask){.type = DHCP_REQUEST, .requested = a, .server = W_GATEWAY + 1},
		 &answer));
}

static void test_decline_and_release(void **state)
{
	u32 a = lease(0, (struct ask){0}), b;
	struct dhcp_msg answer;

	(void)state;
	/* Another guest cannot do either. */
	assert_false(dhcp(1, &(struct ask){.type = DHCP_RELEASE, .ciaddr = a}, &answer));
	assert_false(dhcp(1, &(struct ask){.type = DHCP_DECLINE, .requested = a}, &answer));
	assert_int_equal(lease(0, (struct ask){0}), a);
	assert_false(dhcp(0, &(struct ask){.type = DHCP_DECLINE, .requested = a}, &answer));
	b = lease(0, (struct ask){0});
	assert_int_not_equal(a, b);
	assert_false(dhcp(0, &(struct ask){.type = DHCP_RELEASE, .ciaddr = b}, &answer));
	assert_true(dhcp(1, &(struct ask){.type = DHCP_REQUEST, .requested = b}, &answer));
	assert_int_equal(answer.type, DHCP_ACK);
	/* Some time later the declined one is good again. */
	world_wait(&w, 601000);
	assert_true(dhcp(2, &(struct ask){.type = DHCP_REQUEST, .requested = a}, &answer));
	assert_int_equal(answer.type, DHCP_ACK);
}

static void test_inform(void **state)
{
	struct dhcp_msg answer;

	(void)state;
	assert_true(dhcp(0, &(struct ask){.type = DHCP_INFORM, .ciaddr = w.port[0].ip}, &answer));
	assert_int_equal(answer.type, DHCP_ACK);
	assert_int_equal(answer.yiaddr, 0);
	assert_int_equal(answer.lease, 0);
	assert_int_equal(answer.dns[0], net32(W_GATEWAY));
}

static void test_reservation(void **state)
{
	u32 want = W_SUBNET + 200;
	struct dhcp_msg answer;

	(void)state;
	gateway_guest_down(w.gw, &w.port[0].port);
	assert_int_equal(gateway_guest_up(w.gw, &w.port[0].port, w.port[0].mac, net32(want)), 0);
	assert_int_equal(gateway_guest_up(w.gw, &w.port[1].port, w.port[1].mac, net32(want)),
			 ERR_EXIST);
	assert_int_equal(gateway_guest_up(w.gw, &w.port[2].port, w.port[2].mac, net32(W_GATEWAY)),
			 ERR_RANGE);
	assert_true(dhcp(1, &(struct ask){.type = DHCP_REQUEST, .requested = want}, &answer));
	assert_int_equal(answer.type, DHCP_NAK);
	assert_int_equal(lease(0, (struct ask){0}), want);
}

/* A guest that asks under ever new names uses up its share only. */
static void test_starvation(void **state)
{
	struct dhcp_msg answer;
	u32 got = 0;

	(void)state;
	for (u32 i = 0; i < 500; i++) {
		struct ask ask = {.type = DHCP_DISCOVER,
				  .client_id = {1, (u8)i, (u8)(i >> 8)},
				  .client_id_len = 3};

		got += dhcp(0, &ask, &answer);
		world_forget(&w);
	}
	assert_int_equal(got, DHCPD_PER_SIDE);
	lease(1, (struct ask){0});
}

/* Whose address was taken by hand is not given to others. */
static void test_static_addresses(void **state)
{
	struct dhcp_msg answer;

	(void)state;
	assert_true(
	    dhcp(0, &(struct ask){.type = DHCP_REQUEST, .requested = w.port[1].ip}, &answer));
	assert_int_equal(answer.type, DHCP_NAK);
	for (u32 i = 0; i < DHCPD_PER_SIDE; i++) {
		u32 got = lease(0, (struct ask){.client_id = {1, (u8)i}, .client_id_len = 2});

		for (u32 guest = 1; guest < WORLD_GUESTS; guest++)
			assert_int_not_equal(got, w.port[guest].ip);
	}
}

/* --- the client --- */

/* What the network's server says to the client's last message. */
static bool client_says(struct dhcp_msg *msg)
{
	struct seen *s;

	while ((s = world_take(&w, WORLD_UPLINK)))
		if (!s->arp && s->dport == 67) {
			assert_int_equal(dhcp_read(msg, s->payload, s->payload_len), 0);
			return true;
		}
	return false;
}

static void server_says(const struct dhcp_msg *asked, u8 type, u32 address, u32 seconds)
{
	struct dhcp_msg msg = *asked;
	struct flow f = {.src = W_ROUTER, .dst = 0xffffffff, .sport = 67, .dport = 68};
	struct dhcp_writer writer;
	u8 bytes[DHCP_MAX];

	msg.op = 2;
	msg.type = type;
	msg.yiaddr = net32(address);
	dhcp_write_begin(&writer, bytes, &msg);
	dhcp_write_address(&writer, DHCP_O_SERVER, net32(W_ROUTER));
	dhcp_write_address(&writer, DHCP_O_MASK, net32(0xffffff00));
	dhcp_write_address(&writer, DHCP_O_ROUTER, net32(W_ROUTER));
	dhcp_write_address(&writer, DHCP_O_DNS, net32(W_DNS));
	dhcp_write_u32(&writer, DHCP_O_LEASE, seconds);
	make_udp(&m, &f, bytes, dhcp_write_end(&writer));
	memset(m.bytes, 0xff, 6);
	world_send_made(&w, WORLD_UPLINK, &m);
}

static struct gateway_info info(void)
{
	static struct gateway_info i;

	gateway_get_info(w.gw, &i);
	return i;
}

static void client_binds(u32 address, u32 seconds)
{
	struct dhcp_msg msg;

	world_wait(&w, 400);
	assert_true(client_says(&msg));
	assert_int_equal(msg.type, DHCP_DISCOVER);
	server_says(&msg, DHCP_OFFER, address, seconds);
	assert_true(client_says(&msg));
	assert_int_equal(msg.type, DHCP_REQUEST);
	assert_int_equal(msg.requested, net32(address));
	assert_int_equal(msg.server, net32(W_ROUTER));
	server_says(&msg, DHCP_ACK, address, seconds);
	world_wait(&w, 1500);
	assert_int_equal(info().uplink.address, net32(address));
}

static void test_client(void **state)
{
	struct seen *s;
	u32 probes = 0, announced = 0;

	(void)state;
	client_binds(W_EXTERNAL, 1000);
	while ((s = world_take(&w, WORLD_UPLINK)))
		if (s->arp && get_be32(s->bytes + 38) == W_EXTERNAL) {
			probes += !get_be32(s->bytes + 28);
			announced += get_be32(s->bytes + 28) == W_EXTERNAL;
		}
	assert_int_equal(probes, 3);
	assert_int_equal(announced, 1);
	assert_int_equal(info().uplink.dns[0], net32(W_DNS));
}

/* Without a server it asks again after 4, 8, 16, 32, 64, 64 s, each a second more or less. */
static void test_client_backoff(void **state)
{
	u32 pauses[] = {4, 8, 16, 32, 64, 64};
	struct dhcp_msg msg;

	(void)state;
	world_wait(&w, 400);
	assert_true(client_says(&msg));
	for (u32 i = 0; i < ARRAY_SIZE(pauses); i++) {
		u64 before = w.now_ns;

		while (!client_says(&msg))
			world_wait(&w, 100);
		assert_in_range((w.now_ns - before) / 1000000, pauses[i] * 1000 - 1200,
				pauses[i] * 1000 + 1200);
		assert_int_equal(msg.type, DHCP_DISCOVER);
		world_forget(&w);
	}
}

static void test_client_renews(void **state)
{
	struct dhcp_msg msg;
	struct seen *s;

	(void)state;
	client_binds(W_EXTERNAL, 1000);
	/* At half of the time, to the server alone, which it has to ask for. */
	world_forget(&w);
	world_wait(&w, 500000);
	s = world_take(&w, WORLD_UPLINK);
	while (s && (s->arp || s->dport != 67))
		s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->dst, W_ROUTER);
	assert_int_equal(s->src, W_EXTERNAL);
	assert_int_equal(dhcp_read(&msg, s->payload, s->payload_len), 0);
	assert_int_equal(msg.ciaddr, net32(W_EXTERNAL));
	assert_int_equal(msg.requested, 0);
	server_says(&msg, DHCP_ACK, W_EXTERNAL, 1000);
	world_forget(&w);
	world_wait(&w, 490000);
	assert_false(client_says(&msg));
	assert_int_equal(info().uplink.address, net32(W_EXTERNAL));
	/* Nobody answers any more: from 7/8 on everybody is asked, at the end it is over. */
	world_wait(&w, 400000);
	world_forget(&w);
	world_wait(&w, 70000);
	s = world_take(&w, WORLD_UPLINK);
	while (s && (s->arp || s->dport != 67))
		s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->dst, 0xffffffff);
	world_wait(&w, 120000);
	assert_int_equal(info().uplink.address, 0);
}

static void test_client_conflict(void **state)
{
	static const u8 other[6] = {2, 7, 7, 7, 7, 7};
	struct dhcp_msg msg;

	(void)state;
	world_wait(&w, 400);
	assert_true(client_says(&msg));
	server_says(&msg, DHCP_OFFER, W_EXTERNAL, 1000);
	assert_true(client_says(&msg));
	server_says(&msg, DHCP_ACK, W_EXTERNAL, 1000);
	world_wait(&w, 100);
	make_arp(&m, ARP_REPLY, other, W_EXTERNAL, 0);
	m.bytes[0] = 0;
	world_send_made(&w, WORLD_UPLINK, &m);
	memcpy(m.bytes + 6, other, 6);
	assert_true(client_says(&msg));
	assert_int_equal(msg.type, DHCP_DECLINE);
	assert_int_equal(msg.requested, net32(W_EXTERNAL));
	world_wait(&w, 2000);
	assert_int_equal(info().uplink.address, 0);
}

static void test_client_nak_and_forgeries(void **state)
{
	struct dhcp_msg msg, forged;

	(void)state;
	world_wait(&w, 400);
	assert_true(client_says(&msg));
	forged = msg;
	forged.xid++;
	server_says(&forged, DHCP_OFFER, W_EXTERNAL, 1000);
	forged = msg;
	forged.chaddr[5]++;
	server_says(&forged, DHCP_OFFER, W_EXTERNAL, 1000);
	server_says(&msg, DHCP_ACK, W_EXTERNAL, 1000);
	server_says(&msg, DHCP_OFFER, 0xe0000001, 1000);
	assert_false(client_says(&forged));
	server_says(&msg, DHCP_OFFER, W_EXTERNAL, 1000);
	assert_true(client_says(&msg));
	server_says(&msg, DHCP_NAK, 0, 0);
	world_wait(&w, 1500);
	assert_true(client_says(&msg));
	assert_int_equal(msg.type, DHCP_DISCOVER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CLIENT(name) cmocka_unit_test_setup_teardown(name, setup_client, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_lease),
	    TEST(test_addresses_differ),
	    TEST(test_renew_rebind_and_expiry),
	    TEST(test_nak),
	    TEST(test_decline_and_release),
	    TEST(test_inform),
	    TEST(test_reservation),
	    TEST(test_starvation),
	    TEST(test_static_addresses),
	    CLIENT(test_client),
	    CLIENT(test_client_backoff),
	    CLIENT(test_client_renews),
	    CLIENT(test_client_conflict),
	    CLIENT(test_client_nak_and_forgeries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
