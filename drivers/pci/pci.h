/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's PCI functions, found once at boot. Firmware has numbered the buses; what it
 * describes wrongly is reported and left out, never followed.
 */
#ifndef DRIVERS_PCI_PCI_H
#define DRIVERS_PCI_PCI_H

#include "drivers/pci/access.h"
#include "drivers/pci/address.h"
#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define PCI_BARS 6

struct pci_bar {
	u64 base, size; /* size 0: there is none, or it is the upper half of the one before */
	bool io, wide, prefetch;
};

/* Of a function that has virtual ones, and those that are on. */
struct pci_sriov {
	u16 cap;                      /* offset of the capability */
	u16 total;                    /* most that it can have */
	u16 count;                    /* that are on */
	u16 offset, stride;           /* of requester IDs */
	u16 device;                   /* their device ID */
	struct pci_bar bar[PCI_BARS]; /* of the first one; the others' follow */
};

struct pci_device {
	struct list link; /* of all functions, a bridge before what is behind it */
	u16 segment, bdf;
	struct pci_device *parent; /* the bridge above; NULL on a root bus */
	u16 vendor, device, subsystem_vendor, subsystem;
	u32 class; /* base class, subclass, programming interface: 24 bits */
	u8 revision;
	bool bridge;
	u8 secondary, subordinate; /* of a bridge: the buses behind it */
	u16 pcie;                  /* offset of the PCI Express capability, 0 if none */
	u8 pcie_type;              /* PCIE_TYPE_... */
	u16 aer;                   /* offset of the capability for error reporting, 0 if none */
	u32 errors;                /* that it reported */
	struct pci_bar bar[PCI_BARS];
	struct pci_device *pf;  /* of a virtual function: the physical one */
	u16 vf_index;           /* of a virtual function */
	struct pci_sriov sriov; /* .cap 0: it can have no virtual functions */
	const char *owner;      /* who drives it, for the operator; NULL: nobody */
};

/* Find all functions behind the windows of access.h. At boot, before other processors and
 * before any driver: BARs are sized by writing to them. ERR_NOMEM: not all were found. */
int __must_check pci_scan(void);

/* Report errors that functions find on their links from now on. After pci_scan(). */
void pci_errors_start(void);

/* The next function after dev, the first one for NULL; NULL at the end. */
struct pci_device *pci_next(const struct pci_device *dev);
/* By address, or NULL. */
struct pci_device *pci_find(u16 segment, u16 bdf);

/* Its address as pci_parse_address() reads it, into PCI_NAME bytes; returns buf. */
#define PCI_NAME 16
const char *pci_name(const struct pci_device *dev, char buf[PCI_NAME]);

static inline u32 pci_read(const struct pci_device *dev, u32 offset, unsigned size)
{
	return pci_config_read(dev->segment, dev->bdf, offset, size);
}

static inline void pci_write(const struct pci_device *dev, u32 offset, unsigned size, u32 value)
{
	pci_config_write(dev->segment, dev->bdf, offset, size, value);
}

/* Change some bits of a 16-bit register. */
void pci_update16(const struct pci_device *dev, u32 offset, u16 clear, u16 set);

/* Offset of a capability (PCI_CAP_...) or extended capability (PCI_EXT_CAP_...), 0 if there
 * is none. Lists that loop or lead astray end. */
u16 pci_cap_find(const struct pci_device *dev, u8 id);
/* The nth capability of a kind that may be there more than once, from 0 on. */
u16 pci_cap_nth(const struct pci_device *dev, u8 id, u32 n);
u16 pci_ext_cap_find(const struct pci_device *dev, u16 id);

/* The registers of memory BAR i, mapped uncached, or NULL (no such BAR, not placed, no memory). */
void *pci_bar_map(const struct pci_device *dev, unsigned i);

/* For scan.c, and for virtual functions: read the header of a function that answers. */
void pci_device_read(struct pci_device *dev);
/* Size count BARs from the register at offset on, with decoding off meanwhile. */
void pci_bars_read(struct pci_device *dev, u32 offset, struct pci_bar *bar, unsigned count);
/* The same where decoding is off already. */
void pci_bars_size(const struct pci_device *dev, u32 offset, struct pci_bar *bar, unsigned count);
/* Write a BAR's address to its register. */
void pci_bar_write(const struct pci_device *dev, u32 offset, const struct pci_bar *bar, u64 base);
/* Add a function behind all others; it stays for ever. */
void pci_device_add(struct pci_device *dev);

#endif
