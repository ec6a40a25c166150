/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network cards that the core drives itself. A driver gives a struct nic with ops; whoever
 * uses the card (net/uplink) takes it, moves frames by polling, and may ask for a wake-up
 * when there is something to poll.
 *
 *	receive   ops->rx() shows frames in the card's buffers; ops->rx_done() gives them back
 *	transmit  ops->tx_buffer() is where the next frame is written, ops->tx_commit() hands it
 *	          to the card, ops->tx_flush() tells the card, once per batch
 *
 * Buffers belong to the core, so a card can only ever reach those: no guest's memory is
 * given to it. One user per queue at a time; different queues on different CPUs.
 */
#ifndef DRIVERS_NIC_NIC_H
#define DRIVERS_NIC_NIC_H

#include "drivers/pci/pci.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define NIC_BUFFER_BYTES 2048u /* a received frame; what is longer is dropped by the card */
#define NIC_FRAME_MAX 1522u    /* longest frame that is sent: 1500 bytes, header, two tags */

struct nic;

/* A received frame, valid until rx_done(). */
struct nic_rx {
	const u8 *data;
	u16 len;      /* in bytes, without FCS */
	bool csum_ok; /* the card verified the checksums of IP and of TCP or UDP */
};

/* What is to be done to a frame that is sent: 16-bit ones' complement sum from csum_start to
 * its end, stored at csum_start + csum_offset, both at most 255; csum_start 0: nothing. */
struct nic_tx {
	u16 len;
	u16 csum_start, csum_offset;
};

struct nic_ops {
	/* Begin to receive; before it, nothing but link() may be called. ERR_NOMEM. */
	int (*start)(struct nic *nic);
	/* End all DMA and interrupts. Whoever called start() sees to it that nobody polls. */
	void (*stop)(struct nic *nic);

	/* The oldest frames of a queue that are there, at most max; they are shown again until
	 * rx_done(). */
	u32 (*rx)(struct nic *nic, u32 queue, struct nic_rx *frames, u32 max);
	void (*rx_done)(struct nic *nic, u32 queue, u32 n);

	/* NIC_FRAME_MAX bytes for the next frame, NULL as long as the queue is full. */
	u8 *(*tx_buffer)(struct nic *nic, u32 queue);
	void (*tx_commit)(struct nic *nic, u32 queue, const struct nic_tx *frame);
	void (*tx_flush)(struct nic *nic, u32 queue);

	/* Call nic->event(nic, queue) once, soon, when there is something to receive, or at once
	 * if there is already. */
	void (*arm)(struct nic *nic, u32 queue);

	/* All frames of the network, or those for nic->mac, groups and broadcasts. */
	void (*set_promiscuous)(struct nic *nic, bool on);
	/* Addresses of stations that are reached through this side of the card, besides nic->mac:
	 * what the card's virtual functions send to them comes here, and does not leave the
	 * card. Replaces those that were given before. NULL: its driver has no virtual functions.
	 */
	void (*set_addresses)(struct nic *nic, const u8 (*macs)[6], u32 count);
	/* Is there a link, and at how many Mbit/s? */
	bool (*link)(struct nic *nic, u32 *mbps);
};

/* A virtual function of a card, as its operator wants it. */
struct nic_vf_config {
	u8 mac[6];
	u16 vlan;            /* of all its frames, added and taken away by the card; 0: none */
	bool anti_spoofing;  /* it sends from its own address, and in its own VLAN, only */
	u32 rate_limit_mbps; /* most that it may send; 0: no limit */
};
struct nic_vf_info {
	bool open, ready;      /* it is in use; its driver has said hello */
	u8 mac[6];             /* that it uses */
	u64 messages, refused; /* of its mailbox: answered, and of those not granted */
	u64 spoofed;           /* times that the card blocked what it sent */
};

/* For cards with virtual functions (SR-IOV). */
struct nic_vf_ops {
	/* Turn them on, once; before start(). Errors as pci_sriov_enable(). */
	int (*enable)(struct nic *nic, u16 count);
	/* What a function may do, also while it is in use. ERR_UNSUPPORTED: the card cannot. */
	int (*configure)(struct nic *nic, u32 index, const struct nic_vf_config *config);
	/* Somebody has it now: its frames flow once its driver has said hello. */
	void (*open)(struct nic *nic, u32 index);
	/* Nobody has it any more. */
	void (*close)(struct nic *nic, u32 index);
	void (*info)(struct nic *nic, u32 index, struct nic_vf_info *out);
};

struct nic_counters {
	u64 rx_frames, rx_bytes, tx_frames, tx_bytes;
	u64 rx_errors; /* frames that the card marked as bad */
};

struct nic {
	struct list link; /* of all cards */
	struct pci_device *pci;
	const struct nic_ops *ops;
	const struct nic_vf_ops *vf_ops; /* NULL: it has none that its driver knows of */
	const char *model;               /* "82540EM" */
	u8 mac[6];
	u32 queues;
	bool can_csum; /* nic_tx.csum_start is honoured */
	bool polled;   /* no interrupt could be had: arm() means a look every NIC_POLL_US */
	struct nic_counters counters;
	/* The user's. */
	void (*event)(struct nic *nic, u32 queue); /* on any CPU, with interrupts off */
	void *user;
};

/* How often a card without interrupt is looked at. */
#define NIC_POLL_US 200

/* A driver by PCI ID; probe() gets the device with memory decoding and bus mastering off, and
 * leaves the card stopped. */
struct nic_id {
	u16 vendor, device;
	const char *model;
};
struct nic_driver {
	const char *name;
	const struct nic_id *ids; /* vendor 0 at the end */
	int (*probe)(struct pci_device *dev, const struct nic_id *id);
};

#ifdef HANOK_HOST
#define NIC_SECTION "nic_drivers"
#else
#define NIC_SECTION ".nic_drivers"
#endif
#define NIC_DRIVER(ident)                                                                   \
	static const struct nic_driver *const nic_driver_ptr_##ident __section(NIC_SECTION) \
	    __used = &ident

/* Try the drivers between two pointers on all Ethernet functions. After pci_scan(). */
void nic_probe_all(const struct nic_driver *const *begin, const struct nic_driver *const *end);

/* For drivers: the card works. */
void nic_add(struct nic *nic);

/* The core will not use this card: somebody else gets it. False: it is in use. At boot. */
bool __must_check nic_give_up(struct nic *nic);

/* The next card after nic, the first for NULL, NULL at the end; in order of address. */
struct nic *nic_next(const struct nic *nic);
/* The card at an address, or NULL. */
struct nic *nic_find(u16 segment, u16 bdf);

#endif
