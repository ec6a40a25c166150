/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net's control queue (virtio 1.2, 5.1.6.5). */
#include <string.h>

#include "kernel/mm/heap.h"
#include "vmm/virtio/net_impl.h"

enum { ACK_OK, ACK_ERR };

#define MACS_MAX ((VNET_COMMAND - 10) / 6)

/* A command that was copied from the guest, without class and command. */
struct command {
	u8 class, code;
	const u8 *data;
	u32 len;
};

/* --- what the switch is to know ----------------------------------------------------------------
 */

void vnet_set_offloads(struct virtio_net *net, u64 features)
{
	u32 offloads = 0;

	/* Segments need checksums, and ECN needs segments (5.1.3.1). */
	if (features & VNET_F_GUEST_CSUM) {
		offloads = VSW_OFF_CSUM;
		offloads |= features & VNET_F_GUEST_TSO4 ? VSW_OFF_TSO4 : 0;
		offloads |= features & VNET_F_GUEST_TSO6 ? VSW_OFF_TSO6 : 0;
		if (features & VNET_F_GUEST_USO4 && features & VNET_F_GUEST_USO6)
			offloads |= VSW_OFF_USO;
		if (features & VNET_F_GUEST_ECN)
			offloads |= VSW_OFF_ECN;
	}
	vsw_port_set_offloads(&net->nic->port, offloads);
}

void vnet_set_filter(struct virtio_net *net)
{
	net->promisc = net->rx_mode & VSW_RX_PROMISC;
	vsw_port_set_filter(&net->nic->port, net->rx_mode, (const u8(*)[6])net->macs,
			    net->mac_count);
}

/* --- commands: true if it was carried out ------------------------------------------------------
 */

static bool set_rx_mode(struct virtio_net *net, const struct command *c)
{
	/* In the order of the codes. All unicast frames is not less than all frames here. */
	static const u32 modes[] = {VSW_RX_PROMISC,      VSW_RX_ALLMULTI,   VSW_RX_PROMISC,
				    VSW_RX_NO_MULTICAST, VSW_RX_NO_UNICAST, VSW_RX_NO_BROADCAST};
	u32 mode;

	if (c->code >= ARRAY_SIZE(modes) || c->len < 1)
		return false;
	mode = modes[c->code];
	net->rx_mode = c->data[0] ? net->rx_mode | mode : net->rx_mode & ~mode;
	vnet_set_filter(net);
	return true;
}

/* One of the two lists; returns its addresses, and how many there are. */
static bool mac_list(const struct command *c, u32 *at, const u8 **macs, u32 *count)
{
	if (c->len - *at < 4)
		return false;
	memcpy(count, c->data + *at, 4);
	*at += 4;
	*macs = c->data + *at;
	if (*count > (c->len - *at) / 6)
		return false;
	*at += *count * 6;
	return true;
}

static bool set_mac_table(struct virtio_net *net, const struct command *c)
{
	const u8 *unicast, *multicast;
	u32 at = 0, unicasts, multicasts;

	if (!mac_list(c, &at, &unicast, &unicasts) || !mac_list(c, &at, &multicast, &multicasts))
		return false;
	if (!net->macs)
		net->macs = heap_alloc_array(MACS_MAX, sizeof(*net->macs));
	if (!net->macs)
		return false;
	memcpy(net->macs, unicast, unicasts * 6);
	memcpy(net->macs + unicasts, multicast, multicasts * 6);
	net->mac_count = unicasts + multicasts;
	vnet_set_filter(net);
	return true;
}

static bool set_mac(struct virtio_net *net, const struct command *c)
{
	if (c->len < 6 || net->nic->port_config.flags & VSW_PORT_SPOOF_MAC ||
	    net_nic_set_mac(net->nic, c->data))
		return false;
	memcpy(net->mac, c->data, 6);
	return true;
}

static bool set_mac_something(struct virtio_net *net, const struct command *c)
{
	if (c->code == 0)
		return set_mac_table(net, c);
	return c->code == 1 && net->features & VNET_F_CTRL_MAC_ADDR && set_mac(net, c);
}

