/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's 256 bytes of configuration space as values and a mask of what can be written;
 * for functions that have no or few registers with effects. Pure. */
#ifndef VMM_VPCI_CONFIG_H
#define VMM_VPCI_CONFIG_H

#include "kernel/lib/types.h"

#define VPCI_CONFIG_SIZE 256

/* Offsets of a type 0 header (PCI 3.0, 6.1). */
#define PCI_VENDOR 0x00
#define PCI_DEVICE 0x02
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_REVISION 0x08
#define PCI_CLASS 0x09 /* programming interface, subclass, class */
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR(n) (0x10u + 4u * (n))
#define PCI_BARS 6
#define PCI_SUBSYSTEM_VENDOR 0x2c
#define PCI_SUBSYSTEM 0x2e
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_HEADER_END 0x40

#define PCI_COMMAND_IO 0x0001
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_NO_INTX 0x0400
#define PCI_STATUS_INTERRUPT 0x0008
#define PCI_STATUS_CAPABILITIES 0x0010

#define PCI_BAR_IO 0x1u
#define PCI_BAR_64 0x4u
#define PCI_BAR_PREFETCH 0x8u

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX 0x11

struct vpci_config {
	u8 value[VPCI_CONFIG_SIZE];
	u8 writable[VPCI_CONFIG_SIZE];
};

/* Accesses as in struct vpci_function_ops; beyond the 256 bytes reads are all ones. */
u32 vpci_config_read(const struct vpci_config *config, u32 offset, unsigned size);
void vpci_config_write(struct vpci_config *config, u32 offset, unsigned size, u32 value);

/* Set initial values, whether writable or not; offset + size at most VPCI_CONFIG_SIZE. */
void vpci_config_set(struct vpci_config *config, u32 offset, unsigned size, u32 value);

#endif
