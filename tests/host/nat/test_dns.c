/* SPDX-License-Identifier: BSD-2-Clause */
/* The DNS relay: messages alone, and with guests and a server. */
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

/* A query for name, in wire form, with an OPT record that says size, if not 0. */
static u32 query(u8 *at, u16 id, const char *name, u32 n, u16 size)
{
	u32 len = 12;

	memset(at, 0, 12);
	put_be16(at, id);
	at[2] = 1;
	at[5] = 1;
	memcpy(at + len, name, n);
	len += n;
	memcpy(at + len, "\0\1\0\1", 4);
	len += 4;
	if (!size)
		return len;
	at[11] = 1;
	memcpy(at + len, "\0\0\x29\0\0\0\0\0\0\0\0", 11);
	put_be16(at + len + 3, size);
	return len + 11;
}

#define NAME "\3www\7example\0"
#define NAME_LEN 13

static void ask(u32 guest, u16 id, u16 sport, const char *name, u16 size)
{
	struct flow f = {.src = w.port[guest].ip, .dst = W_GATEWAY, .sport = sport, .dport = 53};
	u8 bytes[512];

	make_udp(&m, &f, bytes, query(bytes, id, name, NAME_LEN, size));
	world_send_made(&w, guest, &m);
}

/* What the server answers to s, with a change: -1: none, else a byte of the message. */
static void answer(const struct seen *s, int change, u32 src, u16 sport)
{
	struct flow f = {.src = src, .dst = s->src, .sport = sport, .dport = s->sport};
	u8 bytes[512];

	memcpy(bytes, s->payload, s->payload_len);
	bytes[2] |= 0x80;
	bytes[7] = 1;
	memcpy(bytes + s->payload_len, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4", 16);
	if (change >= 0)
		bytes[change] ^= 1;
	make_udp(&m, &f, bytes, s->payload_len + 16);
	world_send_made(&w, WORLD_UPLINK, &m);
}

static void test_relay(void **state)
{
	struct seen *s, *a;

	(void)state;
	ask(0, 0x1234, 5353, NAME, 0);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->src, W_EXTERNAL);
	assert_int_equal(s->dst, W_DNS);
	assert_int_equal(s->dport, 53);
	assert_memory_equal(s->payload + 12, NAME, NAME_LEN);
	answer(s, -1, W_DNS, 53);
	a = world_take(&w, 0);
	assert_non_null(a);
	assert_int_equal(a->src, W_GATEWAY);
	assert_int_equal(a->sport, 53);
	assert_int_equal(a->dport, 5353);
	assert_int_equal(get_be16(a->payload), 0x1234);
	assert_int_equal(a->payload_len, 12 + NAME_LEN + 4 + 16);
	/* An answer is taken once. */
	answer(s, -1, W_DNS, 53);
	assert_null(world_take(&w, 0));
}

/* Ids and ports differ from query to query and from what the guest chose. */
static void test_ids_and_ports_are_ours(void **state)
{
	u32 same_id = 0, same_port = 0, steps = 0;
	u16 id = 0, port = 0;

	(void)state;
	for (u32 i = 0; i < DNS_PER_GUEST; i++) {
		struct seen *s;

		ask(0, 7, (u16)(2000 + i), NAME, 0);
		s = world_take(&w, WORLD_UPLINK);
		assert_non_null(s);
		same_id += get_be16(s->payload) == id || get_be16(s->payload) == 7;
		same_port += s->sport == port;
		steps += s->sport == port + 1;
		id = get_be16(s->payload);
		port = s->sport;
	}
	assert_true(same_id <= 1 && !same_port && steps <= 1);
}

static void test_forged_answers(void **state)
{
	struct seen *s;

	(void)state;
	ask(0, 0x1234, 5353, NAME, 0);
	s = world_take(&w, WORLD_UPLINK);
	answer(s, 1, W_DNS, 53);      /* another id */
	answer(s, 13, W_DNS, 53);     /* another name */
	answer(s, -1, W_DNS + 1, 53); /* another server */
	answer(s, -1, W_DNS, 54);     /* another port */
	answer(s, 12, W_DNS, 53);     /* malformed */
	assert_null(world_take(&w, 0));
	answer(s, -1, W_DNS, 53);
	assert_non_null(world_take(&w, 0));
}

static void test_quota(void **state)
{
	struct seen *s;

	(void)state;
	for (u32 i = 0; i < 2 * DNS_PER_GUEST; i++)
		ask(0, (u16)i, (u16)(2000 + i), NAME, 0);
	for (u32 i = 0; i < DNS_PER_GUEST; i++)
		assert_non_null(world_take(&w, WORLD_UPLINK));
	assert_null(world_take(&w, WORLD_UPLINK));
	/* The others are told at once, and another guest is served. */
	s = world_take(&w, 0);
	assert_non_null(s);
	assert_int_equal(s->payload[3] & 15, DNS_SERVFAIL);
	assert_int_equal(s->payload[2] & 0x80, 0x80);
	ask(1, 1, 2000, NAME, 0);
	assert_non_null(world_take(&w, WORLD_UPLINK));
	/* With time there is room again. */
	world_wait(&w, 11000);
	ask(0, 1, 2000, NAME, 0);
	assert_non_null(world_take(&w, WORLD_UPLINK));
}

