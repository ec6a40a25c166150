/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an emulated PCI function consists of (PCI 3.0, chapter 6): a type 0 header, a list of
 * capabilities, BARs made of regions, MSI-X or an interrupt pin. A device fills one in,
 * registers it, and from then on is called for accesses to its regions only.
 *
 * The guest moves BARs and turns decoding on and off while other vCPUs run; regions are put on
 * the VM's buses, and taken off, accordingly.
 */
#ifndef VMM_VPCI_DEVICE_H
#define VMM_VPCI_DEVICE_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/bus.h"
#include "vmm/vpci/config.h"
#include "vmm/vpci/msix.h"
#include "vmm/vpci/vpci.h"

#define VPCI_REGIONS 12 /* of a function, in all its BARs */

struct vpci_device;

/* All may be NULL. */
struct vpci_device_ops {
	/* Registers that are no plain bytes: true if the access was served. With no lock held;
	 * sizes as in struct vpci_function_ops. */
	bool (*config_read)(struct vpci_device *d, u32 offset, unsigned size, u32 *value);
	bool (*config_write)(struct vpci_device *d, u32 offset, unsigned size, u32 value);
	/* A BAR now decodes at base; its regions are on the bus. With the device's lock held. */
	void (*bar_mapped)(struct vpci_device *d, u32 bar, u64 base);
	/* The platform is reset; the function's own registers are in their initial state again. */
	void (*reset)(struct vpci_device *d);
};

struct vpci_bar {
	u64 size; /* bytes, a power of two; 0: there is none */
	u32 type; /* PCI_BAR_* */
	u64 home; /* where it is after a reset */
	u64 base; /* where its regions are on the bus */
	bool mapped;
};

struct vpci_region {
	u32 bar;
	u64 offset, size;
	const struct bus_ops *ops;
	void *dev;
	const char *name;
};

/* Registers of the header that tell what it is. */
struct vpci_ids {
	u16 vendor, device, subsystem_vendor, subsystem;
	u32 class_code; /* class, subclass, programming interface */
	u8 revision;
	u8 pin; /* 1: INTA to 4: INTD; 0: none */
};

struct vpci_device {
	struct platform *p;
	const struct vpci_device_ops *ops;
	u16 bdf;
	struct ticketlock lock; /* of config, bar[].base and .mapped, intx */
	struct vpci_config config;
	struct vpci_config initial; /* what a reset brings back */
	u32 last_capability;        /* offset; 0: none yet */
	u32 capability_end;
	struct vpci_bar bar[VPCI_BARS];
	struct vpci_region region[VPCI_REGIONS];
	u32 regions;
	struct vpci_msix msix;
	u32 msix_capability; /* offset; 0: none */
	bool intx;           /* the device wants its pin asserted */
	bool registered;
};

/*
 * In this order: init, then BARs, regions, capabilities, MSI-X, then register. What fails has
 * said why; destroy then takes back all that was done, and is harmless after a failed init.
 */
void vpci_device_init(struct vpci_device *d, struct platform *p, u16 bdf,
		      const struct vpci_ids *ids, const struct vpci_device_ops *ops);
/* type: PCI_BAR_IO, or 0 or PCI_BAR_64 with or without PCI_BAR_PREFETCH. */
int __must_check vpci_device_add_bar(struct vpci_device *d, u32 bar, u64 size, u32 type);
/* Who answers in a part of a BAR; the rest reads as all ones. */
int __must_check vpci_device_add_region(struct vpci_device *d, const struct vpci_region *region);
/* A capability of len bytes: body is what follows the two bytes of ID and link; writable, if not
 * NULL, has bits set where the guest may write it. *offset gets its place. ERR_RANGE. */
int __must_check vpci_device_add_capability(struct vpci_device *d, u8 id, const void *body,
					    const void *writable, u32 len, u32 *offset);
/* Table and pending bits at offset (a multiple of 8) of a BAR. */
int __must_check vpci_device_add_msix(struct vpci_device *d, u32 bar, u32 offset, u32 vectors);
/* Visible to the guest from here on, in the state after power-on. No vCPU runs. */
int __must_check vpci_device_register(struct vpci_device *d);
void vpci_device_destroy(struct vpci_device *d);

/* Interrupt by MSI-X; false if that is off, and then the pin is to be used. Any CPU. */
static inline bool vpci_device_msix(struct vpci_device *d, u32 vector)
{
	if (!vpci_msix_enabled(&d->msix))
		return false;
	vpci_msix_fire(&d->msix, vector);
	return true;
}
/* Set the function's pin. It stays off while MSI-X is on or the command register says so. */
void vpci_device_intx(struct vpci_device *d, bool asserted);

/* An access to a region by its place in a BAR, for capabilities that offer that way. All ones
 * where nobody answers. */
u64 vpci_device_bar_read(struct vpci_device *d, u32 bar, u64 offset, unsigned size);
void vpci_device_bar_write(struct vpci_device *d, u32 bar, u64 offset, unsigned size, u64 value);

#endif
