/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From descriptors to a packet (3.3). Descriptors are read once. Headers are copied, the rest of a
 * frame stays where the guest has it. Checksums and segments become the switch's offloads.
 */
#include <string.h>

#include "net/pkt/csum.h"
#include "vmm/e1000/impl.h"

/* Descriptors that a frame may have, with contexts in front of it: no more are looked at. */
#define FRAME_DESCS 128

/* Small frames are copied as a whole, of others what is looked at. */
#define TX_WHOLE 128
#define TX_HEAD 64
#define ETH_HEADER 14
#define TAG 4
#define TAG_AT 12
#define IP_LENGTH 2 /* in the IPv4 header */
#define IP_CHECK 10
#define IP6_LENGTH 4
#define IP6_HEADER 40
#define TCP 6
#define TCP_HEADER 20
#define TCP_FLAGS 13
#define TCP_CWR 0x80
#define POPTS_SHIFT 8

/* What is known of a frame when its descriptors have been read. */
struct tx_frame {
	u32 next;    /* descriptor behind it */
	u32 len;     /* bytes, without a tag */
	u32 command; /* of its descriptors together */
	u32 options; /* of the first one: POPTS, or a legacy one's CSS */
	u32 cso;     /* legacy: where the checksum goes */
	u16 tag;     /* of the last one */
	bool bad;
};

static struct e1000_tx_desc desc_load(const struct e1000_ring *ring, u32 i)
{
	const volatile struct e1000_tx_desc *d = (const struct e1000_tx_desc *)ring->desc + i;

	return (struct e1000_tx_desc){d->address, d->command, d->status};
}

static u32 desc_after(const struct e1000_ring *ring, u32 i)
{
	return i + 1 < ring->count ? i + 1 : 0;
}

static bool is_context(const struct e1000_tx_desc *d)
{
	return d->command & E1000_TXD_DEXT && (d->command & E1000_TXD_TYPE) == E1000_TXD_CONTEXT;
}

static void context_load(struct e1000_tx_context *c, const struct e1000_tx_desc *d)
{
	*c = (struct e1000_tx_context){
	    .ip_start = (u8)d->address,
	    .ip_at = (u8)(d->address >> 8),
	    .ip_end = (u16)(d->address >> 16),
	    .l4_start = (u8)(d->address >> 32),
	    .l4_at = (u8)(d->address >> 40),
	    .l4_end = (u16)(d->address >> 48),
	    .header = (u8)(d->status >> 8),
	    .mss = (u16)(d->status >> 16),
	    .command = d->command,
	};
}

/* --- reading its descriptors -------------------------------------------------------------------
 */

/* Data of the guest, as an entry of the list. It may not be RAM; and nobody needs 64 pieces. */
static void add_data(const struct e1000 *e, struct tx_frame *f, struct pkt *p,
		     const struct e1000_tx_desc *d)
{
	bool extended = d->command & E1000_TXD_DEXT;
	u32 len = d->command & (extended ? E1000_TXD_LENGTH : E1000_TXD_LENGTH_LEGACY);
	const void *data = len ? guest_ram_ptr(&e->nic->ram, d->address, len) : NULL;

	if (!f->len) {
		f->options = d->status;
		f->cso = d->command >> 16 & 0xff;
	}
	f->command |= d->command;
	f->tag = (u16)(d->status >> 16);
	f->len += len;
	if (f->len > PKT_LEN_MAX - TAG)
		f->bad = true;
	if (len && !f->bad && (!data || pkt_add_frag(p, data, len)))
		f->bad = true;
}

/* Whether the ring holds a whole frame, or so many descriptors without an end that it is none. */
static bool gather(struct e1000 *e, const struct e1000_ring *ring, struct tx_frame *f,
		   struct pkt *p)
{
	u32 i = ring->head, looked = 0;

	*f = (struct tx_frame){.next = i};
	while (i != ring->tail && looked++ < FRAME_DESCS) {
		struct e1000_tx_desc d = desc_load(ring, i);

		i = desc_after(ring, i);
		if (is_context(&d)) {
			context_load(&e->tx.context, &d);
			if (!f->len && !f->command)
				f->next = i; /* it is done with, also without a frame */
			continue;
		}
		add_data(e, f, p, &d);
		if (d.command & E1000_TXD_EOP) {
			f->next = i;
			return true;
		}
	}
	if (looked <= FRAME_DESCS)
		return false;
	f->bad = true;
	f->next = i;
	return true;
}

/* --- the head ----------------------------------------------------------------------------------
 */

/* Move len bytes from the list into the head; the list is the packet's own copy. */
static void head_take(struct pkt *p, u8 *to, u32 len)
{
	u32 i = 0;

	for (; len && i < p->nr_frags; i++) {
		struct pkt_frag *frag = &p->frags[i];
		u32 part = MIN(len, frag->len);

		memcpy(to, frag->base, part);
		to += part;
		len -= part;
		frag->base += part;
		frag->len -= part;
		if (frag->len)
			break;
	}
	memmove(p->frags, p->frags + i, (p->nr_frags - i) * sizeof(p->frags[0]));
	p->nr_frags = (u16)(p->nr_frags - i);
}

/* bytes of the frame, and the tag that is to be inserted. */
static bool head_make(struct pkt *p, const struct tx_frame *f, u32 bytes, u32 tag)
{
	u8 *head = pkt_data(p);

	bytes = f->len <= TX_WHOLE ? f->len : MAX(bytes, (u32)TX_HEAD);
	if (f->len < ETH_HEADER || bytes > f->len || bytes + tag > PKT_HEAD)
		return false;
	if (tag) {
		head_take(p, head, TAG_AT);
		head[TAG_AT] = 0x81;
		head[TAG_AT + 1] = 0;
		head[TAG_AT + 2] = (u8)(f->tag >> 8);
		head[TAG_AT + 3] = (u8)f->tag;
		head_take(p, head + TAG_AT + TAG, bytes - TAG_AT);
	} else {
		head_take(p, head, bytes);
	}
	p->head_len = (u16)(bytes + tag);
	p->len = f->len + tag;
	return true;
}

