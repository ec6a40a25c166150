/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net (virtio 1.2, 5.1): a guest's network device as a port of a switch. */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

struct net_model;

extern const struct net_model virtio_net_model;

#endif
