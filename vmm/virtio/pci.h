/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCI transport of virtio devices (virtio 1.2, 4.1): modern only. A device fills in struct
 * virtio_config, and is called when the driver negotiates, starts, notifies and resets.
 */
#ifndef VMM_VIRTIO_PCI_H
#define VMM_VIRTIO_PCI_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/virtio/ring.h"
#include "vmm/vpci/device.h"

#define VIRTIO_QUEUES_MAX 64
#define VIRTIO_NO_VECTOR 0xffff

/* Feature bits of all devices (6). */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX BIT(29)
#define VIRTIO_F_VERSION_1 BIT(32)
#define VIRTIO_F_RING_RESET BIT(40)

/* Device status (2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE 1
#define VIRTIO_STATUS_DRIVER 2
#define VIRTIO_STATUS_DRIVER_OK 4
#define VIRTIO_STATUS_FEATURES_OK 8
#define VIRTIO_STATUS_NEEDS_RESET 64
#define VIRTIO_STATUS_FAILED 128

struct virtio_pci;

/* What the device does. With no lock of a queue held; calls for one device are not concurrent
 * but for notify() and config_read(). */
struct virtio_ops {
	/* The driver has chosen: a subset of what was offered, VERSION_1 included. */
	void (*negotiated)(void *dev, u64 features);
	void (*start)(void *dev); /* DRIVER_OK: queues may be used from now on */
	/* Queues have been stopped; forget all that the driver has set. */
	void (*reset)(void *dev);
	/* The driver has put buffers into a queue, or it only thinks so. On its vCPU. */
	void (*notify)(void *dev, u32 queue);
	/* Device-specific configuration: within its length, size 1, 2, 4 or 8. write may be NULL.
	 */
	u64 (*config_read)(void *dev, u32 offset, unsigned size);
	void (*config_write)(void *dev, u32 offset, unsigned size, u64 value);
};

struct virtio_config {
	u16 type; /* virtio device ID (5) */
	u32 class_code;
	u64 features; /* offered; the transport's own are added */
	u32 config_length;
	u32 queues;
	u16 queue_size;   /* most entries, a power of two */
	u32 vectors;      /* MSI-X, of all its queues and configuration changes */
	const char *name; /* for the log, "web.net0" */
};

struct virtio_queue {
	struct ticketlock lock; /* whoever uses the ring holds it for a bounded time */
	struct vring ring;
	bool enabled;
	u16 size, vector;
	u64 desc, avail, used;
};

struct virtio_pci {
	struct vpci_device pci;
	const struct virtio_ops *ops;
	void *dev;
	const struct guest_ram *ram;
	struct virtio_config config;
	struct ticketlock lock; /* of the common configuration */
	u32 device_select, driver_select;
	u64 driver_features;
	u16 queue_select, config_vector;
	u8 status; /* atomic: NEEDS_RESET comes from anywhere */
	u8 generation;
	u8 isr;
	struct virtio_queue *queue; /* [config.queues] */
};

/* At bdf, visible to the guest on return. config is copied, ram and config->name are not. */
int __must_check virtio_pci_create(struct virtio_pci *t, struct platform *p, u16 bdf,
				   const struct virtio_config *config, const struct virtio_ops *ops,
				   void *dev, const struct guest_ram *ram);
void virtio_pci_destroy(struct virtio_pci *t);

static inline bool virtio_started(const struct virtio_pci *t)
{
	u8 status = __atomic_load_n(&t->status, __ATOMIC_RELAXED);

	return (status & (VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET)) ==
	       VIRTIO_STATUS_DRIVER_OK;
}

/* Features that the driver has accepted: 0 before it has. */
static inline u64 virtio_features(const struct virtio_pci *t)
{
	return __atomic_load_n(&t->status, __ATOMIC_RELAXED) & VIRTIO_STATUS_FEATURES_OK
		   ? t->driver_features
		   : 0;
}

/* Interrupts for a queue, and for a change of the configuration (whose generation changes).
 * Any CPU; no lock of a queue is held. */
void virtio_interrupt(struct virtio_pci *t, u32 queue);
void virtio_config_changed(struct virtio_pci *t);

/* The driver broke the rules: say what, and wait for its reset (2.1.2). */
void virtio_fail(struct virtio_pci *t, const char *why);

#endif
