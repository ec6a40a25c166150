/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/net/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/pkt/parse.h"
#include "tests/host/net/fixture.h"

#define PORTS 6
#define MACS 14
#define AGEING_UNITS 300

static const u8 special[][6] = {
    {255, 255, 255, 255, 255, 255},
    {1, 0, 0x5e, 0, 0, 1},
    {1, 0x80, 0xc2, 0, 0, 2},
    {0, 0, 0, 0, 0, 0},
};

static const u64 trunk_vlans[VSW_VLANS / 64] = {BIT(10) | BIT(20)};
static const struct vsw_port_config configs[PORTS + 1] = {
    [1] = {.pvid = 10},
    [2] = {.pvid = 20},
    [3] = {.flags = VSW_PORT_TRUNK | VSW_PORT_UPLINK, .vlans = trunk_vlans},
    [4] = {.flags = VSW_PORT_ISOLATED, .pvid = 10},
    [5] = {.flags = VSW_PORT_TRUNK | VSW_PORT_UPLINK | VSW_PORT_ISOLATED, .pvid = 10},
    [6] = {.flags = VSW_PORT_SPOOF_MAC},
};

struct script {
	const u8 *at, *end;
};

static u8 next(struct script *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

/* The simple bridge. */
struct model {
	bool present[PORTS + 1], up[PORTS + 1];
	struct {
		u32 port; /* 0: not known */
		u16 age;
	} known[MACS][32]; /* by address and VLAN */
	u16 now;
};

struct frame {
	u8 bytes[1700];
	u32 len, dst, src;
	int tci; /* below 0: no tag */
};

static const u8 *mac_of(u32 i)
{
	return i < MACS - 4 ? fix_mac(i + 1) : special[i - (MACS - 4)];
}

static u16 pvid_of(u32 port)
{
	return configs[port].pvid ? configs[port].pvid : VSW_VLAN_DEFAULT;
}

static bool member(u32 port, u16 vid)
{
	if (vid == pvid_of(port))
		return true;
	if (!(configs[port].flags & VSW_PORT_TRUNK))
		return false;
	return configs[port].vlans ? vid == 10 || vid == 20 : true;
}

/* The port whose own address this is, if it is in this VLAN; 0 for none. */
static u32 owner(const struct model *m, u32 mac, u16 vid)
{
	u32 port = mac + 1;

	return port <= PORTS && m->present[port] && pvid_of(port) == vid ? port : 0;
}

/* The VLAN of a frame that comes in; below 0: it is refused. */
static int classify(const struct model *m, u32 port, const struct frame *f)
{
	u16 vid;

	if (!m->up[port] || f->len < ETH_HEADER || mac_of(f->src)[0] & 1 || f->dst == MACS - 2)
		return -1;
	if (f->tci >= 0 && f->len < ETH_HEADER + ETH_TAG)
		return -1;
	vid = f->tci < 0 ? 0 : f->tci & 0xfff;
	if (vid && (!(configs[port].flags & VSW_PORT_TRUNK) || !member(port, vid)))
		return -1;
	if (configs[port].flags & VSW_PORT_SPOOF_MAC && f->src != port - 1)
		return -1;
	vid = vid ? vid : pvid_of(port);
	if (owner(m, f->src, vid) && owner(m, f->src, vid) != port)
		return -1;
	return vid;
}

static void learn(struct model *m, u32 port, u32 mac, u16 vid)
{
	m->known[mac][vid].port = port;
	m->known[mac][vid].age = m->now;
}

static u32 find(const struct model *m, u32 mac, u16 vid)
{
	u32 port = owner(m, mac, vid);

	return port ? port : m->known[mac][vid].port;
}

static bool wanted(u32 port, u32 mac)
{
	return configs[port].flags & VSW_PORT_UPLINK || mac == port - 1 || mac_of(mac)[0] & 1;
}

static bool goes_to(const struct model *m, u32 from, u32 to, const struct frame *f, u16 vid)
{
	u32 known = mac_of(f->dst)[0] & 1 ? 0 : find(m, f->dst, vid);
	u32 payload = f->len - ETH_HEADER - (f->tci >= 0 ? ETH_TAG : 0);

	if (to == from || !m->present[to] || !m->up[to] || payload > 1500 ||
	    configs[from].flags & configs[to].flags & VSW_PORT_ISOLATED)
		return false;
	return known ? known == to : member(to, vid) && wanted(to, f->dst);
}

/* What arrives at a port: with a tag or without. */
static u32 expected(u8 *to, u32 port, const struct frame *f, u16 vid)
{
	u32 in = f->tci >= 0 ? 16 : 12, at = 12;

	memcpy(to, f->bytes, 12);
	if (configs[port].flags & VSW_PORT_TRUNK && vid != pvid_of(port)) {
		put_be16(to + 12, ETH_TYPE_VLAN);
		put_be16(to + 14, f->tci > 0 ? (u16)((f->tci & 0xf000) | vid) : vid);
		at = 16;
	}
	memcpy(to + at, f->bytes + in, f->len - in);
	return f->len - in + at;
}

static void fail(const char *what, u32 port, u32 got, u32 want)
{
	fprintf(stderr, "play: port %u: %s: %u, expected %u\n", port, what, got, want);
	abort();
}

/* Frames to a port need not be in order, only those that go the same way: look for each. */
static void find_frame(struct fix_port *p, u32 port, const u8 *bytes, u32 len)
{
	for (u32 i = 0; i < p->n; i++) {
		struct fix_frame *g = &p->got[i];

		if (g->bytes && g->len == len && !memcmp(g->bytes, bytes, len)) {
			free(g->bytes);
			g->bytes = NULL;
			return;
		}
	}
	for (u32 i = 0; i < len && i < 26; i++)
		fprintf(stderr, "%02x%s", bytes[i], i < 25 ? " " : "\n");
	fail("a frame is missing, of bytes", port, 0, len);
}

static u64 compare(struct fix *f, const struct model *m, u32 from, const struct frame *frames,
		   const int *vids, u32 n)
{
	u8 bytes[1800];
	u64 total = 0;

	for (u32 port = 1; port <= PORTS; port++) {
		u32 count = 0;

		for (u32 i = 0; i < n; i++) {
			if (vids[i] < 0 || !goes_to(m, from, port, &frames[i], (u16)vids[i]))
				continue;
			find_frame(&f->port[port], port, bytes,
				   expected(bytes, port, &frames[i], (u16)vids[i]));
			count++;
		}
		if (count != f->port[port].n)
			fail("frames", port, f->port[port].n, count);
		total += count;
	}
	return total;
}

static void write_frame(struct frame *f, struct script *s, u32 number)
{
	static const int tags[8] = {-1, -1, -1, 0xe000, 10, 20, 0x601e, 0};
	static const u32 lengths[8] = {60, 60, 64, 14, 13, 17, 1514, 1516};
	u8 shape = next(s), more = next(s);

	f->dst = shape % MACS;
	f->src = (shape / MACS + more % 3) % MACS;
	f->tci = tags[more / 3 % 8];
	f->len = lengths[more / 24 % 8];
	memset(f->bytes, 0, sizeof(f->bytes));
	(void)fix_frame(f->bytes, mac_of(f->dst), mac_of(f->src), f->tci);
	put_be32(f->bytes + 20, number);
	if (f->len < 14 || (f->tci >= 0 && f->len < 18))
		f->dst = MACS - 2; /* too short, whatever it says: the model refuses it, too */
	if (f->len < 16 && f->tci >= 0)
		f->tci = -1, f->dst = MACS - 2, f->len = 13;
}

static void send_all(struct fix *f, u32 port, struct frame *frames, const u32 *heads, u32 n,
		     bool plain)
{
	for (u32 i = 0; i < n; i++)
		fix_put(f, frames[i].bytes, frames[i].len, heads[i]);
	if (plain)
		(void)fix_send_plain(f, port);
	else
		fix_send(f, port);
}

static u64 play_batch(struct fix *f, struct model *m, struct script *s)
{
	static struct frame frames[PKT_BATCH];
	static u32 number;
	u32 port = 1 + next(s) % PORTS, n = 1 + next(s) % PKT_BATCH;
	u32 heads[PKT_BATCH];
	int vids[PKT_BATCH];
	bool plain;
	u64 total;

	if (!m->present[port])
		return 0;
	for (u32 i = 0; i < n; i++) {
		write_frame(&frames[i], s, number++);
		vids[i] = classify(m, port, &frames[i]);
		if (vids[i] >= 0)
			learn(m, port, frames[i].src, (u16)vids[i]);
		heads[i] = 14 + next(s) % 64;
	}
	plain = next(s) & 1;
	send_all(f, port, frames, heads, n, false);
	/* Again, since they may go in several parts, and the model has learned from all of them. */
	if (plain) {
		fix_clear(f);
		send_all(f, port, frames, heads, n, true);
	}
	total = compare(f, m, port, frames, vids, n);
	fix_clear(f);
	return total;
}

static void forget_port(struct model *m, u32 port)
{
	for (u32 i = 0; i < MACS; i++)
		for (u32 v = 0; v < 32; v++)
			if (m->known[i][v].port == port)
				m->known[i][v].port = 0;
}

static void set_link(struct fix *f, struct model *m, u32 port)
{
	if (!m->present[port])
		return;
	m->up[port] = !m->up[port];
	vsw_port_set_link(&f->port[port].port, m->up[port]);
	forget_port(m, port);
}

static void add(struct fix *f, struct model *m, u32 port)
{
	struct vsw_port_config config = configs[port];

	for (u32 i = 0; i < VSW_STORM_KINDS; i++)
		config.storm_pps[i] = ~0u;
	if (fix_add(f, port, config))
		fail("cannot be added", port, 1, 0);
	m->present[port] = m->up[port] = true;
	m->known[port - 1][pvid_of(port)].port = 0;
}

static void leave_or_return(struct fix *f, struct model *m, u32 port)
{
	if (!m->present[port]) {
		add(f, m, port);
		return;
	}
	vsw_port_unlink(&f->port[port].port);
	if (!vsw_port_gone(&f->port[port].port))
		fail("does not leave", port, 0, 1);
	m->present[port] = m->up[port] = false;
	forget_port(m, port);
}

static void pass_time(struct fix *f, struct model *m, u32 units)
{
	f->now_ns += (u64)units << FDB_AGE_SHIFT;
	m->now = (u16)(m->now + units);
	vsw_age(&f->sw, f->now_ns, 0);
	for (u32 i = 0; i < MACS; i++)
		for (u32 v = 0; v < 32; v++)
			if ((u16)(m->now - m->known[i][v].age) > AGEING_UNITS)
				m->known[i][v].port = 0;
}

u64 play(const u8 *script, size_t size)
{
	struct script s = {script, script + size};
	struct fix *f = aligned_alloc(64, sizeof(*f));
	struct model m = {0};
	u64 total = 0;

	fix_setup(f);
	for (u32 i = 1; i <= PORTS; i++)
		add(f, &m, i);
	while (s.at < s.end) {
		u8 what = next(&s);

		if (what < 235)
			total += play_batch(f, &m, &s);
		else if (what < 242)
			set_link(f, &m, 1 + next(&s) % PORTS);
		else if (what < 249)
			leave_or_return(f, &m, 1 + next(&s) % PORTS);
		else
			pass_time(f, &m, next(&s));
	}
	fix_teardown(f);
	free(f);
	return total;
}
