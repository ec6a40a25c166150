/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI-X of an emulated function (PCI 3.0, 6.8.2): the table and the pending bits as a region
 * of a BAR, the control word of the capability, and delivery to the local APICs.
 */
#ifndef VMM_VPCI_MSIX_H
#define VMM_VPCI_MSIX_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/bus.h"

#define VPCI_MSIX_MAX 2048 /* vectors of a function */
#define VPCI_MSIX_ENTRY 16 /* bytes */

/* The capability's message control. */
#define VPCI_MSIX_ENABLE 0x8000
#define VPCI_MSIX_MASK_ALL 0x4000

struct platform;

struct vpci_msix_entry {
	u64 address;
	u32 data;
	u32 control; /* bit 0: masked */
};

struct vpci_msix {
	struct platform *p;
	struct ticketlock lock; /* of all below */
	u32 vectors;            /* 0: the function has none */
	u16 control;            /* ENABLE and MASK_ALL */
	struct vpci_msix_entry *entry;
	u64 *pending;
};

/* ERR_NOMEM; ERR_INVAL: vectors not 1 to VPCI_MSIX_MAX. */
int __must_check vpci_msix_create(struct vpci_msix *m, struct platform *p, u32 vectors);
void vpci_msix_destroy(struct vpci_msix *m);
void vpci_msix_reset(struct vpci_msix *m);

/* Bytes of the table, and of it with the pending bits behind it. */
static inline u32 vpci_msix_table_size(u32 vectors)
{
	return vectors * VPCI_MSIX_ENTRY;
}
static inline u32 vpci_msix_size(u32 vectors)
{
	return vpci_msix_table_size(vectors) + (vectors + 63) / 64 * 8;
}

/* The guest wrote the message control. */
void vpci_msix_control(struct vpci_msix *m, u16 control);

static inline bool vpci_msix_enabled(const struct vpci_msix *m)
{
	return __atomic_load_n(&m->control, __ATOMIC_RELAXED) & VPCI_MSIX_ENABLE;
}

/* Send the message of a vector, or keep it pending while it is masked; nothing while MSI-X is
 * off or when there is no such vector. Any CPU. */
void vpci_msix_fire(struct vpci_msix *m, u32 vector);

/* The table and, right behind it, the pending bits; dev is the struct vpci_msix. Accesses of
 * 4 and 8 bytes, aligned; others read as zeros and are not written (6.8.2). */
extern const struct bus_ops vpci_msix_ops;

#endif
