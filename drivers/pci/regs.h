/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of configuration space: PCI Local Bus 3.0 chapter 6, PCI Express Base 5.0 chapter 7. */
#ifndef DRIVERS_PCI_REGS_H
#define DRIVERS_PCI_REGS_H

#include "kernel/lib/types.h"

#define PCI_CONFIG_BYTES 256
#define PCI_CONFIG_EXT_BYTES 4096

/* Common header (7.5.1.1). */
#define PCI_VENDOR_ID 0x00
#define PCI_DEVICE_ID 0x02
#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO BIT(0)
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_MASTER BIT(2)
#define PCI_COMMAND_SERR BIT(8)
#define PCI_COMMAND_INTX_OFF BIT(10)
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES BIT(4)
#define PCI_CLASS_REVISION 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_HEADER_MULTIFUNCTION BIT(7)
#define PCI_HEADER_DEVICE 0
#define PCI_HEADER_BRIDGE 1
#define PCI_BAR(i) (0x10 + 4 * (i))
#define PCI_BAR_IO BIT(0)
#define PCI_BAR_TYPE(value) (((value) >> 1) & 3)
#define PCI_BAR_TYPE_64 2
#define PCI_BAR_PREFETCH BIT(3)
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define PCI_SUBSYSTEM_ID 0x2e
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d

/* Type 1 header (7.5.1.3). */
#define PCI_PRIMARY_BUS 0x18
#define PCI_SECONDARY_BUS 0x19
#define PCI_SUBORDINATE_BUS 0x1a
#define PCI_WINDOW_GRANULE MIB(1)
#define PCI_MEMORY_BASE 0x20
#define PCI_MEMORY_LIMIT 0x22
#define PCI_PREFETCH_BASE 0x24
#define PCI_PREFETCH_LIMIT 0x26
#define PCI_PREFETCH_64 1
#define PCI_PREFETCH_BASE_UPPER 0x28
#define PCI_PREFETCH_LIMIT_UPPER 0x2c

/* Class codes (base class and subclass; PCI Code and ID Assignment). */
#define PCI_CLASS_NETWORK_ETHERNET 0x0200
#define PCI_CLASS_BRIDGE_HOST 0x0600
#define PCI_CLASS_BRIDGE_PCI 0x0604

/* Capabilities by ID. */
#define PCI_CAP_PM 0x01
#define PCI_PM_CONTROL 4 /* PMCSR */
#define PCI_PM_STATE 3u
#define PCI_PM_NO_SOFT_RESET BIT(3)
#define PCI_CAP_MSI 0x05
#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_PCIE 0x10
#define PCI_CAP_MSIX 0x11
#define PCI_CAP_AF 0x13 /* Advanced Features: FLR of conventional PCI */

/* PCI Express capability (7.5.3). */
#define PCIE_FLAGS 2
#define PCIE_TYPE(flags) (((flags) >> 4) & 15)
#define PCIE_TYPE_ENDPOINT 0
#define PCIE_TYPE_ROOT_PORT 4
#define PCIE_TYPE_UPSTREAM 5
#define PCIE_TYPE_DOWNSTREAM 6
#define PCIE_TYPE_TO_PCI 7
#define PCIE_TYPE_FROM_PCI 8
#define PCIE_TYPE_INTEGRATED 9
#define PCIE_DEVICE_CAP 4
#define PCIE_DEVICE_CAP_FLR BIT(28)
#define PCIE_DEVICE_CONTROL 8
#define PCIE_DEVICE_CONTROL_FLR BIT(15)
#define PCIE_DEVICE_STATUS 10
#define PCIE_DEVICE_STATUS_PENDING BIT(5)
#define PCIE_DEVICE_CAP2 0x24
#define PCIE_DEVICE_CAP2_ARI BIT(5)
#define PCIE_DEVICE_CONTROL2 0x28
#define PCIE_DEVICE_CONTROL2_ARI BIT(5)

/* Advanced Features (Advanced Capabilities for Conventional PCI, ECN of 2006). */
#define PCI_AF_CAP 3
#define PCI_AF_CAP_FLR BIT(1)
#define PCI_AF_CONTROL 4
#define PCI_AF_CONTROL_FLR BIT(0)
#define PCI_AF_STATUS 5
#define PCI_AF_STATUS_PENDING BIT(0)

/* MSI (7.7.1) and MSI-X (7.7.2). */
#define PCI_MSI_CONTROL 2
#define PCI_MSI_ENABLE BIT(0)
#define PCI_MSI_MULTIPLE (7u << 4)
#define PCI_MSI_64 BIT(7)
#define PCI_MSI_ADDRESS 4
#define PCI_MSIX_CONTROL 2
#define PCI_MSIX_SIZE 0x7ffu
#define PCI_MSIX_MASK_ALL BIT(14)
#define PCI_MSIX_ENABLE BIT(15)
#define PCI_MSIX_TABLE 4
#define PCI_MSIX_PBA 8
#define PCI_MSIX_BIR 7u
#define PCI_MSIX_ENTRY_BYTES 16
#define PCI_MSIX_ENTRY_MASKED BIT(0)

/* Extended capabilities by ID (7.6 to 7.9, 9.3.3). */
#define PCI_EXT_CAPABILITIES 0x100
#define PCI_EXT_CAP_AER 0x0001
#define PCI_EXT_CAP_ACS 0x000d
#define PCI_EXT_CAP_ARI 0x000e
#define PCI_EXT_CAP_SRIOV 0x0010
/* Advanced error reporting (7.8.4): status, mask, and of the first severity. */
#define PCI_AER_UNCORRECTABLE 0x04
#define PCI_AER_CORRECTABLE 0x10
#define PCI_ARI_CAP 4
#define PCI_ARI_NEXT(cap) ((cap) >> 8)

/* Access control services (7.7.8). */
#define PCI_ACS_CAP 4
#define PCI_ACS_CONTROL 6
#define PCI_ACS_SOURCE_VALIDATION BIT(0)
#define PCI_ACS_REQUEST_REDIRECT BIT(2)
#define PCI_ACS_COMPLETION_REDIRECT BIT(3)
#define PCI_ACS_UPSTREAM_FORWARDING BIT(4)

/* SR-IOV (9.3.3). */
#define PCI_SRIOV_CONTROL 0x08
#define PCI_SRIOV_CONTROL_ENABLE BIT(0)
#define PCI_SRIOV_CONTROL_MEMORY BIT(3)
#define PCI_SRIOV_CONTROL_ARI BIT(4)
#define PCI_SRIOV_INITIAL 0x0c
#define PCI_SRIOV_TOTAL 0x0e
#define PCI_SRIOV_COUNT 0x10
#define PCI_SRIOV_OFFSET 0x14
#define PCI_SRIOV_STRIDE 0x16
#define PCI_SRIOV_DEVICE_ID 0x1a
#define PCI_SRIOV_PAGES 0x1c /* sizes supported: bit n, 4 KiB << n */
#define PCI_SRIOV_PAGE 0x20  /* the one in use */
#define PCI_SRIOV_BAR 0x24
#define PCI_SRIOV_BYTES 0x40

#endif
