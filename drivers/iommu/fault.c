/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults that units record: VT-d 4.1, chapter 7. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/irq.h"
#include "drivers/iommu/machine.h"
#include "drivers/pci/msi.h"
#include "kernel/time/time.h"

#define BURST_INTERRUPTS 16
#define BURST_NS 1000000000ull

static const char *const reasons[] = {
    [0x1] = "the device may not use DMA at all: its bus has no devices that may",
    [0x2] = "the device is attached to nothing: it may not use DMA",
    [0x3] = "its context entry is malformed",
    [0x4] = "the address is wider than the unit can translate",
    [0x5] = "it may not write there",
    [0x6] = "it may not read there",
    [0x7] = "a page table could not be read",
    [0x8] = "the root table could not be read",
    [0x9] = "a context table could not be read",
    [0xa] = "reserved bits are set in a root entry",
    [0xb] = "reserved bits are set in a context entry",
    [0xc] = "reserved bits are set in a page table",
    [0xd] = "the unit blocks requests of this kind",
    [0x20] = "reserved bits are set in an interrupt request",
    [0x21] = "the interrupt's index is beyond the table",
    [0x22] = "no interrupt of that index was given out",
    [0x23] = "the interrupt table could not be read",
    [0x24] = "reserved bits are set in an interrupt entry",
    [0x25] = "the message names a vector itself, which no device may",
    [0x26] = "that interrupt was given to another device",
};

const char *vtd_fault_reason(u8 reason)
{
	return reason < ARRAY_SIZE(reasons) && reasons[reason] ? reasons[reason]
							       : "for a reason not known here";
}

/* Whose device it was, and the limit for reports on it. */
static const char *blame(u16 segment, u16 source, struct klog_limit **limit)
{
	static struct klog_limit of_strangers;
	struct iommu_device *device = iommu_device_find(segment, source);

	*limit = device ? &device->domain->fault_limit : &of_strangers;
	if (!device)
		return "nobody";
	device->domain->faults++;
	return device->domain->name;
}

static void report(const struct vtd_unit *unit, u64 low, u64 high)
{
	u16 segment = unit->scope->segment, source = VTD_FRCD_SOURCE(high);
	u8 reason = VTD_FRCD_REASON(high);
	struct klog_limit *limit;
	const char *owner;

	ticket_lock(&iommu.lock);
	owner = blame(segment, source, &limit);
	if (reason >= VTD_REASON_INTERRUPT)
		klog_limited(limit, KLOG_WARN,
			     "iommu: %04x:%02x:%02x.%x (%s): interrupt %u blocked: %s", segment,
			     PCI_BUS(source), PCI_DEV(source), PCI_FN(source), owner,
			     VTD_FRCD_INDEX(low), vtd_fault_reason(reason));
	else
		klog_limited(limit, KLOG_WARN,
			     "iommu: %04x:%02x:%02x.%x (%s): %s of 0x%llx blocked: %s", segment,
			     PCI_BUS(source), PCI_DEV(source), PCI_FN(source), owner,
			     high & VTD_FRCD_READ ? "read" : "write",
			     (unsigned long long)VTD_FRCD_ADDRESS(low), vtd_fault_reason(reason));
	ticket_unlock(&iommu.lock);
}

/* Records form a ring that the unit fills; a device can make faults faster than they are read,
 * so one pass over the ring is all. */
void vtd_faults_read(struct vtd_unit *unit)
{
	u32 count = VTD_CAP_NFR(unit->cap);

	ticket_lock(&unit->fault_lock);
	for (u32 n = 0; n < count; n++) {
		u32 at = VTD_CAP_FRO(unit->cap) + unit->fault_next * VTD_FRCD_BYTES;
		u64 high = vtd_read64(unit, at + VTD_FRCD_HIGH);

		if (!(high & VTD_FRCD_F))
			break;
		report(unit, vtd_read64(unit, at), high);
		unit->faults++;
		vtd_write64(unit, at + VTD_FRCD_HIGH, VTD_FRCD_F);
		unit->fault_next = (unit->fault_next + 1) % count;
	}
	vtd_write32(unit, VTD_FSTS, VTD_FSTS_PFO);
	ticket_unlock(&unit->fault_lock);
}

/* A second after the first interrupt of a burst. */
static void burst_end(struct timer *timer)
{
	struct vtd_unit *unit = container_of(timer, struct vtd_unit, burst_timer);

	unit->burst = 0;
	vtd_faults_read(unit);
	vtd_write32(unit, VTD_FECTL, 0);
}

/* A device may cause faults without end: after some interrupts the rest of the second is quiet,
 * and only the number of faults that fit the unit's records is known. */
static void interrupt(void *arg)
{
	struct vtd_unit *unit = arg;

	vtd_faults_read(unit);
	if (!unit->burst++)
		timer_arm(&unit->burst_timer, rdtsc() + time_ns_to_ticks(BURST_NS));
	if (unit->burst == BURST_INTERRUPTS)
		vtd_write32(unit, VTD_FECTL, VTD_FECTL_MASKED);
}

void vtd_faults_start(struct vtd_unit *unit)
{
	struct pci_msi_message message;

	unit->fault_next = VTD_FSTS_FRI(vtd_read32(unit, VTD_FSTS)) % VTD_CAP_NFR(unit->cap);
	vtd_faults_read(unit);
	timer_init(&unit->burst_timer, burst_end);
	unit->fault_vector = irq_vector_alloc(interrupt, unit);
	if (unit->fault_vector < 0 ||
	    pci_msi_message(this_cpu()->apic_id, (u8)unit->fault_vector, &message)) {
		log_warn("iommu: faults are not reported at once, `iommu` shows their number");
		return;
	}
	vtd_write32(unit, VTD_FEDATA, message.data);
	vtd_write32(unit, VTD_FEADDR, (u32)message.address);
	vtd_write32(unit, VTD_FEUADDR, (u32)(message.address >> 32));
	vtd_write32(unit, VTD_FECTL, 0);
}
