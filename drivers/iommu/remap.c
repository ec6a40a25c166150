/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt remapping: VT-d 4.1, chapter 5. One table serves all units. An entry names the one
 * requester that may use it, so that a number guessed by another device leads nowhere, and
 * messages that name a vector themselves (compatibility format) are blocked.
 */
#include <string.h>

#include "arch/x86/irq/ioapic.h"
#include "arch/x86/irq/lapic.h"
#include "drivers/iommu/machine.h"
#include "kernel/lib/bitmap.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"

#define TABLE_ORDER (IOMMU_IRQS_SHIFT + 4 - PAGE_SHIFT)
#define XAPIC_ID_MAX 254

struct entry {
	u64 low, high;
};
static_assert(IOMMU_IRQS * sizeof(struct entry) == PAGE_SIZE << TABLE_ORDER, "a table's pages");

bool iommu_irqs_confined(void)
{
	return iommu.irqs_confined;
}

static struct entry *entry_of(u16 index)
{
	return (struct entry *)page_virt(iommu.irqs) + index;
}

static void entry_writeback(const struct entry *e)
{
	for (u32 i = 0; i < iommu.count; i++)
		vtd_writeback(&iommu.units[i], e, sizeof(*e));
}

static int entry_flush(u16 index)
{
	int err = 0;

	for (u32 i = 0; i < iommu.count; i++)
		if (vtd_flush_irq(&iommu.units[i], index))
			err = ERR_TIMEOUT;
	return err;
}

/* Take an entry for a requester; it is not present yet. */
static int entry_take(struct iommu_irq *irq, u16 source)
{
	struct entry *e;
	size_t index;

	ticket_lock(&iommu.irq_lock);
	index = bitmap_next_clear(iommu.irqs_used, IOMMU_IRQS, 0);
	if (index < IOMMU_IRQS) {
		bitmap_set(iommu.irqs_used, index);
		iommu.irq_count++;
	}
	ticket_unlock(&iommu.irq_lock);
	if (index >= IOMMU_IRQS)
		return trace_err(ERR_NOMEM, "iommu: all %u remapped interrupts are in use",
				 IOMMU_IRQS);
	*irq = (struct iommu_irq){.taken = true, .index = (u16)index, .source = source};
	e = entry_of(irq->index);
	e->high = VTD_IRTE_SOURCE(source) | VTD_IRTE_VERIFY_SOURCE;
	entry_writeback(e);
	return 0;
}

/* Its requester stays the same, so that one store changes all. */
static int entry_route(const struct iommu_irq *irq, u32 apic_id, u8 vector)
{
	struct entry *e = entry_of(irq->index);
	u64 low = VTD_IRTE_PRESENT | VTD_IRTE_VECTOR(vector) | (irq->level ? VTD_IRTE_LEVEL : 0) |
		  (iommu.x2apic ? VTD_IRTE_X2APIC(apic_id) : VTD_IRTE_XAPIC(apic_id));

	if (!iommu.x2apic && apic_id > XAPIC_ID_MAX)
		return trace_err(ERR_RANGE,
				 "iommu: interrupts do not reach the processor with APIC ID %u: "
				 "turn x2APIC on in the firmware",
				 apic_id);
	if (e->low == low)
		return 0;
	__atomic_store_n(&e->low, low, __ATOMIC_RELEASE);
	entry_writeback(e);
	return entry_flush(irq->index);
}

int iommu_irq_take(struct iommu_irq *irq, const struct pci_device *dev)
{
	*irq = (struct iommu_irq){.taken = true, .source = dev->bdf};
	return iommu.irqs_confined ? entry_take(irq, dev->bdf) : 0;
}

int iommu_irq_route(struct iommu_irq *irq, u32 apic_id, u8 vector, struct pci_msi_message *out)
{
	int err;

	if (!iommu.irqs_confined)
		return pci_msi_message(apic_id, vector, out);
	err = entry_route(irq, apic_id, vector);
	*out = (struct pci_msi_message){.address = VTD_MSI_ADDRESS | VTD_MSI_REMAPPABLE |
						   VTD_MSI_INDEX(irq->index)};
	return err;
}

void iommu_irq_give(struct iommu_irq *irq)
{
	struct entry *e;

	if (irq->taken && iommu.irqs_confined) {
		e = entry_of(irq->index);
		__atomic_store_n(&e->low, 0, __ATOMIC_RELEASE);
		entry_writeback(e);
		if (entry_flush(irq->index)) {
			log_err("iommu: interrupt %u cannot be used again", irq->index);
			return;
		}
		ticket_lock(&iommu.irq_lock);
		bitmap_clear(iommu.irqs_used, irq->index);
		iommu.irq_count--;
		ticket_unlock(&iommu.irq_lock);
	}
	*irq = (struct iommu_irq){.taken = false};
}

