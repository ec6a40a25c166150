/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queued invalidation: VT-d 4.1, 6.5.2. Each request is followed by a wait descriptor that
 * makes the unit write a number, and is done when that number is there; so the queue never
 * holds more than one request, and needs no bookkeeping of what is in flight.
 */
#include "arch/x86/cpu/tsc.h"
#include "drivers/iommu/vtd.h"
#include "kernel/mm/page.h"

#define WAIT_US 100000
#define DESCRIPTOR_SHIFT 4

struct descriptor {
	u64 low, high;
};
static_assert(VTD_QUEUE * sizeof(struct descriptor) == PAGE_SIZE, "a queue is one page");

int vtd_queue_start(struct vtd_unit *unit)
{
	unit->tail = 0;
	vtd_write64(unit, VTD_IQT, 0);
	vtd_write64(unit, VTD_IQA, unit->queue.v);
	return 0;
}

static void put(struct vtd_unit *unit, u64 low, u64 high)
{
	struct descriptor *d = (struct descriptor *)page_virt(unit->queue) + unit->tail;

	d->low = low;
	d->high = high;
	vtd_writeback(unit, d, sizeof(*d));
	unit->tail = (unit->tail + 1) % VTD_QUEUE;
}

static bool answered(struct vtd_unit *unit)
{
	const u32 *status = page_virt(unit->status);

	return __atomic_load_n(status, __ATOMIC_ACQUIRE) == unit->waits;
}

static int wait(struct vtd_unit *unit)
{
	u32 fault;

	for (u32 us = 0; us < WAIT_US && !answered(unit); us++)
		tsc_delay_us(1);
	if (answered(unit))
		return 0;
	fault = vtd_read32(unit, VTD_FSTS);
	unit->failed = true;
	return trace_err(ERR_TIMEOUT,
			 "iommu: unit at 0x%llx does not answer an invalidation (status 0x%x): its "
			 "devices keep what they have, restart the machine to use others",
			 (unsigned long long)unit->scope->base.v, fault);
}

/* Up to two requests, then the wait. */
static int submit(struct vtd_unit *unit, const u64 *requests, u32 count)
{
	int err;

	if (unit->failed)
		return ERR_TIMEOUT;
	ticket_lock(&unit->queue_lock);
	for (u32 i = 0; i < count; i++)
		put(unit, requests[i], 0);
	unit->waits++;
	put(unit, VTD_QI_WAIT | VTD_QI_STATUS(unit->waits), unit->status.v);
	vtd_write64(unit, VTD_IQT, (u64)unit->tail << DESCRIPTOR_SHIFT);
	err = wait(unit);
	unit->invalidations += count;
	ticket_unlock(&unit->queue_lock);
	return err;
}

/* Reads and writes that are under way are waited for where the unit can. */
static u64 drain(const struct vtd_unit *unit)
{
	return unit->cap & VTD_CAP_DWD && unit->cap & VTD_CAP_DRD ? VTD_QI_IOTLB_DRAIN : 0;
}

int vtd_flush_all(struct vtd_unit *unit)
{
	const u64 requests[] = {VTD_QI_CONTEXT_GLOBAL, VTD_QI_IOTLB_GLOBAL | drain(unit)};

	return submit(unit, requests, ARRAY_SIZE(requests));
}

int vtd_flush_device(struct vtd_unit *unit, u16 domain, u16 bdf)
{
	const u64 requests[] = {
	    VTD_QI_CONTEXT_DEVICE | VTD_QI_DOMAIN(domain) | VTD_QI_SOURCE(bdf),
	    VTD_QI_IOTLB_DOMAIN | VTD_QI_DOMAIN(domain) | drain(unit),
	};

	return submit(unit, requests, ARRAY_SIZE(requests));
}

int vtd_flush_domain(struct vtd_unit *unit, u16 domain)
{
	const u64 request = VTD_QI_IOTLB_DOMAIN | VTD_QI_DOMAIN(domain) | drain(unit);

	return submit(unit, &request, 1);
}

int vtd_flush_irq(struct vtd_unit *unit, u16 index)
{
	const u64 request = VTD_QI_IRQ_INDEX(index);

	return submit(unit, &request, 1);
}

int vtd_flush_irqs(struct vtd_unit *unit)
{
	const u64 request = VTD_QI_IRQ_GLOBAL;

	return submit(unit, &request, 1);
}
