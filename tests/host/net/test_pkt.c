/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets: parsing, moving bytes, checksums, offloads in software, captures; against slow and
 * simple ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"
#include "net/pkt/pcap.h"

static u64 seed = 1;

static u32 draw(u32 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((seed >> 33) % below);
}

/* A frame cut into a head and pieces at random. */
struct cut {
	struct pkt pkt;
	struct pkt_frag frags[PKT_FRAGS];
};

static struct pkt *cut_up(struct cut *c, const u8 *bytes, u32 len, u32 head, u32 piece)
{
	pkt_init(&c->pkt);
	c->pkt.frags = c->frags;
	pkt_set_head(&c->pkt, bytes, MIN(head, len));
	for (u32 at = MIN(head, len); at < len;) {
		u32 part = 1 + draw(piece);

		part = MIN(part, len - at);
		assert_int_equal(pkt_add_frag(&c->pkt, bytes + at, part), 0);
		at += part;
	}
	return &c->pkt;
}

static void test_copies(void **state)
{
	u8 from[700], to[700];

	(void)state;
	for (u32 i = 0; i < sizeof(from); i++)
		from[i] = (u8)draw(256);
	for (u32 len = 0; len < 600; len++) {
		u32 at = draw(50), target = draw(50);

		memset(to, 0xee, sizeof(to));
		copy_bytes(to + target, from + at, len);
		assert_memory_equal(to + target, from + at, len);
		assert_int_equal(to[target + len], 0xee);
		if (target)
			assert_int_equal(to[target - 1], 0xee);
	}
}

static void test_whole(void **state)
{
	u8 frame[300], out[300];
	struct pkt p;

	(void)state;
	for (u32 i = 0; i < sizeof(frame); i++)
		frame[i] = (u8)draw(256);
	for (u32 len = 16; len < sizeof(frame); len++) {
		u32 head = 16 + draw(PKT_HEAD - 15);

		memset(&p, 0xff, sizeof(p));
		pkt_set_whole(&p, frame, len, head, 0x0605040302010201ull, 0x0807);
		assert_int_equal(p.len, len);
		assert_int_equal(p.head_len, MIN(head, len));
		assert_int_equal(p.flags | p.skip, 0);
		assert_int_equal(p.off.flags, 1);
		assert_int_equal(p.off.csum_start, 0x0605);
		assert_int_equal(p.off.csum_offset, 0x0807);
		pkt_copy_out(&p, out);
		assert_memory_equal(out, frame, len);
	}
}

static void test_pull(void **state)
{
	static u8 frame[400], out[400];
	struct cut c;
	struct pkt clone;

	(void)state;
	for (u32 turn = 0; turn < 3000; turn++) {
		u32 len = 1 + draw(sizeof(frame)), want = draw(PKT_HEAD + 20);
		struct pkt_cursor cursor;
		struct pkt *p;
		u32 at = 0;
		int err;

		for (u32 i = 0; i < len; i++)
			frame[i] = (u8)draw(256);
		p = cut_up(&c, frame, len, draw(100), 20);
		err = pkt_pull(p, want);
		assert_int_equal(err, MIN(want, len) > PKT_HEAD ? ERR_RANGE : 0);
		if (!err)
			assert_true(p->head_len >= MIN(want, len));
		assert_memory_equal(pkt_data(p), frame, p->head_len);
		pkt_clone(&clone, p);
		assert_int_equal(pkt_pull(&clone, MIN(len, PKT_HEAD)), 0);
		memset(out, 0, sizeof(out));
		pkt_copy_out(p, out);
		assert_memory_equal(out, frame, len);
		memset(out, 0, sizeof(out));
		pkt_cursor_init(&cursor, &clone);
		while (at < len)
			at += pkt_cursor_copy(&cursor, out + at, 1 + draw(50));
		assert_int_equal(at, len);
		assert_memory_equal(out, frame, len);
		assert_int_equal(pkt_cursor_copy(&cursor, out, 1), 0);
	}
}

