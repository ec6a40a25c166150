/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical function of an 82576. Internal to igb*.c. */
#ifndef DRIVERS_NIC_IGB_H
#define DRIVERS_NIC_IGB_H

#include "arch/x86/mm/mmio.h"
#include "drivers/iommu/iommu.h"
#include "drivers/nic/ring.h"
#include "kernel/sync/ticketlock.h"
#include "kernel/time/timer.h"

/*
 * The card is always in its virtual-machine mode, where queues belong to pools. Pools 0 to 6 are
 * those of virtual functions; the core has the last one, also while there are none, so that
 * turning them on changes nothing for its queue.
 */
#define IGB_POOL 7
#define IGB_QUEUE IGB_POOL

/* Our queue's interrupt, and that of mailboxes. Those of virtual functions come from the other end:
 * the first has 22 to 24, the seventh 4 to 6. */
#define IGB_VECTOR_QUEUE 0
#define IGB_VECTOR_MAILBOX 1

#define IGB_VFS 7
/* Receive addresses: our own, those of functions, and those of stations behind us. */
#define IGB_ADDRESS_VF(vf) (1 + (vf))
#define IGB_ADDRESS_BEHIND (1 + IGB_VFS)
#define IGB_ADDRESSES 16
#define IGB_GROUPS 30 /* hashes of groups that a function can ask for */

struct igb_vf {
	struct nic_vf_config config;
	bool open;  /* somebody has it */
	bool ready; /* its driver has said hello since its last reset */
	u8 mac[6];
	u16 groups[IGB_GROUPS];
	u32 group_count;
	u32 longest; /* frame, in bytes */
	u64 messages, refused, spoofed;
};

struct igb_rx_desc;
struct igb_tx_desc;

struct igb {
	struct nic nic;
	u8 *regs;
	u64 interrupts;
	struct iommu_irq irq;
	struct pci_msix msix;

	/* Virtual functions, igb_vf.c. */
	struct ticketlock vf_lock;
	u32 vfs;
	struct igb_vf vf[IGB_VFS];
	struct iommu_irq vf_irq;
	struct timer vf_timer; /* where mailboxes have no interrupt */
	bool vf_polled;

	struct timer poll_timer;

	/* Stations behind us, igb_filter.c. */
	struct ticketlock filter_lock;
	bool promiscuous;
	u32 addresses; /* more than IGB_ADDRESSES: all that come from functions are taken */
	u8 address[IGB_ADDRESSES][6];

	struct nic_ring rx_ring, tx_ring;
	volatile struct igb_rx_desc *rx;
	volatile struct igb_tx_desc *tx; /* a frame takes two: its context and its data */
	u32 rx_next;                     /* the oldest that has not been given back */
	u32 tx_next;                     /* the next to be filled */
	u32 tx_reaped;                   /* the oldest that the card has not done */
	u32 tx_context;                  /* csum_start << 16 | csum_offset that the card has */
};

static inline u32 igb_read(const struct igb *g, u32 reg)
{
	return mmio_read32(g->regs + reg);
}

static inline void igb_write(const struct igb *g, u32 reg, u32 value)
{
	mmio_write32(g->regs + reg, value);
}

/* As their namesakes of the e1000. */
int __must_check igb_rings_create(struct igb *g);
void igb_rings_destroy(struct igb *g);
void igb_rings_start(struct igb *g);
u32 igb_rx(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max);
void igb_rx_done(struct nic *nic, u32 queue, u32 n);
u8 *igb_tx_buffer(struct nic *nic, u32 queue);
void igb_tx_commit(struct nic *nic, u32 queue, const struct nic_tx *frame);
void igb_tx_flush(struct nic *nic, u32 queue);

/* igb_filter.c: which frames our queue gets, kept over a reset of the card. restore() writes all
 * of it to the card. */
void igb_filter_restore(struct igb *g);
void igb_set_promiscuous(struct nic *nic, bool on);
void igb_set_addresses(struct nic *nic, const u8 (*macs)[6], u32 count);

/* igb_vf.c; with vf_lock held: write what the function may do to the card's registers. */
extern const struct nic_vf_ops igb_vf_ops;
void igb_vf_apply(struct igb *g, u32 vf);
/* Groups of all functions, in one table. */
void igb_vf_groups_apply(struct igb *g);
/* igb_mailbox.c, with vf_lock held: serve what has come, at most one message of each function. */
void igb_mailbox_serve(struct igb *g);
/* What is answered to a message of a function: words has IGB_MAILBOX_WORDS of it, and gets the
 * answer, whose length is returned. */
u32 igb_mailbox_answer(struct igb *g, u32 vf, u32 *words);
/* Virtual functions' registers again, after the card was reset or our own pool was set. */
void igb_vf_restore(struct igb *g);
/* In igb.c: reset the card, and bring it to where probe() left it. */
int __must_check igb_restart(struct igb *g);

#endif
