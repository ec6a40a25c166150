/* SPDX-License-Identifier: BSD-2-Clause */
/* A remapping unit. Internal to drivers/iommu. */
#ifndef DRIVERS_IOMMU_VTD_H
#define DRIVERS_IOMMU_VTD_H

#include "arch/x86/mm/mmio.h"
#include "arch/x86/mm/radix.h"
#include "drivers/acpi/dmar.h"
#include "drivers/iommu/vtd_regs.h"
#include "drivers/pci/pci.h"
#include "kernel/sync/ticketlock.h"
#include "kernel/time/timer.h"

/* Entries of an invalidation queue: one page. */
#define VTD_QUEUE 256

struct vtd_unit {
	const struct dmar_unit *scope; /* what it is responsible for */
	void *regs;
	u64 cap, ecap;
	bool failed; /* it did not answer once: nothing is asked of it any more */

	hpa_t root; /* [256] root entries */

	struct ticketlock queue_lock;
	hpa_t queue;
	u32 tail;     /* index of the next free descriptor */
	hpa_t status; /* the wait descriptor's word */
	u32 waits;    /* number that it last wrote, or is to write */
	u64 invalidations;

	struct ticketlock fault_lock; /* taken before iommu.lock */
	u32 fault_next;               /* the record that is the oldest */
	u64 faults;
	int fault_vector;
	u32 burst; /* interrupts since the burst timer was armed */
	struct timer burst_timer;
};

#ifdef HANOK_HOST
/* The unit is a model in the test. */
u64 vtd_host_read(const struct vtd_unit *u, u32 reg, unsigned size);
void vtd_host_write(const struct vtd_unit *u, u32 reg, unsigned size, u64 value);
/* A line of the processor's cache goes to memory. */
void vtd_host_writeback(const void *line);
#define VTD_READ_(u, reg, bits) ((u##bits)vtd_host_read(unit, reg, (bits) / 8))
#define VTD_WRITE_(u, reg, bits, value) vtd_host_write(unit, reg, (bits) / 8, value)
#else
#define VTD_READ_(u, reg, bits) mmio_read##bits((char *)unit->regs + (reg))
#define VTD_WRITE_(u, reg, bits, value) mmio_write##bits((char *)unit->regs + (reg), value)
#endif

static inline u32 vtd_read32(const struct vtd_unit *unit, u32 reg)
{
	return VTD_READ_(u, reg, 32);
}

static inline u64 vtd_read64(const struct vtd_unit *unit, u32 reg)
{
	return VTD_READ_(u, reg, 64);
}

static inline void vtd_write32(const struct vtd_unit *unit, u32 reg, u32 value)
{
	VTD_WRITE_(u, reg, 32, value);
}

static inline void vtd_write64(const struct vtd_unit *unit, u32 reg, u64 value)
{
	VTD_WRITE_(u, reg, 64, value);
}

/* unit.c: check, map and silence a unit, allocate its structures. ERR_UNSUPPORTED, ERR_IO,
 * ERR_TIMEOUT, ERR_NOMEM, with the reason in the log. */
int __must_check vtd_unit_open(struct vtd_unit *unit, const struct dmar_unit *scope);
/* Turn translation on: what has no context entry is blocked from then on. */
int __must_check vtd_unit_enable(struct vtd_unit *unit);
/* The reverse of both, as far as they got. */
void vtd_unit_close(struct vtd_unit *unit);
/* Give one command (VTD_GCMD_*) and wait until the status shows it. ERR_TIMEOUT. */
int __must_check vtd_command(struct vtd_unit *unit, u32 bit, bool on);
/* Largest leaf, as enum radix_level. */
unsigned vtd_unit_max_leaf(const struct vtd_unit *unit);
/* Make what was written to tables visible to the unit's walks. */
void vtd_writeback(const struct vtd_unit *unit, const void *start, size_t bytes);

/* queue.c: queued invalidation (6.5.2). Each returns when the unit has done it: 0 or ERR_TIMEOUT.
 */
int __must_check vtd_queue_start(struct vtd_unit *unit);
int __must_check vtd_flush_all(struct vtd_unit *unit);
int __must_check vtd_flush_device(struct vtd_unit *unit, u16 domain, u16 bdf);
int __must_check vtd_flush_domain(struct vtd_unit *unit, u16 domain);
/* What the unit has cached of the interrupt remapping table: an entry, or all. */
int __must_check vtd_flush_irq(struct vtd_unit *unit, u16 index);
int __must_check vtd_flush_irqs(struct vtd_unit *unit);

/* tables.c: context entries. vtd_context_set(): ERR_BUSY if there is one, ERR_NOMEM. The caller
 * flushes. vtd_context_clear() returns whether there was one. */
int __must_check vtd_context_set(struct vtd_unit *unit, u16 bdf, u16 domain, hpa_t table,
				 unsigned levels);
bool vtd_context_clear(struct vtd_unit *unit, u16 bdf);
void vtd_contexts_free(struct vtd_unit *unit);

/* scope.c: does the unit's list name this device (8.3.1)? INCLUDE_ALL is not looked at. */
bool vtd_scope_names(const struct dmar_unit *scope, const struct pci_device *dev);
/* The bus that a path of bridges leads to; false if one of them is not there. */
bool vtd_scope_bus(const struct dmar_scope *scope, u16 segment, u8 *bus);

/* fault.c: report by interrupt. Without a vector, faults are read when someone looks. */
void vtd_faults_start(struct vtd_unit *unit);
/* Log what has been recorded since. */
void vtd_faults_read(struct vtd_unit *unit);
/* What a reason means (7.1.3, appendix A). */
const char *vtd_fault_reason(u8 reason);

#endif