static bool set_vlan(struct virtio_net *net, const struct command *c)
{
	u16 vid;

	if (c->len < 2 || c->code > 1)
		return false;
	memcpy(&vid, c->data, 2);
	if (vid >= VNET_VLANS)
		return false;
	if (c->code == 0)
		net->vlans[vid / 64] |= BIT(vid % 64);
	else
		net->vlans[vid / 64] &= ~BIT(vid % 64);
	return true;
}

static bool ack_announce(struct virtio_net *net, const struct command *c)
{
	if (c->code)
		return false;
	__atomic_fetch_and(&net->status, (u16)~VNET_S_ANNOUNCE, __ATOMIC_ACQ_REL);
	return true;
}

static bool set_pairs(struct virtio_net *net, const struct command *c)
{
	u16 pairs;

	if (c->code || c->len < 2)
		return false;
	memcpy(&pairs, c->data, 2);
	if (!pairs || pairs > net->pairs)
		return false;
	__atomic_store_n(&net->active, pairs, __ATOMIC_RELEASE);
	return true;
}

static bool set_offloads(struct virtio_net *net, const struct command *c)
{
	u64 wanted;

	if (c->code || c->len < 8)
		return false;
	memcpy(&wanted, c->data, 8);
	if (wanted & ~(net->features & VNET_GUEST_OFFLOADS))
		return false;
	vnet_set_offloads(net, wanted);
	return true;
}

/* By class. */
static const struct {
	u64 feature;
	bool (*run)(struct virtio_net *net, const struct command *c);
} classes[] = {
    {VNET_F_CTRL_RX, set_rx_mode}, {VNET_F_CTRL_RX, set_mac_something},
    {VNET_F_CTRL_VLAN, set_vlan},  {VNET_F_GUEST_ANNOUNCE, ack_announce},
    {VNET_F_MQ, set_pairs},        {VNET_F_CTRL_GUEST_OFFLOADS, set_offloads},
};

static u8 carry_out(struct virtio_net *net, const struct command *c)
{
	if (c->class >= ARRAY_SIZE(classes) || !(net->features & classes[c->class].feature))
		return ACK_ERR;
	return classes[c->class].run(net, c) ? ACK_OK : ACK_ERR;
}

/* --- the queue ---------------------------------------------------------------------------------
 */

/* Copy a command out of the guest's memory; too long a one is cut, and then refused. */
static bool copy_command(struct virtio_net *net, const struct vring_seg *segs, u32 count,
			 struct command *c)
{
	u32 len = 0;

	for (u32 i = 0; i < count; i++) {
		if (segs[i].len > VNET_COMMAND - len)
			return false;
		memcpy(net->command + len, segs[i].base, segs[i].len);
		len += segs[i].len;
	}
	if (len < 2)
		return false;
	*c = (struct command){net->command[0], net->command[1], net->command + 2, len - 2};
	return true;
}

static void one_command(struct virtio_net *net, struct vring *r, const struct vring_seg *segs,
			const struct vring_chain *chain)
{
	u8 ack = ACK_ERR;
	struct command c;

	if (!chain->cut && copy_command(net, segs, chain->readable, &c))
		ack = carry_out(net, &c);
	if (chain->writable)
		segs[chain->readable].base[0] = ack;
	vring_push(r, chain->head, chain->writable ? 1 : 0);
}

void vnet_control(struct virtio_net *net)
{
	struct virtio_queue *q = &net->pci.queue[vnet_control_queue(net)];
	struct vring_seg *segs = net_scratch()->tx_segs;
	struct vring_chain chain;
	bool interrupt = false;

	ticket_lock(&q->lock);
	/* No more than a queue's worth at once: the driver waits for each. */
	for (u32 left = vring_available(&q->ring); left; left--) {
		if (vring_next(&q->ring, segs, PKT_FRAGS, &chain) != 1)
			break;
		one_command(net, &q->ring, segs, &chain);
	}
	if (vring_live(&q->ring)) {
		interrupt = vring_publish(&q->ring);
		/* What came since has its own notification: the wish for it was never taken back
		 * but by event indices. */
		if (vring_rearm(&q->ring))
			interrupt = true;
	}
	ticket_unlock(&q->lock);
	if (q->ring.broken)
		virtio_fail(&net->pci, q->ring.broken);
	if (interrupt)
		virtio_interrupt(&net->pci, vnet_control_queue(net));
}
