/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting TCP and UDP segments, as hardware with TSO and USO does it. */
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/offload.h"
#include "net/pkt/parse.h"

#define TCP_SEQ 4
#define TCP_FLAGS 13
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80
#define UDP_LENGTH 4
#define IPV6_HEADER 40

void pkt_segment_begin(struct pkt_segmenter *s, const struct pkt *from)
{
	*s = (struct pkt_segmenter){
	    .from = from,
	    .at = from->layers.payload,
	    .headers = from->layers.payload,
	    .frag_at = from->skip,
	};
}

/* Refer to the next len bytes of the scatter list; ERR_NOMEM when that takes more than most
 * entries. */
static int take_frags(struct pkt_segmenter *s, struct pkt *out, u32 len, u32 most)
{
	while (len) {
		const struct pkt_frag *frag = &s->from->frags[s->frag];
		u32 part = MIN(len, frag->len - s->frag_at);

		if (out->nr_frags == most)
			return ERR_NOMEM;
		if (part)
			out->frags[out->nr_frags++] =
			    (struct pkt_frag){.base = frag->base + s->frag_at, .len = part};
		len -= part;
		s->frag_at += part;
		if (s->frag_at == frag->len) {
			s->frag++;
			s->frag_at = 0;
		}
	}
	return ERR_OK;
}

static void fix_ip(struct pkt *out, u32 index)
{
	const struct pkt_layers *l = &out->layers;
	u8 *ip = pkt_data(out) + l->l3;
	u16 sum;

	if (l->what & PKT_IPV6) {
		put_be16(ip + 4, (u16)(out->len - l->l3 - IPV6_HEADER));
		return;
	}
	put_be16(ip + 2, (u16)(out->len - l->l3));
	put_be16(ip + 4, (u16)(get_be16(ip + 4) + index));
	ip[10] = ip[11] = 0;
	sum = (u16)~csum_fold(csum_bytes(0, ip, (ip[0] & 15) * 4u));
	ip[10] = (u8)sum;
	ip[11] = (u8)(sum >> 8);
}

static void fix_tcp(u8 *tcp, u32 offset, bool first, bool last)
{
	put_be32(tcp + TCP_SEQ, get_be32(tcp + TCP_SEQ) + offset);
	if (!last)
		tcp[TCP_FLAGS] &= (u8) ~(TCP_FIN | TCP_PSH);
	if (!first)
		tcp[TCP_FLAGS] &= (u8)~TCP_CWR;
}

static void fix_l4(struct pkt *out, u32 offset, bool last)
{
	const struct pkt_layers *l = &out->layers;
	u8 *data = pkt_data(out), *field = data + l->l4 + out->off.csum_offset;
	u16 sum;

	if (l->proto == IP_PROTO_TCP)
		fix_tcp(data + l->l4, offset, !offset, last);
	else
		put_be16(data + l->l4 + UDP_LENGTH, (u16)(out->len - l->l4));
	sum = csum_fold(csum_pseudo(data + l->l3, l->what & PKT_IPV6, l->proto, out->len - l->l4));
	field[0] = (u8)sum;
	field[1] = (u8)(sum >> 8);
}

/* The headers and that part of the payload which from has in its head: *size is counted down. */
static void take_head(struct pkt_segmenter *s, struct pkt *out, u32 *size)
{
	const struct pkt *from = s->from;

	pkt_set_head(out, pkt_data_const(from), s->headers);
	if (s->at < from->head_len) {
		u32 part = MIN(*size, from->head_len - s->at);

		copy_bytes(pkt_data(out) + s->headers, pkt_data_const(from) + s->at, part);
		out->head_len = (u16)(out->head_len + part);
		*size -= part;
	}
}

int pkt_segment(struct pkt_segmenter *s, struct pkt *out, struct pkt_frag *frags, u32 *nr_frags,
		bool checksum)
{
	const struct pkt *from = s->from;
	struct pkt_segmenter next = *s;
	u32 size, rest;

	if (s->at >= from->len)
		return 0;
	size = rest = MIN(from->off.gso_size, from->len - s->at);
	pkt_init(out);
	out->frags = frags;
	take_head(&next, out, &rest);
	if (take_frags(&next, out, rest, *nr_frags))
		return ERR_NOMEM;
	out->len = s->headers + size;
	out->hold = from->hold;
	out->vlan = from->vlan;
	out->in_port = from->in_port;
	out->flags = (from->flags & PKT_TAGGED) | PKT_PARSED | PKT_CHECKED;
	out->layers = from->layers;
	out->layers.end = out->len;
	out->off = (struct pkt_offload){
	    .flags = PKT_OFF_NEEDS_CSUM,
	    .csum_start = from->off.csum_start,
	    .csum_offset = from->off.csum_offset,
	};
	next.at += size;
	fix_ip(out, s->index);
	fix_l4(out, s->at - s->headers, next.at >= from->len);
	next.index++;
	*s = next;
	*nr_frags -= out->nr_frags;
	return checksum && pkt_checksum_complete(out) ? ERR_RANGE : 1;
}
