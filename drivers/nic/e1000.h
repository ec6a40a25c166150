/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel 8254x and 82574, one queue each way. Internal to e1000*.c. */
#ifndef DRIVERS_NIC_E1000_H
#define DRIVERS_NIC_E1000_H

#include "arch/x86/mm/mmio.h"
#include "drivers/iommu/iommu.h"
#include "drivers/nic/ring.h"
#include "kernel/time/timer.h"

struct e1000_rx_desc;
struct e1000_tx_desc;

struct e1000 {
	struct nic nic;
	u8 *regs;
	u64 interrupts;
	struct iommu_irq irq;
	struct timer poll_timer;

	struct nic_ring rx_ring, tx_ring;
	volatile struct e1000_rx_desc *rx;
	volatile struct e1000_tx_desc *tx; /* a frame takes two: its context and its data */
	u32 rx_next;                       /* the oldest that has not been given back */
	u32 tx_next;                       /* the next to be filled */
	u32 tx_reaped;                     /* the oldest that the card has not done */
	u32 tx_context; /* csum_start << 16 | csum_offset of the context that the card has */
};

static inline u32 e1000_read(const struct e1000 *e, u32 reg)
{
	return mmio_read32(e->regs + reg);
}

static inline void e1000_write(const struct e1000 *e, u32 reg, u32 value)
{
	mmio_write32(e->regs + reg, value);
}

/* Memory of the rings and buffers. ERR_NOMEM. */
int __must_check e1000_rings_create(struct e1000 *e);
void e1000_rings_destroy(struct e1000 *e);
/* Tell a card that was reset where they are; all receive buffers are free. */
void e1000_rings_start(struct e1000 *e);

u32 e1000_rx(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max);
void e1000_rx_done(struct nic *nic, u32 queue, u32 n);
u8 *e1000_tx_buffer(struct nic *nic, u32 queue);
void e1000_tx_commit(struct nic *nic, u32 queue, const struct nic_tx *frame);
void e1000_tx_flush(struct nic *nic, u32 queue);

#endif
