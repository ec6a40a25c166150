/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/frame.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/csum.h"
#include "net/pkt/parse.h"

#define TTL_OWN 64

void frame_list_add(struct frame_list *list, struct frame *frame)
{
	frame->next = NULL;
	if (list->last)
		list->last->next = frame;
	else
		list->first = frame;
	list->last = frame;
	list->n++;
}

struct frame *frame_list_take(struct frame_list *list)
{
	struct frame *frame = list->first;

	if (!frame)
		return NULL;
	list->first = frame->next;
	if (!list->first)
		list->last = NULL;
	list->n--;
	return frame;
}

void frame_list_move(struct frame_list *to, struct frame_list *from)
{
	struct frame *frame;

	while ((frame = frame_list_take(from)))
		frame_list_add(to, frame);
}

void frame_pool_init(struct frame_pool *pool, struct frame *frames, u32 n)
{
	*pool = (struct frame_pool){0};
	for (u32 i = 0; i < n; i++)
		frame_list_add(&pool->free, &frames[i]);
}

struct frame *frame_take(struct frame_pool *pool)
{
	struct frame *frame = frame_list_take(&pool->free);

	if (!frame)
		pool->empty++;
	return frame;
}

void frame_give(struct frame_pool *pool, struct frame *frame)
{
	frame_list_add(&pool->free, frame);
}

void frame_write_ip(u8 *ip, u32 src, u32 dst, u8 proto, u32 total)
{
	memset(ip, 0, IP_HEADER);
	ip[0] = 0x45;
	put_be16(ip + IP_TOTAL, (u16)total);
	put_be16(ip + IP_FRAG, IP_DF); /* atomic: the identification may be 0 (RFC 6864, 4.1) */
	ip[IP_TTL] = TTL_OWN;
	ip[IP_PROTO] = proto;
	store32(ip + IP_SRC, src);
	store32(ip + IP_DST, dst);
	store16(ip + IP_CHECK, (u16)~csum_fold(csum_bytes(0, ip, IP_HEADER)));
}

void frame_write_udp(struct frame *frame, const struct frame_udp *udp, u32 payload)
{
	u8 *eth = frame->data, *ip = eth + ETH_HEADER, *l4 = ip + IP_HEADER;
	u32 l4_len = UDP_HEADER + payload;
	u16 check;

	memcpy(eth, udp->dst_mac, 6);
	memcpy(eth + 6, udp->src_mac, 6);
	put_be16(eth + 12, ETH_TYPE_IPV4);
	frame_write_ip(ip, udp->src, udp->dst, IP_PROTO_UDP, IP_HEADER + l4_len);
	store16(l4, udp->sport);
	store16(l4 + 2, udp->dport);
	put_be16(l4 + UDP_LENGTH, (u16)l4_len);
	store16(l4 + UDP_CHECK, 0);
	check =
	    (u16)~csum_fold(csum_bytes(csum_pseudo(ip, false, IP_PROTO_UDP, l4_len), l4, l4_len));
	store16(l4 + UDP_CHECK, check ? check : 0xffff);
	frame->len = (u16)(FRAME_UDP_AT + payload);
}
