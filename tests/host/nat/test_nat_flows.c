/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many flows at a time: UDP against a model of what RFC 4787 wants, and transfers over a network
 * that loses, repeats and reorders, whose bytes must arrive in order at whom they are for.
 */
#include "tests/host/nat/world.h"
#include "tests/host/services/cm.h"

#include <stdio.h>

static struct world w;
static struct make m;
static u32 seed;

static int setup(void **state)
{
	struct gateway_config config = world_config();

	(void)state;
	seed = 12345;
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

static u32 pick(u32 below)
{
	return test_random(&seed) % below;
}

/* --- UDP against a model --- */

#define M_PORTS 6
#define M_REMOTES 5

/* A flow of a guest's port to a remote address. */
struct model_flow {
	u64 used_ns; /* 0: never */
	bool answered;
};

static struct model {
	struct model_flow flow[WORLD_GUESTS][M_PORTS][M_REMOTES];
	u16 external[WORLD_GUESTS][M_PORTS];
} model;

static struct flow model_out(u32 guest, u32 port, u32 remote)
{
	return (struct flow){.src = w.port[guest].ip,
			     .dst = W_SERVER + remote,
			     .sport = (u16)(40000 + port),
			     .dport = (u16)(100 + remote)};
}

enum life { DEAD, UNSURE, ALIVE };

/* A second more or less is the wheel's business. */
static enum life life_of(const struct model_flow *f)
{
	u64 timeout = f->answered ? 300 : 120, age = (w.now_ns - f->used_ns) / 1000000000;

	if (!f->used_ns || age > timeout + 1)
		return DEAD;
	return age + 1 < timeout ? ALIVE : UNSURE;
}

static enum life life_of_port(u32 guest, u32 port)
{
	enum life best = DEAD;

	for (u32 r = 0; r < M_REMOTES; r++) {
		enum life l = life_of(&model.flow[guest][port][r]);

		best = MAX(best, l);
	}
	return best;
}

static void check_unique(u32 guest, u32 port, u16 external)
{
	for (u32 g = 0; g < WORLD_GUESTS; g++)
		for (u32 p = 0; p < M_PORTS; p++)
			if ((g != guest || p != port) && life_of_port(g, p) == ALIVE)
				assert_int_not_equal(model.external[g][p], external);
}

static void step_out(u32 guest, u32 port, u32 remote)
{
	struct model_flow *f = &model.flow[guest][port][remote];
	struct seen *s;

	if (life_of(f) == UNSURE)
		return;
	s = world_udp(&w, guest, model_out(guest, port, remote), WORLD_UPLINK);
	assert_non_null(s);
	assert_int_equal(s->src, W_EXTERNAL);
	assert_int_equal(s->dst, W_SERVER + remote);
	assert_int_equal(s->dport, 100 + remote);
	assert_int_equal(s->sport & 1, port & 1);
	if (life_of_port(guest, port) == ALIVE)
		assert_int_equal(s->sport, model.external[guest][port]);
	check_unique(guest, port, s->sport);
	if (life_of(f) == DEAD)
		f->answered = false;
	model.external[guest][port] = s->sport;
	f->used_ns = w.now_ns;
}

static void step_in(u32 guest, u32 port, u32 remote)
{
	struct model_flow *f = &model.flow[guest][port][remote];
	struct flow in = {.src = W_SERVER + remote,
			  .dst = W_EXTERNAL,
			  .sport = (u16)(100 + remote),
			  .dport = model.external[guest][port]};
	enum life life = life_of(f);
	u32 received = 0;

	if (life == UNSURE || !in.dport)
		return;
	/* A port that was given up may be another's by now. */
	if (life == DEAD)
		for (u32 g = 0; g < WORLD_GUESTS; g++)
			for (u32 p = 0; p < M_PORTS; p++)
				if (model.external[g][p] == in.dport &&
				    life_of(&model.flow[g][p][remote]) != DEAD)
					return;
	world_udp(&w, WORLD_UPLINK, in, guest);
	for (u32 g = 0; g < WORLD_GUESTS; g++)
		received += w.port[g].n;
	assert_int_equal(received, life == ALIVE);
	if (life != ALIVE)
		return;
	assert_int_equal(w.port[guest].n, 1);
	assert_int_equal(w.port[guest].got[0].dport, 40000 + port);
	f->answered = true;
	f->used_ns = w.now_ns;
}

static void test_udp_like_the_model(void **state)
{
	u32 in = 0, out = 0;

	(void)state;
	memset(&model, 0, sizeof(model));
	for (u32 i = 0; i < 20000; i++) {
		u32 guest = pick(WORLD_GUESTS), port = pick(M_PORTS), remote = pick(M_REMOTES);
		u32 what = pick(100);

		if (what < 45)
			step_out(guest, port, remote), out++;
		else if (what < 95)
			step_in(guest, port, remote), in++;
		else
			world_wait(&w, 1000 * (u64)pick(what == 99 ? 200 : 20));
		world_forget(&w);
	}
	assert_true(in > 5000 && out > 5000);
	assert_null(world_check(&w));
}

/* --- transfers --- */

#define T_FLOWS 12
#define T_BYTES 20000
#define T_PIECE 700
#define T_AIR 64

/* Numbered pieces in one direction and acknowledgements in the other: what is left of TCP when
 * it is about the NAT. The receiver is a server outside, a guest behind a forward, or a guest
 * behind the hairpin. */
struct transfer {
	u32 from, to;     /* ports of the world */
	struct flow flow; /* as the sender sees it */
	struct flow back; /* as the receiver sees it, reversed; dport 0: nothing seen yet */
	u32 sent, acked, received;
	bool open; /* the SYN has been answered */
	u8 tag;
};

static struct transfer transfers[T_FLOWS];

/* A frame that is under way to a port of the world; it leaves in random order. */
static struct {
	u32 port;
	u32 len;
	u8 bytes[1600];
} air[T_AIR];
static u32 flying, lost, passed;

static void fly(u32 port)
{
	u32 copies = pick(100) < 3 ? 0 : pick(100) < 2 ? 2 : 1;

	lost += !copies;
	for (; copies && flying < T_AIR; copies--) {
		air[flying].port = port;
		air[flying].len = m.len;
		memcpy(air[flying++].bytes, m.bytes, m.len);
	}
}

static u8 byte_of(const struct transfer *t, u32 at)
{
	return (u8)(at * 31 + t->tag);
}

static void send_piece(struct transfer *t)
{
	u32 at = t->acked, n = MIN((u32)T_PIECE, T_BYTES - at);
	static u8 payload[T_PIECE];

	for (u32 i = 0; i < n; i++)
		payload[i] = byte_of(t, at + i);
	if (!t->open) {
		make_tcp(&m, &t->flow, TCP_SYN, 1460, "", 0);
		fly(t->from);
		return;
	}
	make_tcp(&m, &t->flow, TCP_ACK, 0, payload, n);
	put_be32(m.bytes + 38, at); /* the sequence number */
	put_be16(m.bytes + 50, 0);
	make_tcp_checksum(&m);
	fly(t->from);
}

static void send_answer(struct transfer *t, u8 flags)
{
	make_tcp(&m, &t->back, flags, 0, "", 0);
	put_be32(m.bytes + 42, t->received);
	make_tcp_checksum(&m);
	fly(t->to);
}

static void receiver_got(struct transfer *t, const struct seen *s)
{
	t->back = (struct flow){.src = s->dst, .dst = s->src, .sport = s->dport, .dport = s->sport};
	if (s->l4[13] & TCP_SYN) {
		send_answer(t, TCP_SYN | TCP_ACK);
		return;
	}
	for (u32 i = 0; i < s->payload_len; i++)
		assert_int_equal(s->payload[i], byte_of(t, get_be32(s->l4 + 4) + i));
	if (get_be32(s->l4 + 4) == t->received)
		t->received += s->payload_len;
	send_answer(t, TCP_ACK);
}

static void sender_got(struct transfer *t, const struct seen *s)
{
	assert_int_equal(s->src, t->flow.dst);
	assert_int_equal(s->sport, t->flow.dport);
	t->open = true;
	t->acked = MAX(t->acked, get_be32(s->l4 + 8));
}

/* Whose frame this is: by the ports at its ends, which differ between transfers. */
static void arrived(u32 port, const struct seen *s)
{
	for (u32 i = 0; i < T_FLOWS; i++) {
		struct transfer *t = &transfers[i];

		if (t->from == port && s->dport == t->flow.sport && s->sport == t->flow.dport) {
			sender_got(t, s);
			return;
		}
	}
	for (u32 i = 0; i < T_FLOWS; i++) {
		struct transfer *t = &transfers[i];
		u16 at_receiver = t->to == WORLD_UPLINK ? t->flow.dport : (u16)(7000 + t->tag);

		if (t->to == port && s->dport == at_receiver) {
			receiver_got(t, s);
			return;
		}
	}
	fail_msg("a frame of nobody arrived at port %u", port);
}

static void deliver_one(void)
{
	u32 i = pick(flying), port = air[i].port;
	struct seen *s;

	memcpy(m.bytes, air[i].bytes, air[i].len);
	m.len = air[i].len;
	air[i] = air[--flying];
	world_send_made(&w, port, &m);
	passed++;
	for (u32 p = 0; p < WORLD_PORTS; p++)
		while ((s = world_take(&w, p)))
			if (!s->arp)
				arrived(p, s);
	world_forget(&w);
}

static void transfer_begin(u32 i)
{
	struct transfer *t = &transfers[i];
	char forward[64];

	*t = (struct transfer){.tag = (u8)i, .from = i % 2, .to = WORLD_UPLINK};
	t->flow = (struct flow){.src = w.port[t->from].ip,
				.dst = W_SERVER,
				.sport = (u16)(30000 + i / 2), /* the same of both guests */
				.dport = (u16)(8000 + i)};
	if (i % 3 == 0)
		return;
	snprintf(forward, sizeof(forward), "tcp:%u:vm2:%u", 9000 + i, 7000 + i);
	assert_int_equal(gateway_forward_add(w.gw, forward), 0);
	t->to = 2;
	t->flow.dst = W_EXTERNAL;
	t->flow.dport = (u16)(9000 + i);
	if (i % 3 == 1) { /* from outside */
		t->from = WORLD_UPLINK;
		t->flow.src = W_SERVER + i;
	}
}

static bool all_done(void)
{
	for (u32 i = 0; i < T_FLOWS; i++)
		if (transfers[i].acked < T_BYTES)
			return false;
	return true;
}

static void test_transfers(void **state)
{
	u32 rounds = 0;

	(void)state;
	flying = lost = passed = 0;
	for (u32 i = 0; i < T_FLOWS; i++)
		transfer_begin(i);
	while (!all_done()) {
		struct transfer *t = &transfers[pick(T_FLOWS)];

		assert_true(++rounds < 200000);
		if (t->acked < T_BYTES && flying < T_AIR - 4)
			send_piece(t);
		if (flying > T_AIR / 2 || (flying && pick(3)))
			deliver_one();
		if (!pick(50))
			world_wait(&w, 100);
	}
	assert_true(lost > 20);
	for (u32 i = 0; i < T_FLOWS; i++)
		assert_int_equal(transfers[i].received, T_BYTES);
	assert_int_equal(w.bad, 0);
}

/* --- plain frames --- */

/* The same packet twice: by both ways it becomes the same. */
static void both_ways(u32 flags, u32 payload, bool unchecked)
{
	struct flow f = {.src = w.port[0].ip, .dst = W_SERVER, .sport = 4242, .dport = 443};
	static u8 bytes[1500];
	u32 before = w.plain;
	struct seen *a, *b;

	for (u32 i = 0; i < payload; i++)
		bytes[i] = (u8)pick(256);
	for (u32 i = 0; i < 2; i++) {
		if (flags)
			make_tcp(&m, &f, (u8)flags, 0, bytes, payload);
		else
			make_udp(&m, &f, bytes, payload);
		if (unchecked)
			store16(m.bytes + ETH_HEADER + IP_HEADER + UDP_CHECK, 0);
		world_send_made(&w, 0, &m);
	}
	a = world_take(&w, WORLD_UPLINK);
	b = world_take(&w, WORLD_UPLINK);
	assert_true(a && b && a->len == b->len);
	assert_memory_equal(a->bytes, b->bytes, a->len);
	assert_int_equal(w.plain - before, 1);
	world_forget(&w);
}

static void test_plain_frames(void **state)
{
	static const u32 payloads[] = {0,  1,  9,  10, 11, 12, 17,  18,
				       19, 20, 22, 25, 26, 27, 100, 1400};
	struct flow f = {.src = w.port[0].ip, .dst = W_SERVER, .sport = 4242, .dport = 443};

	(void)state;
	assert_non_null(world_udp(&w, 0, f, WORLD_UPLINK));
	assert_non_null(world_tcp(&w, 0, f, TCP_SYN, WORLD_UPLINK));
	f = (struct flow){.src = W_SERVER, .dst = W_EXTERNAL, .sport = 443, .dport = 4242};
	assert_non_null(world_tcp(&w, WORLD_UPLINK, f, TCP_SYN | TCP_ACK, 0));
	for (u32 i = 0; i < ARRAY_SIZE(payloads); i++) {
		both_ways(0, payloads[i], false);
		both_ways(0, payloads[i], true);
		both_ways(TCP_ACK, payloads[i], false);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_udp_like_the_model),
	    TEST(test_transfers),
	    TEST(test_plain_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
