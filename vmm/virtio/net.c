/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net: the device. */
#include "vmm/virtio/net.h"

#include <stdio.h>
#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/shell/shell.h"
#include "vmm/vdev/platform.h"
#include "vmm/virtio/net_impl.h"
#include "vmm/vpci/vpci.h"

#define TYPE_NET 1
#define CLASS_ETHERNET 0x020000

#define FEATURES                                                                                 \
	(VNET_F_CSUM | VNET_F_MTU | VNET_F_MAC | VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6 |           \
	 VNET_F_HOST_ECN | VNET_F_HOST_USO | VNET_F_MRG_RXBUF | VNET_F_STATUS | VNET_F_CTRL_VQ | \
	 VNET_F_CTRL_RX | VNET_F_CTRL_VLAN | VNET_F_CTRL_RX_EXTRA | VNET_F_GUEST_ANNOUNCE |      \
	 VNET_F_CTRL_MAC_ADDR | VNET_F_CTRL_GUEST_OFFLOADS | VNET_GUEST_OFFLOADS)
/* What works over the control queue only (5.1.3.1). */
#define NEED_CONTROL                                                                        \
	(VNET_F_CTRL_RX | VNET_F_CTRL_VLAN | VNET_F_CTRL_RX_EXTRA | VNET_F_GUEST_ANNOUNCE | \
	 VNET_F_MQ | VNET_F_CTRL_MAC_ADDR | VNET_F_CTRL_GUEST_OFFLOADS)

/* --- device configuration (5.1.4) --------------------------------------------------------------
 */

struct vnet_config {
	u8 mac[6];
	u16 status, pairs, mtu;
};

static u64 net_config_read(void *dev, u32 offset, unsigned size)
{
	struct virtio_net *net = dev;
	struct vnet_config config = {
	    .status = __atomic_load_n(&net->status, __ATOMIC_RELAXED),
	    .pairs = (u16)net->pairs,
	    .mtu = net->nic->port_config.mtu,
	};
	u64 value = 0;

	memcpy(config.mac, net->mac, sizeof(config.mac));
	if (offset < sizeof(config) && size <= sizeof(config) - offset)
		memcpy(&value, (const u8 *)&config + offset, size);
	return value;
}

/* --- what the driver does ----------------------------------------------------------------------
 */

static void net_negotiated(void *dev, u64 features)
{
	struct virtio_net *net = dev;

	if (!(features & VNET_F_CTRL_VQ))
		features &= ~(u64)NEED_CONTROL;
	net->features = features;
	vnet_set_offloads(net, features);
	/* A driver that cannot say what it wants gets everything. */
	net->rx_mode = features & VNET_F_CTRL_RX ? VSW_RX_ALLMULTI : VSW_RX_PROMISC;
	vnet_set_filter(net);
}

static void net_start(void *dev)
{
	struct virtio_net *net = dev;

	/* Frames that were queued before are served without a notification. Receive queues need
	 * none at all: buffers are looked for when there is a frame. */
	for (u32 i = 0; i < net->pairs; i++) {
		vring_quiet(&net->pci.queue[vnet_rx_queue(i)].ring);
		vnet_tx_kick(&net->tx[i]);
	}
}

static void net_reset(void *dev)
{
	struct virtio_net *net = dev;
	struct net_nic *nic = net->nic;

	net->features = 0;
	__atomic_store_n(&net->active, 1, __ATOMIC_RELEASE);
	__atomic_fetch_and(&net->status, (u16)~VNET_S_ANNOUNCE, __ATOMIC_ACQ_REL);
	net->rx_mode = 0;
	net->mac_count = 0;
	memset(net->vlans, 0, sizeof(net->vlans));
	memset(net->steering, 0xff, sizeof(net->steering));
	if (!nic->port.sw)
		return;
	if (memcmp(net->mac, nic->port_config.mac, sizeof(net->mac)) &&
	    net_nic_set_mac(nic, nic->port_config.mac))
		log_warn("%s: keeps the address that its guest had chosen", nic->name);
	else
		memcpy(net->mac, nic->port_config.mac, sizeof(net->mac));
	vnet_set_offloads(net, 0);
	vnet_set_filter(net);
}

