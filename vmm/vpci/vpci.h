/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's PCI segment: buses 0 to LAYOUT_ECAM_BUSES - 1, reached by configuration
 * mechanism #1 at ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2) and by ECAM at LAYOUT_ECAM
 * (PCI Express 5.0, 7.2.2). Functions are registered; absent ones read as all ones.
 */
#ifndef VMM_VPCI_VPCI_H
#define VMM_VPCI_VPCI_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

/* Bus, device and function as in a requester ID. */
#define VPCI_BDF(bus, dev, fn) ((u16)((bus) << 8 | (dev) << 3 | (fn)))

struct platform;
struct vpci_host;

/* A function's configuration space. size is 1, 2 or 4, and the access lies within one
 * dword; offset is up to 4095. Functions take their own locks. */
struct vpci_function_ops {
	u32 (*read)(void *fn, u32 offset, unsigned size);
	void (*write)(void *fn, u32 offset, unsigned size, u32 value);
	/* Power-on state again; no vCPU runs. May be NULL. */
	void (*reset)(void *fn);
};

/* Creates the host with its bridge at 00:00.0, on p->ports and p->mmio. ERR_NOMEM. */
int __must_check vpci_create(struct platform *p);
void vpci_destroy(struct vpci_host *host);
void vpci_reset(struct vpci_host *host);

/* Register a function; not concurrent with accesses, as bus_add(). ERR_EXIST, ERR_RANGE
 * (no such bus), ERR_NOMEM. */
int __must_check vpci_add(struct vpci_host *host, u16 bdf, const struct vpci_function_ops *ops,
			  void *fn);
void vpci_remove(struct vpci_host *host, u16 bdf);

/* The first device number of bus 0 at which no function is, as a BDF. ERR_RANGE: all taken. */
int __must_check vpci_free_slot(struct vpci_host *host, u16 *bdf);

/* Where firmware puts a BAR of size bytes (a power of two): within the window that the
 * guest's host bridge tells it, never the same place twice. ERR_RANGE: it is full. */
int __must_check vpci_place(struct vpci_host *host, u64 size, bool io, u64 *base);

/* The PICs' line that a pin of a device ends at, for the Interrupt Line register. */
u8 vpci_pic_line(u16 bdf, unsigned pin);

/* Set the function's interrupt pin (0 is INTA). Lines are shared: an input of the I/O APIC
 * (LAYOUT_GSI_PCI + (device + pin) % 4), and of the PICs (IRQ 10 or 11), is asserted as long
 * as any function asserts it. Any CPU. */
void vpci_intx(struct vpci_host *host, u16 bdf, unsigned pin, bool asserted);

#endif