static void store_be16(u8 *to, u32 value)
{
	to[0] = (u8)(value >> 8);
	to[1] = (u8)value;
}

/* A checksum goes into the frame as it lies in memory. */
static void store_sum(u8 *to, u16 sum)
{
	memcpy(to, &sum, sizeof(sum));
}

/* --- offloads ----------------------------------------------------------------------------------
 */

/* The IP header's checksum; the header is in the head. */
static bool ip_checksum(struct pkt *p, const struct e1000_tx_context *c, u32 tag)
{
	u32 start = c->ip_start + tag, at = c->ip_at + tag, end = c->ip_end + tag + 1u;
	u8 *head = pkt_data(p);

	if (start >= end || end > p->head_len || at < start || at + 2 > end)
		return false;
	store_sum(head + at, 0);
	store_sum(head + at, (u16)~csum_fold(csum_bytes(0, head + start, end - start)));
	return true;
}

/* The switch's offload is a sum to the end of the frame, as everybody uses it. */
static bool l4_checksum(struct pkt *p, u32 start, u32 at, u32 end, u32 tag)
{
	if (at < start || (end && end + tag + 1 < p->len))
		return false;
	p->off.flags = PKT_OFF_NEEDS_CSUM;
	p->off.csum_start = (u16)(start + tag);
	p->off.csum_offset = (u16)(at - start);
	return true;
}

/* The driver leaves lengths and the IP header's checksum open, and the pseudo header's sum is one
 * without a length (3.5.4): make the frame what a large segment is on the switch. */
static bool segments(struct pkt *p, const struct e1000_tx_context *c, u32 tag)
{
	u8 *head = pkt_data(p), *ip = head + c->ip_start + tag;
	bool v6 = !(c->command & E1000_TXC_IP);
	u32 l3 = c->ip_start + tag, l4 = c->l4_start + tag, length = p->len - l3;

	if (!(c->command & E1000_TXC_TCP) || !c->mss || c->ip_start < ETH_HEADER ||
	    l4 < l3 + (v6 ? IP6_HEADER : 20) || l4 + TCP_HEADER > p->head_len ||
	    l4 + TCP_HEADER > p->len || c->l4_at != c->l4_start + 16)
		return false;
	if (v6 ? length - IP6_HEADER > 0xffff : length > 0xffff)
		return false;
	if (v6) {
		store_be16(ip + IP6_LENGTH, length - IP6_HEADER);
	} else {
		store_be16(ip + IP_LENGTH, length);
		store_sum(ip + IP_CHECK, 0);
		store_sum(ip + IP_CHECK, (u16)~csum_fold(csum_bytes(0, ip, l4 - l3)));
	}
	store_sum(head + l4 + 16, csum_fold(csum_pseudo(ip, v6, TCP, p->len - l4)));
	p->off.gso_type = v6 ? PKT_GSO_TCPV6 : PKT_GSO_TCPV4;
	if (head[l4 + TCP_FLAGS] & TCP_CWR)
		p->off.gso_type |= PKT_GSO_ECN;
	p->off.gso_size = c->mss;
	p->off.hdr_len = (u16)(c->header + tag);
	return l4_checksum(p, c->l4_start, c->l4_at, 0, tag);
}

static bool extended(struct pkt *p, const struct tx_frame *f, const struct e1000_tx_context *c,
		     u32 tag)
{
	u32 options = f->options & 0xffff;

	/* One segment needs no cutting, but what the driver left open all the same. */
	if (f->command & E1000_TXD_TSE) {
		if (!segments(p, c, tag))
			return false;
		if (f->len <= (u32)c->header + c->mss)
			p->off.gso_type = p->off.gso_size = 0;
		return true;
	}
	if (options & E1000_TXD_POPTS_IXSM && !ip_checksum(p, c, tag))
		return false;
	return !(options & E1000_TXD_POPTS_TXSM) ||
	       l4_checksum(p, c->l4_start, c->l4_at, c->l4_end, tag);
}

static u32 head_needed(const struct tx_frame *f, const struct e1000_tx_context *c)
{
	if (!(f->command & E1000_TXD_DEXT))
		return 0;
	if (f->command & E1000_TXD_TSE)
		return c->header;
	return f->options & E1000_TXD_POPTS_IXSM ? c->ip_end + 1u : 0;
}

static bool finish(struct e1000 *e, const struct tx_frame *f, struct pkt *p)
{
	const struct e1000_tx_context *c = &e->tx.context;
	u32 tag = f->command & E1000_TXD_VLE ? TAG : 0;

	if (f->bad || !head_make(p, f, head_needed(f, c), tag))
		return false;
	if (f->command & E1000_TXD_DEXT)
		return extended(p, f, c, tag);
	return !(f->command & E1000_TXD_IC) ||
	       l4_checksum(p, f->options >> POPTS_SHIFT & 0xff, f->cso, 0, tag);
}

enum e1000_frame e1000_tx_frame(struct e1000 *e, const struct e1000_ring *ring, struct pkt *p,
				struct pkt_frag *frags, u32 *next)
{
	struct tx_frame f;
	bool whole;

	pkt_init(p);
	p->frags = frags;
	whole = gather(e, ring, &f, p);
	*next = f.next;
	if (!whole)
		return FRAME_NONE;
	return finish(e, &f, p) ? FRAME_GOOD : FRAME_BAD;
}
