/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio network card as its driver sees it: Virtual I/O Device (VIRTIO) 1.2, sections 2.7
 * (split rings), 4.1 (PCI) and 5.1 (network). Little endian. */
#ifndef DRIVERS_NIC_VIRTIO_REGS_H
#define DRIVERS_NIC_VIRTIO_REGS_H

#include "kernel/lib/types.h"

/* 4.1.4: vendor-specific capabilities say where the structures are. */
#define VIRTIO_CAP_TYPE 3
#define VIRTIO_CAP_BAR 4
#define VIRTIO_CAP_OFFSET 8
#define VIRTIO_CAP_LENGTH 12
#define VIRTIO_CAP_NOTIFY_MULTIPLIER 16
enum virtio_cap {
	VIRTIO_CAP_COMMON = 1,
	VIRTIO_CAP_NOTIFY = 2,
	VIRTIO_CAP_DEVICE = 4,
	VIRTIO_CAP_TYPES,
};

/* 4.1.4.3: the common configuration. */
#define VIRTIO_DEVICE_FEATURE_SELECT 0x00
#define VIRTIO_DEVICE_FEATURE 0x04
#define VIRTIO_DRIVER_FEATURE_SELECT 0x08
#define VIRTIO_DRIVER_FEATURE 0x0c
#define VIRTIO_CONFIG_VECTOR 0x10
#define VIRTIO_STATUS 0x14
#define VIRTIO_QUEUE_SELECT 0x16
#define VIRTIO_QUEUE_SIZE 0x18
#define VIRTIO_QUEUE_VECTOR 0x1a
#define VIRTIO_QUEUE_ENABLE 0x1c
#define VIRTIO_QUEUE_NOTIFY_OFF 0x1e
#define VIRTIO_QUEUE_DESC 0x20
#define VIRTIO_QUEUE_DRIVER 0x28
#define VIRTIO_QUEUE_DEVICE 0x30
#define VIRTIO_COMMON_BYTES 0x38
#define VIRTIO_NO_VECTOR 0xffff

/* 2.1: status. */
#define VIRTIO_S_ACKNOWLEDGE 1
#define VIRTIO_S_DRIVER 2
#define VIRTIO_S_DRIVER_OK 4
#define VIRTIO_S_FEATURES_OK 8

/* 5.1.3 and 6: features. */
#define VIRTIO_NET_CSUM BIT(0) /* frames may be sent with a checksum to be completed */
#define VIRTIO_NET_MAC BIT(5)
#define VIRTIO_NET_STATUS BIT(16)
#define VIRTIO_VERSION_1 BIT(32)
#define VIRTIO_ACCESS_PLATFORM BIT(33) /* its DMA goes through the IOMMU */

/* 5.1.4: the device's configuration. */
#define VIRTIO_NET_CONFIG_MAC 0
#define VIRTIO_NET_CONFIG_STATUS 6
#define VIRTIO_NET_CONFIG_BYTES 8
#define VIRTIO_NET_LINK_UP 1

/* 2.7.5 to 2.7.8: a ring's parts. */
struct virtio_desc {
	u64 address;
	u32 len;
	u16 flags, next;
};
#define VIRTIO_DESC_WRITE 2 /* the card writes to it */

struct virtio_avail {
	u16 flags, idx;
	u16 ring[];
};
#define VIRTIO_AVAIL_NO_INTERRUPT 1

struct virtio_used {
	u16 flags, idx;
	struct {
		u32 id, len;
	} ring[];
};
#define VIRTIO_USED_NO_NOTIFY 1

/* 5.1.6: in front of every frame. */
struct virtio_net_header {
	u8 flags, gso_type;
	u16 hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};
#define VIRTIO_NET_NEEDS_CSUM 1

#endif
