/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio network card, one queue each way. Internal to virtio*.c. */
#ifndef DRIVERS_NIC_VIRTIO_H
#define DRIVERS_NIC_VIRTIO_H

#include "arch/x86/mm/mmio.h"
#include "drivers/iommu/iommu.h"
#include "drivers/nic/ring.h"
#include "drivers/nic/virtio_regs.h"
#include "kernel/time/timer.h"

#define VIRTIO_NIC_RX 0
#define VIRTIO_NIC_TX 1
#define VIRTIO_NIC_QUEUES 2

/* Descriptor i always means buffer i. */
struct virtio_nic_queue {
	struct nic_ring ring;
	hpa_t shared_hpa; /* a page with what the driver and the card tell each other */
	volatile struct virtio_desc *desc;
	volatile struct virtio_avail *avail;
	volatile struct virtio_used *used;
	volatile void *notify; /* where the card is told */
	u16 size;              /* entries: a power of two */
	u16 seen;              /* of used->idx */
	u16 avail_idx;         /* as the card will see it */
	u16 free_count;        /* transmit: buffers that are nobody's, */
	u16 free[NIC_RING];    /* the next one last */
	bool busy[NIC_RING];   /* the card has it */
};

struct virtio_nic {
	struct nic nic;
	u8 *common, *device;
	u8 *notify;
	u32 notify_length, notify_multiplier;
	u64 features; /* those that both sides have */
	struct pci_msix msix;
	struct iommu_irq irq;
	struct timer poll_timer;
	struct virtio_nic_queue queue[VIRTIO_NIC_QUEUES];
};

/* Memory of the rings and buffers; sizes are set. ERR_NOMEM. */
int __must_check virtio_rings_create(struct virtio_nic *v);
void virtio_rings_destroy(struct virtio_nic *v);
/* All receive buffers are the card's, all others free; the card does not look yet. */
void virtio_rings_start(struct virtio_nic *v);

/* The ring's parts in memory, for the card. */
hpa_t virtio_avail_hpa(const struct virtio_nic_queue *q);
hpa_t virtio_used_hpa(const struct virtio_nic_queue *q);

/* Whether the card shows frames that have not been taken. */
bool virtio_rx_waiting(const struct virtio_nic *v);

u32 virtio_rx(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max);
void virtio_rx_done(struct nic *nic, u32 queue, u32 n);
u8 *virtio_tx_buffer(struct nic *nic, u32 queue);
void virtio_tx_commit(struct nic *nic, u32 queue, const struct nic_tx *frame);
void virtio_tx_flush(struct nic *nic, u32 queue);

#endif