static void net_notify(void *dev, u32 queue)
{
	struct virtio_net *net = dev;

	if (queue == vnet_control_queue(net) && net->features & VNET_F_CTRL_VQ)
		vnet_control(net);
	else if (queue & 1)
		vnet_tx_kick(&net->tx[queue / 2]);
}

static const struct virtio_ops net_ops = {
    .negotiated = net_negotiated,
    .start = net_start,
    .reset = net_reset,
    .notify = net_notify,
    .config_read = net_config_read,
};

/* --- what the operator does --------------------------------------------------------------------
 */

static void net_link(struct vsw_port *port, bool up)
{
	struct virtio_net *net = container_of(port, struct net_nic, port)->dev;

	if (!net)
		return;
	/* The guest is to tell the switch again where it is. */
	if (up)
		__atomic_fetch_or(&net->status, VNET_S_LINK_UP | VNET_S_ANNOUNCE, __ATOMIC_ACQ_REL);
	else
		__atomic_fetch_and(&net->status, (u16)~VNET_S_LINK_UP, __ATOMIC_ACQ_REL);
	virtio_config_changed(&net->pci);
}

static void net_describe(void *dev, struct shell *sh)
{
	const struct virtio_net *net = dev;
	char mac[18];

	if (!virtio_started(&net->pci)) {
		shell_printf(sh, "  its driver has not started it\n");
		return;
	}
	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", net->mac[0], net->mac[1],
		       net->mac[2], net->mac[3], net->mac[4], net->mac[5]);
	shell_printf(sh, "  driver: MAC %s, features %#llx, %u of %u queue pairs\n", mac,
		     (unsigned long long)net->features, net->active, net->pairs);
	for (u32 i = 0; i < net->pairs; i++)
		shell_printf(sh, "  queue pair %u: %llu notifications, %llu looks by timer\n", i,
			     (unsigned long long)net->tx[i].kicks,
			     (unsigned long long)net->tx[i].polls);
}

/* --- life cycle --------------------------------------------------------------------------------
 */

static void net_stop(void *dev)
{
	struct virtio_net *net = dev;

	for (u32 i = 0; net && i < net->pairs; i++)
		vnet_tx_close(&net->tx[i]);
}

static void net_destroy(void *dev)
{
	struct virtio_net *net = dev;

	if (!net)
		return;
	virtio_pci_destroy(&net->pci);
	heap_free(net->macs);
	heap_free(net);
}

static int net_create(struct net_nic *nic, struct platform *p, void **dev)
{
	u32 pairs = p->cpus;
	struct virtio_net *net = heap_alloc(sizeof(*net) + pairs * sizeof(net->tx[0]));
	struct virtio_config config = {
	    .type = TYPE_NET,
	    .class_code = CLASS_ETHERNET,
	    .features = FEATURES | (pairs > 1 ? VNET_F_MQ : 0),
	    .config_length = sizeof(struct vnet_config),
	    .queues = 2 * pairs + 1,
	    .queue_size = VNET_QUEUE_SIZE,
	    .vectors = 2 * pairs + 2,
	    .name = nic->name,
	};
	u16 bdf;
	int err;

	if (!net)
		return trace_err(ERR_NOMEM, "%s: no memory for the device", nic->name);
	net->nic = nic;
	net->pairs = pairs;
	net->status = nic->link_down ? 0 : VNET_S_LINK_UP;
	memcpy(net->mac, nic->port_config.mac, sizeof(net->mac));
	for (u32 i = 0; i < pairs; i++)
		vnet_tx_init(&net->tx[i], net, vnet_tx_queue(i));
	err = vpci_free_slot(p->pci, &bdf);
	if (!err)
		err = virtio_pci_create(&net->pci, p, bdf, &config, &net_ops, net, &nic->ram);
	if (err) {
		net_destroy(net);
		return err;
	}
	*dev = net;
	return 0;
}

const struct net_model virtio_net_model = {
    .name = "virtio",
    .create = net_create,
    .stop = net_stop,
    .destroy = net_destroy,
    .describe = net_describe,
    .port_ops = {.send = vnet_rx_send, .send_plain = vnet_rx_send_plain, .link = net_link},
};
