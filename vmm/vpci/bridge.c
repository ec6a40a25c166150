/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI host bridge. */
#include "vmm/vpci/bridge.h"

#include <string.h>

#define VENDOR_ID 0x1b36
#define DEVICE_ID 0x0008
#define CLASS_HOST_BRIDGE 0x060000

void vpci_bridge_init(struct vpci_config *config)
{
	memset(config, 0, sizeof(*config));
	vpci_config_set(config, PCI_VENDOR_ID, 2, VENDOR_ID);
	vpci_config_set(config, PCI_DEVICE_ID, 2, DEVICE_ID);
	vpci_config_set(config, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	vpci_config_set(config, PCI_CLASS, 3, CLASS_HOST_BRIDGE);
}

static u32 bridge_read(void *fn, u32 offset, unsigned size)
{
	return vpci_config_read(fn, offset, size);
}

static void bridge_write(void *fn, u32 offset, unsigned size, u32 value)
{
	vpci_config_write(fn, offset, size, value);
}

const struct vpci_function_ops vpci_bridge_ops = {bridge_read, bridge_write, NULL};
