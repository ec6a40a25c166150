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

#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004

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
