/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the PCI transport share; nobody else includes it. */
#ifndef VMM_VIRTIO_PCI_IMPL_H
#define VMM_VIRTIO_PCI_IMPL_H

#include "vmm/virtio/pci.h"

/* Where the structures are in BAR 0; each has a page of its own. */
#define VIRTIO_BAR 0
#define VIRTIO_BAR_SIZE KIB(32)
#define VIRTIO_COMMON 0x0000
#define VIRTIO_COMMON_SIZE 0x3c
#define VIRTIO_ISR 0x1000
#define VIRTIO_ISR_SIZE 4
#define VIRTIO_DEVICE 0x2000
#define VIRTIO_NOTIFY 0x3000
#define VIRTIO_NOTIFY_STEP 4
#define VIRTIO_MSIX 0x4000

/* In pci_common.c; dev is the struct virtio_pci. */
extern const struct bus_ops virtio_common_ops;
/* All as after power-on; queues are stopped, and no one uses them any more on return. */
void virtio_reset(struct virtio_pci *t);

#endif