/* Sent again, it is the same query; and goes to the other server if there is one. */
static void test_again(void **state)
{
	struct gateway_config config = world_config();
	struct seen *a, *b;

	(void)state;
	world_teardown(&w);
	config.dns[0] = net32(W_DNS);
	config.dns[1] = net32(W_DNS + 1);
	world_setup(&w, &config);
	ask(0, 1, 2000, NAME, 0);
	ask(0, 1, 2000, NAME, 0);
	a = world_take(&w, WORLD_UPLINK);
	b = world_take(&w, WORLD_UPLINK);
	assert_int_equal(a->sport, b->sport);
	assert_int_equal(a->dst, W_DNS);
	assert_int_equal(b->dst, W_DNS + 1);
	answer(b, -1, W_DNS + 1, 53);
	assert_non_null(world_take(&w, 0));
	/* The one that answered is asked first now. */
	ask(0, 2, 2001, NAME, 0);
	assert_int_equal(world_take(&w, WORLD_UPLINK)->dst, W_DNS + 1);
}

/* Answers are asked for in a size that needs no fragments. */
static void test_edns_size(void **state)
{
	struct seen *s;

	(void)state;
	ask(0, 1, 2000, NAME, 4096);
	s = world_take(&w, WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(get_be16(s->payload + 12 + NAME_LEN + 4 + 3), DNS_EDNS_MAX);
}

static void test_tcp_goes_through_the_nat(void **state)
{
	struct flow f = {.src = w.port[0].ip, .dst = W_GATEWAY, .sport = 3000, .dport = 53};
	struct seen *s = world_tcp(&w, 0, f, TCP_SYN, WORLD_UPLINK);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->dst, W_DNS);
	f = (struct flow){.src = W_DNS, .dst = W_EXTERNAL, .sport = 53, .dport = s->sport};
	s = world_tcp(&w, WORLD_UPLINK, f, TCP_SYN | TCP_ACK, 0);
	assert_non_null(s);
	assert_int_equal(s->src, W_GATEWAY);
}

static void test_names(void **state)
{
	u8 bytes[600] = {0};

	(void)state;
	memcpy(bytes + 12, "\1a\0", 3);
	assert_int_equal(dns_skip_name(bytes, 100, 12), 15);
	bytes[20] = 0xc0;
	bytes[21] = 12;
	assert_int_equal(dns_skip_name(bytes, 100, 20), 22);
	/* In circles: to itself, to each other, forward, into the header. */
	bytes[21] = 20;
	assert_int_equal(dns_skip_name(bytes, 100, 20), 0);
	memcpy(bytes + 30, "\xc0\x20\xc0\x1e", 4);
	assert_int_equal(dns_skip_name(bytes, 100, 32), 0);
	bytes[21] = 40;
	assert_int_equal(dns_skip_name(bytes, 100, 20), 0);
	bytes[21] = 4;
	assert_int_equal(dns_skip_name(bytes, 100, 20), 0);
	/* Out of the message; too long; a label of an unknown kind. */
	bytes[20] = 63;
	assert_int_equal(dns_skip_name(bytes, 30, 20), 0);
	memset(bytes + 12, 1, 588);
	assert_int_equal(dns_skip_name(bytes, 600, 12), 0);
	bytes[12] = 0x80;
	assert_int_equal(dns_skip_name(bytes, 600, 12), 0);
}

static void test_malformed_queries(void **state)
{
	struct flow f = {.src = w.port[0].ip, .dst = W_GATEWAY, .sport = 1, .dport = 53};
	u8 bytes[512];
	u32 len = query(bytes, 1, NAME, NAME_LEN, 512);

	(void)state;
	for (u32 n = 0; n < len; n++) {
		make_udp(&m, &f, bytes, n);
		world_send_made(&w, 0, &m);
		assert_null(world_take(&w, WORLD_UPLINK));
	}
	bytes[5] = 2; /* two questions */
	make_udp(&m, &f, bytes, len);
	world_send_made(&w, 0, &m);
	bytes[5] = 1;
	bytes[2] = 0x80; /* a response */
	make_udp(&m, &f, bytes, len);
	world_send_made(&w, 0, &m);
	assert_null(world_take(&w, WORLD_UPLINK));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_relay),
	    TEST(test_ids_and_ports_are_ours),
	    TEST(test_forged_answers),
	    TEST(test_quota),
	    TEST(test_again),
	    TEST(test_edns_size),
	    TEST(test_tcp_goes_through_the_nat),
	    TEST(test_names),
	    TEST(test_malformed_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