static void test_tags(void **state)
{
	static u8 frame[60], out[64];
	struct cut c;
	struct pkt *p = cut_up(&c, frame, 60, 16, 60);

	(void)state;
	for (u32 i = 0; i < 60; i++)
		frame[i] = (u8)i;
	pkt_set_head(p, frame, 16);
	p->len = 60;
	p->vlan = 0xa123;
	p->off.flags = PKT_OFF_NEEDS_CSUM;
	p->off.csum_start = 34;
	pkt_tag_push(p);
	assert_int_equal(p->len, 64);
	assert_int_equal(p->off.csum_start, 38);
	pkt_copy_out(p, out);
	assert_memory_equal(out, frame, 12);
	assert_int_equal(get_be32(out + 12), 0x8100a123);
	assert_memory_equal(out + 16, frame + 12, 48);
	p->vlan = 0;
	pkt_tag_pop(p);
	assert_int_equal(p->vlan, 0xa123);
	assert_int_equal(p->off.csum_start, 34);
	pkt_copy_out(p, out);
	assert_memory_equal(out, frame, 60);
}

/* RFC 1071 by the book: 16-bit words in network order. */
static u16 slow_sum(const u8 *at, u32 len)
{
	u32 sum = 0;

	for (u32 i = 0; i < len; i++)
		sum += i & 1 ? at[i] : (u32)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

static void test_sums(void **state)
{
	static u8 bytes[3000];
	struct cut c;

	(void)state;
	for (u32 turn = 0; turn < 3000; turn++) {
		u32 len = draw(1600), from, to, at = draw(16);
		struct pkt *p;

		for (u32 i = 0; i < len + at; i++)
			bytes[i] = draw(8) ? (u8)draw(256) : 0xff;
		assert_int_equal(__builtin_bswap16(csum_fold(csum_bytes(0, bytes + at, len))),
				 slow_sum(bytes + at, len));
		p = cut_up(&c, bytes, len, draw(PKT_HEAD), 200);
		from = draw(len + 1);
		to = from + draw(len - from + 1);
		assert_int_equal(__builtin_bswap16(csum_fold(csum_frame(p, from, to))),
				 slow_sum(bytes + from, to - from));
	}
}

/* RFC 1624: the updated field is what summing anew gives. */
static void test_updates(void **state)
{
	u8 data[40];

	(void)state;
	for (u32 turn = 0; turn < 20000; turn++) {
		u64 removed, added;
		u16 check, fresh, updated;

		for (u32 i = 0; i < sizeof(data); i++)
			data[i] = (u8)draw(256);
		check = (u16)~csum_fold(csum_bytes(0, data, sizeof(data)));
		removed = csum_bytes(0, data + 8, 8);
		for (u32 i = 8; i < 16; i++)
			data[i] = (u8)draw(256);
		added = csum_bytes(0, data + 8, 8);
		fresh = (u16)~csum_fold(csum_bytes(0, data, sizeof(data)));
		updated = csum_update(check, removed, added);
		assert_int_equal(updated, fresh);
		assert_int_equal(csum_apply(check, csum_delta(removed, added)), fresh);
	}
}

/* A TCP or UDP frame with payload bytes; returns its length. */
static u32 make_frame(u8 *f, bool v6, bool tcp, u32 payload)
{
	u32 l3 = ETH_HEADER, l4 = l3 + (v6 ? 40 : 20), head = l4 + (tcp ? 32 : 8);
	u32 len = head + payload;

	memset(f, 0, head);
	for (u32 i = 0; i < 12; i++)
		f[i] = (u8)(2 * i);
	put_be16(f + 12, v6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4);
	for (u32 i = 0; i < 32; i++)
		f[l3 + (v6 ? 8 : 12) + (i % (v6 ? 32 : 8))] = (u8)draw(256);
	if (v6) {
		f[l3] = 0x60;
		put_be16(f + l3 + 4, (u16)(len - l4));
		f[l3 + 6] = tcp ? IP_PROTO_TCP : IP_PROTO_UDP;
	} else {
		f[l3] = 0x45;
		put_be16(f + l3 + 2, (u16)(len - l3));
		put_be16(f + l3 + 4, 0xfffe);
		f[l3 + 9] = tcp ? IP_PROTO_TCP : IP_PROTO_UDP;
		put_be16(f + l3 + 10, (u16)~slow_sum(f + l3, 20));
	}
	put_be32(f + l4, 0x12345678); /* ports */
	if (tcp) {
		put_be32(f + l4 + 4, 0xfffffff0);
		f[l4 + 12] = 0x80;
		f[l4 + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	} else {
		put_be16(f + l4 + 4, (u16)(len - l4));
	}
	for (u32 i = 0; i < payload; i++)
		f[head + i] = (u8)draw(256);
	return len;
}

/* The L4 checksum of a finished frame is right: the sum over everything is 0xffff. */
static bool l4_sum_right(const u8 *f, u32 len, bool v6)
{
	u32 l3 = ETH_HEADER, l4 = l3 + (v6 ? 40 : 20);
	u8 pseudo[40] = {0};
	u32 n = v6 ? 32 : 8;
	u64 sum;

	memcpy(pseudo, f + l3 + (v6 ? 8 : 12), n);
	put_be32(pseudo + n, len - l4);
	pseudo[n + 7] = f[l3 + (v6 ? 6 : 9)];
	sum = (u64)slow_sum(pseudo, n + 8) + slow_sum(f + l4, len - l4);
	return csum_fold(sum) == 0xffff;
}

static void set_offload(struct pkt *p, const u8 *frame, bool v6, bool tcp, u16 gso_size)
{
	u32 l4 = ETH_HEADER + (v6 ? 40 : 20), field = l4 + (tcp ? 16 : 6);
	u16 sum = csum_fold(
	    csum_pseudo(frame + ETH_HEADER, v6, tcp ? IP_PROTO_TCP : IP_PROTO_UDP, p->len - l4));

	p->off = (struct pkt_offload){
	    .flags = PKT_OFF_NEEDS_CSUM,
	    .csum_start = (u16)l4,
	    .csum_offset = (u16)(field - l4),
	    .gso_size = gso_size,
	};
	if (gso_size)
		p->off.gso_type = !tcp ? PKT_GSO_UDP_L4 : v6 ? PKT_GSO_TCPV6 : PKT_GSO_TCPV4;
	assert_int_equal(pkt_pull(p, field + 2), 0);
	memcpy(pkt_data(p) + field, &sum, 2);
}

static void test_completes(void **state)
{
	static u8 frame[2000], out[2000];
	struct cut c;

	(void)state;
	for (u32 turn = 0; turn < 2000; turn++) {
		bool v6 = draw(2), tcp = draw(2);
		u32 len = make_frame(frame, v6, tcp, draw(1400));
		struct pkt *p = cut_up(&c, frame, len, 16 + draw(100), 300);

		set_offload(p, frame, v6, tcp, 0);
		assert_int_equal(pkt_offload_check(p), 0);
		assert_int_equal(pkt_checksum_complete(p), 0);
		assert_int_equal(p->off.flags, 0);
		pkt_copy_out(p, out);
		assert_true(l4_sum_right(out, len, v6));
		assert_int_equal(pkt_parse(p), 0);
		assert_int_equal(p->layers.what & PKT_L4, PKT_L4);
	}
}

static void check_segment(const u8 *whole, u32 at, const u8 *seg, u32 len, bool v6, bool tcp,
			  u32 index, bool last)
{
	u32 l3 = ETH_HEADER, l4 = l3 + (v6 ? 40 : 20), head = l4 + (tcp ? 32 : 8);

	assert_memory_equal(seg, whole, l3);
	assert_memory_equal(seg + head, whole + at, len - head);
	assert_true(l4_sum_right(seg, len, v6));
	if (v6) {
		assert_int_equal(get_be16(seg + l3 + 4), len - l4);
	} else {
		assert_int_equal(get_be16(seg + l3 + 2), len - l3);
		assert_int_equal(get_be16(seg + l3 + 4), (u16)(0xfffe + index));
		assert_int_equal(slow_sum(seg + l3, 20), 0xffff);
	}
	if (!tcp) {
		assert_int_equal(get_be16(seg + l4 + 4), len - l4);
		return;
	}
	assert_int_equal(get_be32(seg + l4 + 4), 0xfffffff0 + at - head);
	assert_int_equal(seg[l4 + 13], 0x10 | (index ? 0 : 0x80) | (last ? 0x09 : 0));
}

static void test_segments(void **state)
{
	static u8 frame[66000], out[66000];
	struct cut c;

	(void)state;
	for (u32 turn = 0; turn < 400; turn++) {
		bool v6 = draw(2), tcp = draw(2);
		u32 len = make_frame(frame, v6, tcp, 1 + draw(draw(2) ? 3000 : 60000));
		u16 size = (u16)(draw(3) ? 1000 + draw(1000) : 48 + draw(200));
		struct pkt *p = cut_up(&c, frame, len, 16 + draw(150), 65000);
		struct pkt_segmenter s;
		u32 index = 0, at, got = 0, head;

		set_offload(p, frame, v6, tcp, size);
		assert_int_equal(pkt_offload_check(p), 0);
		head = at = p->layers.payload;
		assert_int_equal(p->off.hdr_len, head);
		pkt_segment_begin(&s, p);
		for (;; index++) {
			struct pkt_frag frags[PKT_FRAGS];
			u32 most = ARRAY_SIZE(frags), none = 0;
			struct pkt segment;
			int err;

			if (s.at > p->head_len && s.at < p->len)
				assert_int_equal(pkt_segment(&s, &segment, frags, &none, true),
						 ERR_NOMEM);
			err = pkt_segment(&s, &segment, frags, &most, true);
			if (!err)
				break;
			assert_int_equal(err, 1);
			assert_int_equal(most, ARRAY_SIZE(frags) - segment.nr_frags);
			pkt_copy_out(&segment, out);
			got = segment.len - head;
			check_segment(frame, at, out, segment.len, v6, tcp, index, at + got == len);
			at += got;
			assert_true(got == size || at == len);
		}
		assert_int_equal(at, len);
	}
}

static void test_refuses_offloads(void **state)
{
	static u8 frame[3000];
	struct cut c;
	struct pkt *p;

	(void)state;
	for (u32 turn = 0; turn < 9; turn++) {
		u32 len = make_frame(frame, false, true, 2000);

		p = cut_up(&c, frame, len, 64, 65000);
		set_offload(p, frame, false, true, 1000);
		switch (turn) {
		case 0:
			p->off.gso_type = PKT_GSO_UDP;
			break;
		case 1:
			p->off.gso_type = PKT_GSO_TCPV6;
			break;
		case 2:
			p->off.gso_size = 0;
			break;
		case 3:
			p->off.flags = 0;
			break;
		case 4:
			p->off.csum_start++;
			break;
		case 5:
			p->off.csum_offset = 6;
			break;
		case 6: /* a fragment */
			pkt_data(p)[ETH_HEADER + 6] = 0x20;
			break;
		case 7: /* padding behind the packet */
			put_be16(pkt_data(p) + ETH_HEADER + 2, 1000);
			break;
		case 8:
			p->off = (struct pkt_offload){
			    .flags = 1, .csum_start = 60000, .csum_offset = 60000};
			break;
		}
		assert_int_equal(pkt_offload_check(p), ERR_INVAL);
	}
}

static void test_parses(void **state)
{
	static u8 frame[400];
	struct cut c;
	struct pkt *p;
	u32 len;

	(void)state;
	/* Two tags, IPv6 with hop-by-hop and fragment headers, UDP. */
	len = make_frame(frame + 8, true, false, 100) + 8;
	memmove(frame, frame + 8, 12);
	put_be32(frame + 12, 0x88a80064);
	put_be32(frame + 16, 0x81000065);
	memmove(frame + 22 + 40 + 16, frame + 22 + 40, len - 62);
	len += 16;
	put_be16(frame + 22 + 4, (u16)(len - 62));
	memset(frame + 62, 0, 16);
	frame[22 + 6] = 0;
	frame[62] = 44;
	frame[70] = IP_PROTO_UDP;
	p = cut_up(&c, frame, len, 16, 30);
	assert_int_equal(pkt_parse(p), 0);
	assert_int_equal(p->layers.ethertype, ETH_TYPE_IPV6);
	assert_int_equal(p->layers.l3, 22);
	assert_int_equal(p->layers.l4, 78);
	assert_int_equal(p->layers.payload, 86);
	assert_int_equal(p->layers.proto, IP_PROTO_UDP);
	assert_int_equal(p->layers.what, PKT_IPV6 | PKT_L4);
	assert_int_equal(p->layers.end, len);
	/* A later fragment has no L4. */
	put_be16(frame + 72, 8 * 10);
	p = cut_up(&c, frame, len, 16, 30);
	assert_int_equal(pkt_parse(p), 0);
	assert_int_equal(p->layers.what, PKT_IPV6 | PKT_FRAGMENT | PKT_FRAG_LATER);
	assert_int_equal(p->layers.l4, 0);
	/* Padding; truncation; lies. */
	len = make_frame(frame, false, true, 0);
	p = cut_up(&c, frame, len + 20, 16, 30);
	assert_int_equal(pkt_parse(p), 0);
	assert_int_equal(p->layers.end, len);
	p = cut_up(&c, frame, len - 1, 16, 30);
	assert_int_equal(pkt_parse(p), ERR_INVAL);
	frame[ETH_HEADER + 20 + 12] = 0x40;
	p = cut_up(&c, frame, len, 16, 30);
	assert_int_equal(pkt_parse(p), ERR_INVAL);
	frame[ETH_HEADER] = 0x65;
	p = cut_up(&c, frame, len, 16, 30);
	assert_int_equal(pkt_parse(p), ERR_INVAL);
}

static void test_capture_ring(void **state)
{
	static u8 buf[1024], record[1024], frame[200];
	struct pcap_ring r;
	struct cut c;
	u32 next = 0, taken = 0;

	(void)state;
	assert_int_equal(pcap_ring_init(&r, buf, 1000, 100), ERR_INVAL);
	assert_int_equal(pcap_ring_init(&r, buf, 1024, 1020), ERR_INVAL);
	assert_int_equal(pcap_ring_init(&r, buf, 1024, 150), 0);
	for (u32 i = 0; i < 100; i++) {
		memset(frame, (int)i, sizeof(frame));
		pcap_ring_put(&r, cut_up(&c, frame, 60 + i, 16, 30), i * 1500000000ull);
	}
	while (true) {
		u32 len = pcap_ring_get(&r, record, sizeof(record)), header[4];

		if (!len)
			break;
		memcpy(header, record, sizeof(header));
		next = record[16];
		assert_int_equal(header[0], next * 15ull / 10);
		assert_int_equal(header[1], next % 2 * 500000000);
		assert_int_equal(header[2], MIN(60 + next, 150));
		assert_int_equal(header[3], 60 + next);
		assert_int_equal(len, 16 + header[2]);
		assert_int_equal(record[len - 1], next);
		taken++;
	}
	assert_int_equal(next, 99);
	assert_int_equal(taken, 1024 / 166);
	assert_int_equal(r.displaced + taken, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_copies),
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_pull),
	    cmocka_unit_test(test_tags),
	    cmocka_unit_test(test_sums),
	    cmocka_unit_test(test_updates),
	    cmocka_unit_test(test_completes),
	    cmocka_unit_test(test_segments),
	    cmocka_unit_test(test_refuses_offloads),
	    cmocka_unit_test(test_parses),
	    cmocka_unit_test(test_capture_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
