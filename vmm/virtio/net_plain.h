/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain frames (net/pkt/plain.h) out of and into the queues of a virtio network device: one
 * descriptor each. Pure, as the rings are; the queue's lock is held.
 */
#ifndef VMM_VIRTIO_NET_PLAIN_H
#define VMM_VIRTIO_NET_PLAIN_H

#include "net/pkt/plain.h"
#include "vmm/virtio/ring.h"

/* Look at the next n chains, as of vring_available(), as long as they may be plain frames. They
 * are not taken before vnet_plain_done() says how many were sent. */
u32 vnet_plain_peek(struct vring *r, struct pkt_plain *frames, u32 n);
/* These are the driver's again, once they are published. */
void vnet_plain_done(struct vring *r, u32 n);

/* Copy n frames into the next buffers, as long as each finds room in one. How many did; they
 * are to be published. */
u32 vnet_plain_put(struct vring *r, struct pkt_plain *frames, u32 n, u32 words);

#endif
