/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message-signalled interrupts of a function that the core drives, or hands to a guest (PCI
 * Express 5.0, 6.1.4). Messages are made by pci_msi_message(), which an interrupt-remapping
 * unit may take over.
 */
#ifndef DRIVERS_PCI_MSI_H
#define DRIVERS_PCI_MSI_H

#include "drivers/pci/pci.h"

struct pci_msi_message {
	u64 address;
	u32 data;
};

/* An interrupt of fixed delivery, edge-triggered, to one local APIC (SDM vol. 3, 11.11).
 * Without interrupt remapping APIC IDs above 254 cannot be reached: ERR_RANGE. */
int __must_check pci_msi_message(u32 apic_id, u8 vector, struct pci_msi_message *out);

/* A function's MSI-X table, opened. */
struct pci_msix {
	const struct pci_device *dev;
	u16 cap;
	u16 count;          /* of entries */
	volatile u8 *table; /* mapped */
	u8 table_bar, pba_bar;
	u32 table_offset, pba_offset; /* in their BARs */
};

/* Find and map the table, with all entries masked and MSI-X on. ERR_UNSUPPORTED: the function
 * has none; ERR_RANGE: it lies outside of its BAR; ERR_NOMEM. */
int __must_check pci_msix_open(const struct pci_device *dev, struct pci_msix *out);
void pci_msix_close(struct pci_msix *msix);
/* All entries masked and MSI-X on, again: after it was closed, or the function reset. */
void pci_msix_start(struct pci_msix *msix);
/* i < count. The entry is masked while it changes, and left as `masked` says. */
void pci_msix_set(struct pci_msix *msix, u16 i, const struct pci_msi_message *message, bool masked);
void pci_msix_mask(struct pci_msix *msix, u16 i, bool masked);

/* The single message of a function with MSI. ERR_UNSUPPORTED. */
int __must_check pci_msi_set(const struct pci_device *dev, const struct pci_msi_message *message);

#endif
