/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/arp.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/parse.h"

#define SECOND 1000000000ull
#define RETRY_NS SECOND
#define TRIES 3
#define FRESH_NS (60 * SECOND)
#define ARP_HEAD 0x0001080006040000ull /* Ethernet, IPv4, lengths; the operation is below */

static const u8 everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

int arp_read(struct arp_msg *msg, const u8 *bytes, u32 len)
{
	if (len < ARP_BYTES || get_be32(bytes) != ARP_HEAD >> 32 ||
	    get_be16(bytes + 4) != (u16)(ARP_HEAD >> 16) || bytes[8] & 1)
		return ERR_INVAL;
	msg->op = get_be16(bytes + 6);
	memcpy(msg->sender_mac, bytes + 8, 6);
	msg->sender = load32(bytes + 14);
	memcpy(msg->target_mac, bytes + 18, 6);
	msg->target = load32(bytes + 24);
	return msg->op == ARP_REQUEST || msg->op == ARP_REPLY ? ERR_OK : ERR_INVAL;
}

void arp_write(struct frame *frame, const u8 dst_mac[6], const struct arp_msg *msg)
{
	u8 *at = frame->data, *arp = at + ETH_HEADER;

	memcpy(at, dst_mac, 6);
	memcpy(at + 6, msg->sender_mac, 6);
	put_be16(at + 12, ETH_TYPE_ARP);
	put_be32(arp, (u32)(ARP_HEAD >> 32));
	put_be16(arp + 4, (u16)(ARP_HEAD >> 16));
	put_be16(arp + 6, msg->op);
	memcpy(arp + 8, msg->sender_mac, 6);
	store32(arp + 14, msg->sender);
	memcpy(arp + 18, msg->target_mac, 6);
	store32(arp + 24, msg->target);
	frame->len = ARP_FRAME;
}

void arp_init(struct arp *arp, struct nat *nat, struct frame_pool *pool)
{
	memset(arp, 0, sizeof(*arp));
	arp->nat = nat;
	arp->pool = pool;
}

static struct nat_hop *entry_hop(const struct arp *arp, const struct arp_entry *entry)
{
	return &arp->nat->hops[arp->nat->router_hop + (entry - arp->entries)];
}

static void entry_drop_queue(struct arp *arp, struct arp_entry *entry)
{
	struct frame *frame;

	while ((frame = frame_list_take(&entry->queue))) {
		frame_give(arp->pool, frame);
		arp->queued--;
		arp->dropped++;
	}
}

static void entry_free(struct arp *arp, struct arp_entry *entry)
{
	entry_drop_queue(arp, entry);
	entry_hop(arp, entry)->valid = false;
	entry->state = ARP_FREE;
	if (entry != arp->entries) {
		entry->address = 0;
		arp->nat->onlink[entry - arp->entries - 1] = 0;
	}
}

void arp_set_router(struct arp *arp, u32 router)
{
	for (u32 i = 0; i < ARP_ENTRIES; i++)
		entry_free(arp, &arp->entries[i]);
	arp->entries[0].address = arp->nat->router = router;
}

static void entry_ask(struct arp *arp, struct arp_entry *entry, u64 now_ns, struct frame_list *out)
{
	struct nat_hop *hop = entry_hop(arp, entry);
	struct arp_msg msg = {
	    .op = ARP_REQUEST, .sender = arp->nat->external, .target = entry->address};
	struct frame *frame = frame_take(arp->pool);

	entry->next_ns = now_ns + RETRY_NS;
	entry->tries++;
	if (!frame)
		return;
	memcpy(msg.sender_mac, arp->nat->config.uplink_mac, 6);
	arp_write(frame, hop->valid ? hop->macs : everybody, &msg);
	frame->to = FRAME_TO_UPLINK;
	frame_list_add(out, frame);
}

/* Which entry may be used for another address: a free one, one that is asked in vain, or the
 * one that has been silent longest. Never the router's. */
static struct arp_entry *entry_victim(struct arp *arp)
{
	struct arp_entry *best = NULL;

