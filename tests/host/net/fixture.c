/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/net/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/pkt/copy.h"
#include "net/pkt/parse.h"
#include "tests/host/net/plain.h"

static u32 keep(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct fix_port *f = container_of(port, struct fix_port, port);
	u32 taken = MIN(n, f->room - MIN(f->room, f->n));

	(void)w;
	f->calls++;
	if (n > PKT_BATCH || !n)
		abort();
	for (u32 i = 0; i < taken; i++) {
		struct fix_frame *g = &f->got[f->n++ % FIX_KEEP];

		free(g->bytes);
		g->bytes = malloc(pkts[i]->len);
		g->len = pkts[i]->len;
		g->off = pkts[i]->off;
		pkt_copy_out(pkts[i], g->bytes);
	}
	return taken;
}

static void told_link(struct vsw_port *port, bool up)
{
	container_of(port, struct fix_port, port)->link = up;
}

static const struct vsw_port_ops ops = {
    .send = keep, .send_plain = plain_unpack, .link = told_link};

void fix_setup(struct fix *f)
{
	struct vsw_config config = {.name = "test",
				    .table_bytes = FIX_TABLE,
				    .workers = &f->all,
				    .secret = 0xfedcba9876543210ull};

	memset(f, 0, sizeof(*f));
	f->scratch = aligned_alloc(128, 2 * VSW_SCRATCH_BYTES);
	config.table = f->table = aligned_alloc(128, FIX_TABLE);
	memset(f->table, 0, FIX_TABLE);
	vsw_workers_init(&f->all, f->worker, 2, f->scratch);
	f->now_ns = 5000000000ull;
	if (vsw_init(&f->sw, &config))
		abort();
}

void fix_clear(struct fix *f)
{
	for (u32 i = 0; i < FIX_PORTS; i++) {
		struct fix_port *p = &f->port[i];

		for (u32 k = 0; k < FIX_KEEP; k++)
			free(p->got[k].bytes);
		memset(p->got, 0, sizeof(p->got));
		p->n = p->calls = 0;
	}
}

void fix_teardown(struct fix *f)
{
	fix_clear(f);
	free(f->scratch);
	free(f->table);
}

int fix_add(struct fix *f, u32 i, struct vsw_port_config config)
{
	struct fix_port *p = &f->port[i];

	if (!config.name[0])
		snprintf(config.name, sizeof(config.name), "p%u", i);
	if (!config.mac[0] && !config.mac[5])
		memcpy(config.mac, fix_mac(i), 6);
	p->room = FIX_KEEP;
	p->link = -1;
	return vsw_port_add(&f->sw, &p->port, &ops, &config);
}

struct pkt *fix_put(struct fix *f, const u8 *bytes, u32 len, u32 head_len)
{
	struct pkt *p = &f->pkt[f->batch.n];
	u32 first, rest;

	head_len = MIN(head_len, len);
	f->batch.pkt[f->batch.n++] = p;
	pkt_init(p);
	pkt_set_head(p, bytes, head_len);
	rest = len - head_len;
	first = rest / 2;
	if (pkt_add_frag(p, bytes + head_len, first) ||
	    pkt_add_frag(p, bytes + head_len + first, rest - first))
		abort();
	return p;
}

void fix_send(struct fix *f, u32 i)
{
	vsw_input(&f->worker[0], &f->port[i].port, &f->batch, f->now_ns);
	f->batch.n = 0;
}

/* The frames from `from` on as plain ones, as far as the switch takes them. */
static u32 send_plain(struct fix *f, u32 i, u32 from)
{
	static struct pkt room[PKT_BATCH];
	static u8 bytes[PKT_LEN_MAX];
	struct pkt_plain frames[PKT_BATCH];
	u8 *at[PKT_BATCH];
	u32 n, done;

	for (n = 0; from + n < f->batch.n; n++) {
		const struct pkt *p = f->batch.pkt[from + n];

		if (p->len < PLAIN_LEN_MIN || p->off.flags | p->off.gso_type)
			break;
		pkt_copy_out(p, bytes);
		at[n] = plain_pack(&frames[n], bytes, p->len);
	}
	done = vsw_input_plain(&f->worker[0], &f->port[i].port, frames, n, room, f->now_ns);
	while (n)
		free(at[--n]);
	return done;
}

u32 fix_send_plain(struct fix *f, u32 i)
{
	u32 plain = 0, n;

	for (u32 at = 0; at < f->batch.n; at += n) {
		struct pkt_batch one = {.n = 1, .pkt = {f->batch.pkt[at]}};

		n = send_plain(f, i, at);
		plain += n;
		if (n)
			continue;
		vsw_input(&f->worker[0], &f->port[i].port, &one, f->now_ns);
		n = 1;
	}
	f->batch.n = 0;
	return plain;
}

u32 fix_frame(u8 *to, const u8 dst[6], const u8 src[6], int tci)
{
	u32 at = 12;

	memset(to, 0x5a, 64);
	memcpy(to, dst, 6);
	memcpy(to + 6, src, 6);
	if (tci >= 0) {
		put_be16(to + at, ETH_TYPE_VLAN);
		put_be16(to + at + 2, (u16)tci);
		at += ETH_TAG;
	}
	put_be16(to + at, 0x88b5); /* local experimental */
	return 60;
}

void fix_unicast(struct fix *f, u32 from, const u8 dst[6])
{
	u8 frame[64];
	u32 len = fix_frame(frame, dst, fix_mac(from), -1);

	fix_put(f, frame, len, 16);
	fix_send(f, from);
}

const u8 *fix_mac(u32 i)
{
	static u8 macs[256][6];

	macs[i][0] = 2;
	macs[i][5] = (u8)i;
	return macs[i];
}

u64 fix_drops(const struct fix *f, u32 i, enum vsw_drop why)
{
	return f->port[i].port.counters.drops[why];
}
