/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host bridge, function 00:00.0. Its ID is that of QEMU's generic PCI Express host
 * (Red Hat, 1b36:0008): the ID of a real chipset would promise that chipset's registers
 * (PCIEXBAR, PAM, SMRAM) to firmware and drivers that look for them.
 */
#ifndef VMM_VPCI_BRIDGE_H
#define VMM_VPCI_BRIDGE_H

#include "vmm/vpci/config.h"
#include "vmm/vpci/vpci.h"

void vpci_bridge_init(struct vpci_config *config);

/* fn is the struct vpci_config. */
extern const struct vpci_function_ops vpci_bridge_ops;

#endif