void iommu_irq_stats(u32 *taken, u32 *total)
{
	*taken = iommu.irq_count;
	*total = iommu.irqs_confined ? IOMMU_IRQS : 0;
}

/* --- I/O APICs ---------------------------------------------------------------------------------
 */

/* The requester ID of an I/O APIC: firmware names a place where no function need be (8.3.1.1). */
static bool ioapic_source(u8 id, u16 *source)
{
	for (u32 i = 0; i < iommu.count; i++) {
		const struct dmar_unit *unit = iommu.units[i].scope;

		for (u32 n = 0; n < unit->scope_count; n++) {
			const struct dmar_scope *s = &unit->scopes[n];
			const struct dmar_path *last = &s->path[s->path_count - 1];

			u8 bus;

			if (s->type != DMAR_SCOPE_IOAPIC || s->enumeration_id != id ||
			    !vtd_scope_bus(s, unit->segment, &bus))
				continue;
			*source = PCI_BDF(bus, last->device, last->function);
			return true;
		}
	}
	return false;
}

/* Lines are routed once, at boot, and keep their entry. */
static int ioapic_entry(u8 id, u8 vector, u32 apic_id, bool level, u64 *out)
{
	struct iommu_irq irq;
	u16 source;
	int err;

	if (!ioapic_source(id, &source))
		return trace_err(ERR_NOENT,
				 "iommu: firmware does not tell how I/O APIC %u sends interrupts: "
				 "its devices are polled, update the firmware",
				 id);
	err = entry_take(&irq, source);
	if (err)
		return err;
	irq.level = level;
	err = entry_route(&irq, apic_id, vector);
	if (err)
		iommu_irq_give(&irq);
	*out = VTD_IOAPIC_REMAPPABLE | VTD_IOAPIC_INDEX(irq.index);
	return err;
}

/* --- turning it on -----------------------------------------------------------------------------
 */

/* Why interrupts cannot be remapped, with what to do; NULL: they can. */
static const char *missing(const struct dmar *dmar)
{
	if (!dmar->interrupt_remapping)
		return "the firmware says that it is not supported: turn it on in the setup";
	for (u32 i = 0; i < iommu.count; i++) {
		if (!(iommu.units[i].ecap & VTD_ECAP_IR))
			return "a unit lacks it";
		if (lapic_is_x2apic() && !(iommu.units[i].ecap & VTD_ECAP_EIM))
			return "a unit lacks the extended mode that x2APIC needs: turn x2APIC off "
			       "in the setup";
	}
	return NULL;
}

static int unit_enable(struct vtd_unit *unit)
{
	int err;

	vtd_write64(unit, VTD_IRTA,
		    iommu.irqs.v | (iommu.x2apic ? VTD_IRTA_EIME : 0) | (IOMMU_IRQS_SHIFT - 1));
	err = vtd_command(unit, VTD_GCMD_SIRTP, true);
	if (!err)
		err = vtd_flush_irqs(unit);
	return err ? err : vtd_command(unit, VTD_GCMD_IRE, true);
}

static int table_create(void)
{
	iommu.irqs_used = heap_alloc_array(BITMAP_WORDS(IOMMU_IRQS), sizeof(u64));
	if (!iommu.irqs_used || page_alloc_zeroed(TABLE_ORDER, 0, &iommu.irqs))
		return trace_err(ERR_NOMEM, "iommu: no memory for the interrupt table");
	for (u32 i = 0; i < iommu.count; i++)
		vtd_writeback(&iommu.units[i], page_virt(iommu.irqs), PAGE_SIZE << TABLE_ORDER);
	return 0;
}

int iommu_irqs_start(const struct dmar *dmar)
{
	static const struct ioapic_remapping remapping = {.entry = ioapic_entry};
	const char *why = missing(dmar);
	int err;

	if (why) {
		log_warn("iommu: interrupts are not remapped, so no device can be passed to a "
			 "guest: %s",
			 why);
		return 0;
	}
	iommu.x2apic = lapic_is_x2apic();
	err = table_create();
	for (u32 i = 0; i < iommu.count && !err; i++)
		err = unit_enable(&iommu.units[i]);
	if (err)
		return err;
	iommu.irqs_confined = true;
	ioapic_remap(&remapping);
	return 0;
}
