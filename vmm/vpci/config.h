/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's 256 bytes of configuration space as values and a mask of what can be written;
 * for functions that have no or few registers with effects. Pure. */
#ifndef VMM_VPCI_CONFIG_H
#define VMM_VPCI_CONFIG_H

#include "drivers/pci/regs.h"
#include "kernel/lib/types.h"

#define VPCI_CONFIG_SIZE 256

/* Besides drivers/pci/regs.h: what only a function itself sets. */
#define PCI_REVISION 0x08
#define PCI_CLASS 0x09 /* programming interface, subclass, class */
#define PCI_HEADER_END 0x40
#define PCI_STATUS_INTERRUPT BIT(3)
#define PCI_BAR_64 BIT(2)
#define PCI_CAP_VENDOR 0x09
#define VPCI_BARS 6

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
