/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/pkt/offload.h"

#include "net/pkt/csum.h"
#include "net/pkt/parse.h"

#define TCP_CHECK 16 /* offsets of checksum fields in their headers */
#define UDP_CHECK 6

/* What a gso_type demands of the frame. */
struct gso_kind {
	u8 proto;
	u8 what; /* of PKT_IPV4, PKT_IPV6 one must be there */
	u8 check;
};

static const struct gso_kind gso_kinds[] = {
    [PKT_GSO_TCPV4] = {IP_PROTO_TCP, PKT_IPV4, TCP_CHECK},
    [PKT_GSO_TCPV6] = {IP_PROTO_TCP, PKT_IPV6, TCP_CHECK},
    [PKT_GSO_UDP_L4] = {IP_PROTO_UDP, PKT_IPV4 | PKT_IPV6, UDP_CHECK},
};

static int check_gso(struct pkt *p)
{
	struct pkt_offload *off = &p->off;
	const struct pkt_layers *l = &p->layers;
	u8 type = off->gso_type & (u8)~PKT_GSO_ECN;
	const struct gso_kind *kind;
	int err;

	if (type >= ARRAY_SIZE(gso_kinds) || !gso_kinds[type].proto || !off->gso_size ||
	    !(off->flags & PKT_OFF_NEEDS_CSUM))
		return ERR_INVAL;
	kind = &gso_kinds[type];
	if (off->gso_type & PKT_GSO_ECN && kind->proto != IP_PROTO_TCP)
		return ERR_INVAL;
	err = pkt_parse(p);
	if (err)
		return err;
	if (!(l->what & kind->what) || !(l->what & PKT_L4) || l->what & PKT_FRAGMENT ||
	    l->proto != kind->proto || l->end != p->len || l->payload >= p->len ||
	    off->csum_start != l->l4 || off->csum_offset != kind->check)
		return ERR_INVAL;
	off->hdr_len = l->payload;
	return ERR_OK;
}

int pkt_offload_check(struct pkt *p)
{
	struct pkt_offload *off = &p->off;
	int err = ERR_OK;

	if (p->flags & PKT_CHECKED)
		return ERR_OK;
	off->flags &= PKT_OFF_NEEDS_CSUM | PKT_OFF_DATA_VALID;
	if (off->gso_type)
		err = check_gso(p);
	else if (off->flags & PKT_OFF_NEEDS_CSUM &&
		 (off->csum_start < ETH_HEADER ||
		  (u32)off->csum_start + off->csum_offset + 2 > p->len))
		err = ERR_INVAL;
	if (!err)
		p->flags |= PKT_CHECKED;
	return err;
}

int pkt_checksum_complete(struct pkt *p)
{
	u32 field = (u32)p->off.csum_start + p->off.csum_offset;
	int err = pkt_pull(p, field + 2);
	u16 sum;

	if (err)
		return err;
	sum = (u16)~csum_fold(csum_frame(p, p->off.csum_start, p->len));
	/* 0 and 0xffff are the same number here; only UDP gives 0 another meaning. */
	if (!sum)
		sum = 0xffff;
	pkt_data(p)[field] = (u8)sum;
	pkt_data(p)[field + 1] = (u8)(sum >> 8);
	p->off.flags &= (u8)~PKT_OFF_NEEDS_CSUM;
	return ERR_OK;
}
