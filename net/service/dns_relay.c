/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/dns_relay.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/parse.h"

#define WAIT_SECONDS 10

void dns_relay_init(struct dns_relay *r, struct nat *nat)
{
	memset(r, 0, sizeof(*r));
	r->nat = nat;
	r->secret[0] = nat_random(&nat->random);
	r->secret[1] = nat_random(&nat->random);
}

static void query_free(struct dns_relay *r, struct dns_query *q)
{
	nat_port_give_own(r->nat, q->port);
	r->per_side[q->side]--;
	q->guest = 0;
}

void dns_relay_set_servers(struct dns_relay *r, const u32 servers[DNS_SERVERS])
{
	if (!memcmp(r->servers, servers, sizeof(r->servers)))
		return;
	for (u32 i = 0; i < DNS_PENDING; i++)
		if (r->queries[i].guest)
			query_free(r, &r->queries[i]);
	memcpy(r->servers, servers, sizeof(r->servers));
	r->preferred = servers[0] ? 0 : 1;
}

static u8 other_server(const struct dns_relay *r, u8 server)
{
	return r->servers[!server] ? !server : server;
}

/* The question without regard to case: some servers do not keep it. */
static u64 question_hash(const struct dns_relay *r, const u8 *bytes, u32 end)
{
	u8 lower[DNS_NAME_MAX + 4];
	u32 n = MIN(end - DNS_HEADER, (u32)sizeof(lower));

	for (u32 i = 0; i < n; i++) {
		u8 c = bytes[DNS_HEADER + i];

		lower[i] = c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
	return nat_siphash(r->secret, lower, n);
}

/* The same query sent again. */
static struct dns_query *query_again(struct dns_relay *r, const struct dns_way *way, u16 id,
				     u64 question)
{
	for (u32 i = 0; i < DNS_PENDING; i++) {
		struct dns_query *q = &r->queries[i];

		if (q->guest == way->src && q->guest_port == way->sport && q->guest_id == id &&
		    q->side == way->side && q->question == question)
			return q;
	}
	return NULL;
}

static struct dns_query *query_new(struct dns_relay *r, u8 side)
{
	struct dns_query *q = NULL;
	u16 port;

	if (r->per_side[side] >= DNS_PER_GUEST)
		return NULL;
	for (u32 i = 0; i < DNS_PENDING && !q; i++)
		if (!r->queries[i].guest)
			q = &r->queries[i];
	if (!q || !(port = nat_port_take_own(r->nat)))
		return NULL;
	r->per_side[side]++;
	q->port = port;
	q->id = (u16)nat_random(&r->nat->random);
	q->side = side;
	q->server = r->preferred;
	return q;
}

/* Back to the guest: where the query came from. */
static u32 refuse(struct dns_relay *r, u8 *bytes, const struct dns_msg *msg, struct dns_way *way)
{
	struct dns_way back = {.src = way->dst,
			       .dst = way->src,
			       .sport = way->dport,
			       .dport = way->sport,
			       .side = way->side};

	r->refused++;
	*way = back;
	return dns_refuse(bytes, msg, DNS_SERVFAIL);
}

u32 dns_relay_query(struct dns_relay *r, u8 *bytes, u32 len, struct dns_way *way)
{
	struct dns_query *q;
	struct dns_msg msg;
	u64 question;

	if (dns_read(&msg, bytes, len) || msg.response || msg.opcode) {
		r->refused++;
		return 0;
	}
	if (!r->nat->external || !r->servers[r->preferred])
		return refuse(r, bytes, &msg, way);
	question = question_hash(r, bytes, msg.question_end);
	q = query_again(r, way, msg.id, question);
	if (q)
		q->server = other_server(r, q->server);
	else
		q = query_new(r, way->side);
	if (!q)
		return refuse(r, bytes, &msg, way);
	q->guest = way->src;
	q->guest_port = way->sport;
	q->guest_id = msg.id;
	q->question = question;
	q->until = r->nat->now + WAIT_SECONDS;
	store16(bytes, q->id);
	if (msg.opt_size && get_be16(bytes + msg.opt_size) > DNS_EDNS_MAX)
		put_be16(bytes + msg.opt_size, DNS_EDNS_MAX);
	*way = (struct dns_way){.src = r->nat->external,
				.dst = r->servers[q->server],
				.sport = q->port,
				.dport = net16(DNS_PORT),
				.side = NAT_SIDE_UPLINK};
	r->asked++;
	return len;
}

static struct dns_query *query_of_answer(struct dns_relay *r, const struct dns_way *way)
{
	for (u32 i = 0; i < DNS_PENDING; i++)
		if (r->queries[i].guest && r->queries[i].port == way->dport)
			return &r->queries[i];
	return NULL;
}

u32 dns_relay_answer(struct dns_relay *r, u8 *bytes, u32 len, struct dns_way *way)
{
	struct dns_query *q = query_of_answer(r, way);
	struct dns_msg msg;

	if (!q)
		return 0;
	if (way->sport != net16(DNS_PORT) ||
	    (way->src != r->servers[0] && way->src != r->servers[1]) ||
	    dns_read(&msg, bytes, len) || !msg.response || msg.id != q->id ||
	    (msg.question_end > DNS_HEADER &&
	     question_hash(r, bytes, msg.question_end) != q->question)) {
		r->strange++;
		return 0;
	}
	store16(bytes, q->guest_id);
	r->preferred = way->src == r->servers[0] ? 0 : 1;
	*way = (struct dns_way){.src = r->nat->config.gateway,
				.dst = q->guest,
				.sport = net16(DNS_PORT),
				.dport = q->guest_port,
				.side = q->side};
	query_free(r, q);
	r->answered++;
	return len;
}

void dns_relay_tick(struct dns_relay *r)
{
	for (u32 i = 0; i < DNS_PENDING; i++) {
		struct dns_query *q = &r->queries[i];

		if (!q->guest || r->nat->now < q->until)
			continue;
		/* The next query tries the other server. */
		if (q->server == r->preferred)
			r->preferred = other_server(r, r->preferred);
		query_free(r, q);
		r->lost++;
	}
}