	for (u32 i = 1; i < ARP_ENTRIES; i++) {
		struct arp_entry *e = &arp->entries[i];
		bool e_asked, best_asked;

		if (e->state == ARP_FREE)
			return e;
		e_asked = e->state == ARP_ASKED;
		best_asked = best && best->state == ARP_ASKED;
		if (!best || e_asked > best_asked ||
		    (e_asked == best_asked && e->next_ns < best->next_ns))
			best = e;
	}
	return best;
}

static struct arp_entry *entry_find(struct arp *arp, u32 address)
{
	for (u32 i = 0; i < ARP_ENTRIES; i++)
		if (arp->entries[i].address == address && address)
			return &arp->entries[i];
	return NULL;
}

/* The entry by which address is reached, asked for if it is new; NULL without a route. */
static struct arp_entry *entry_for(struct arp *arp, u32 address, u64 now_ns, struct frame_list *out)
{
	struct nat *nat = arp->nat;
	bool onlink = !((address ^ nat->external) & nat->uplink_mask);
	struct arp_entry *entry = onlink ? entry_find(arp, address) : &arp->entries[0];

	if (!nat->external || (!onlink && !entry->address))
		return NULL;
	if (!entry) {
		entry = entry_victim(arp);
		entry_free(arp, entry);
		entry->address = address;
		nat->onlink[entry - arp->entries - 1] = address;
	}
	if (entry->state == ARP_FREE) {
		entry->state = ARP_ASKED;
		entry->tries = 0;
		entry_ask(arp, entry, now_ns, out);
	}
	return entry;
}

static void frame_finish(const struct nat_hop *hop, struct frame *frame, struct frame_list *out)
{
	memcpy(frame->data, hop->macs, sizeof(hop->macs));
	frame->to = FRAME_TO_UPLINK;
	frame_list_add(out, frame);
}

void arp_ask_router(struct arp *arp, u64 now_ns, struct frame_list *out)
{
	if (arp->entries[0].address)
		(void)entry_for(arp, arp->entries[0].address, now_ns, out);
}

void arp_send(struct arp *arp, struct frame *frame, u32 address, u64 now_ns, struct frame_list *out)
{
	struct arp_entry *entry = entry_for(arp, address, now_ns, out);

	if (entry && entry_hop(arp, entry)->valid) {
		frame_finish(entry_hop(arp, entry), frame, out);
		return;
	}
	if (!entry || entry->queue.n >= ARP_QUEUE || arp->queued >= ARP_QUEUE_ALL) {
		frame_give(arp->pool, frame);
		arp->dropped++;
		return;
	}
	frame_list_add(&entry->queue, frame);
	arp->queued++;
}

void arp_learn(struct arp *arp, const struct arp_msg *msg, u64 now_ns, struct frame_list *out)
{
	struct arp_entry *entry = entry_find(arp, msg->sender);
	struct nat_hop *hop;
	struct frame *frame;

	if (!entry || entry->state == ARP_FREE || msg->sender == arp->nat->external)
		return;
	hop = entry_hop(arp, entry);
	memcpy(hop->macs, msg->sender_mac, 6);
	hop->valid = true;
	entry->state = ARP_KNOWN;
	entry->tries = 0;
	entry->next_ns = now_ns + FRESH_NS;
	while ((frame = frame_list_take(&entry->queue))) {
		arp->queued--;
		frame_finish(hop, frame, out);
	}
}

void arp_tick(struct arp *arp, u64 now_ns, struct frame_list *out)
{
	for (u32 i = 0; i < ARP_ENTRIES; i++) {
		struct arp_entry *entry = &arp->entries[i];

		if (entry->state == ARP_FREE || now_ns < entry->next_ns)
			continue;
		if (entry->state == ARP_KNOWN) {
			entry->state = ARP_ASKED_AGAIN;
			entry->tries = 0;
		}
		if (entry->tries >= TRIES)
			entry_free(arp, entry);
		else
			entry_ask(arp, entry, now_ns, out);
	}
}
