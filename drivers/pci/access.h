/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space of the machine: by memory where firmware told of a window (ECAM, PCI
 * Express 5.0, 7.2.2), else segment 0 by ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2), which
 * reach the first 256 bytes. Any CPU.
 */
#ifndef DRIVERS_PCI_ACCESS_H
#define DRIVERS_PCI_ACCESS_H

#include "kernel/lib/types.h"

#define PCI_BDF(bus, dev, fn) ((u16)((bus) << 8 | (dev) << 3 | (fn)))
#define PCI_BUS(bdf) ((u8)((bdf) >> 8))
#define PCI_DEV(bdf) ((u8)((bdf) >> 3 & 31))
#define PCI_FN(bdf) ((u8)((bdf)&7))

/* One stretch of buses of one segment. */
struct pci_window {
	u16 segment;
	u8 bus_start, bus_end; /* inclusive */
	hpa_t base;            /* of bus 0's configuration space, also when bus_start is not 0;
				  0: by ports */
	volatile u8 *ecam;     /* set by pci_access_add() */
};

/*
 * Use a window. ERR_NOMEM (also when it cannot be mapped); ERR_EXIST: it overlaps an earlier
 * one; ERR_INVAL: ports reach only segment 0. At boot, before other processors.
 */
int __must_check pci_access_add(const struct pci_window *window);

u32 pci_window_count(void);
const struct pci_window *pci_window_at(u32 i);

/* size is 1, 2 or 4, offset a multiple of it. Where there is no window, or beyond what ports
 * reach, reads are all ones and writes are dropped. */
u32 pci_config_read(u16 segment, u16 bdf, u32 offset, unsigned size);
void pci_config_write(u16 segment, u16 bdf, u32 offset, unsigned size, u32 value);

#endif
