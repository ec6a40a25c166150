/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of virtio-net share; nobody else includes it. */
#ifndef VMM_VIRTIO_NET_IMPL_H
#define VMM_VIRTIO_NET_IMPL_H

#include "kernel/sched/work.h"
#include "kernel/time/timer.h"
#include "vmm/net/net.h"
#include "vmm/virtio/pci.h"

/* Feature bits (5.1.3). */
#define VNET_F_CSUM BIT(0)
#define VNET_F_GUEST_CSUM BIT(1)
#define VNET_F_CTRL_GUEST_OFFLOADS BIT(2)
#define VNET_F_MTU BIT(3)
#define VNET_F_MAC BIT(5)
#define VNET_F_GUEST_TSO4 BIT(7)
#define VNET_F_GUEST_TSO6 BIT(8)
#define VNET_F_GUEST_ECN BIT(9)
#define VNET_F_HOST_TSO4 BIT(11)
#define VNET_F_HOST_TSO6 BIT(12)
#define VNET_F_HOST_ECN BIT(13)
#define VNET_F_MRG_RXBUF BIT(15)
#define VNET_F_STATUS BIT(16)
#define VNET_F_CTRL_VQ BIT(17)
#define VNET_F_CTRL_RX BIT(18)
#define VNET_F_CTRL_VLAN BIT(19)
#define VNET_F_CTRL_RX_EXTRA BIT(20)
#define VNET_F_GUEST_ANNOUNCE BIT(21)
#define VNET_F_MQ BIT(22)
#define VNET_F_CTRL_MAC_ADDR BIT(23)
#define VNET_F_GUEST_USO4 BIT(54)
#define VNET_F_GUEST_USO6 BIT(55)
#define VNET_F_HOST_USO BIT(56)

/* Those that the driver may turn off and on again while it runs (5.1.6.5.6). */
#define VNET_GUEST_OFFLOADS                                                             \
	(VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN | \
	 VNET_F_GUEST_USO4 | VNET_F_GUEST_USO6)

#define VNET_S_LINK_UP 1
#define VNET_S_ANNOUNCE 2

/* In front of each frame (5.1.6). */
struct vnet_hdr {
	struct pkt_offload off;
	u16 num_buffers;
};
static_assert(sizeof(struct vnet_hdr) == PLAIN_HEADER, "5.1.6");

#define VNET_QUEUE_SIZE 256
#define VNET_STEERING 128 /* a power of two */
#define VNET_VLANS 4096
#define VNET_COMMAND 2048 /* most bytes of a control command */

/* A transmit queue's own state, under the queue's lock apart from `kicked`. */
struct vnet_tx {
	struct virtio_net *net;
	u32 queue;   /* its number */
	u32 kicked;  /* atomic: somebody found the lock taken */
	bool plain;  /* frames were, when it was looked at last */
	bool closed; /* the device is being taken apart: no timer and no work any more */
	struct work work;
	struct timer timer;
	/* Polling instead of being notified: see net_tx.c. Times are in TSC ticks. */
	bool polling;
	u64 last_kick, gap; /* between notifications, on average */
	u64 cost;           /* of serving one, on average */
	u64 bytes;          /* of a frame, on average */
	u64 interval;       /* until the next look */
	u64 kicks, polls;   /* counters for people */
};

struct virtio_net {
	struct virtio_pci pci;
	struct net_nic *nic;
	u32 pairs;  /* of queues */
	u32 active; /* those in use: 1, or what the driver says */
	u64 features;
	u8 mac[6];
	u16 status;   /* VNET_S_*, atomic */
	u32 rx_mode;  /* VSW_RX_* as the driver set it */
	bool promisc; /* of it, for the filter by VLAN */
	u8 (*macs)[6];
	u32 mac_count;
	u64 vlans[VNET_VLANS / 64];
	u8 steering[VNET_STEERING]; /* pair that a flow was last sent from */
	u8 command[VNET_COMMAND];
	struct vnet_tx tx[]; /* [pairs] */
};

static inline u32 vnet_rx_queue(u32 pair)
{
	return 2 * pair;
}

static inline u32 vnet_tx_queue(u32 pair)
{
	return 2 * pair + 1;
}

/* The control queue comes last, whatever the driver uses of the pairs; without MQ it is the
 * third (5.1.2). */
static inline u32 vnet_control_queue(const struct virtio_net *net)
{
	return net->features & VNET_F_MQ ? 2 * net->pairs : 2;
}

/* The same number for both directions of a flow, below VNET_STEERING. */
u32 vnet_flow(const struct pkt *p);

/* net_tx.c */
void vnet_tx_init(struct vnet_tx *tx, struct virtio_net *net, u32 queue);
void vnet_tx_kick(struct vnet_tx *tx);
void vnet_tx_close(struct vnet_tx *tx);
/* net_rx.c */
u32 vnet_rx_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n);
u32 vnet_rx_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames, u32 n,
		       u32 words);
/* net_ctrl.c */
void vnet_control(struct virtio_net *net);
void vnet_set_offloads(struct virtio_net *net, u64 features);
void vnet_set_filter(struct virtio_net *net);

#endif
