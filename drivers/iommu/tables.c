/* SPDX-License-Identifier: BSD-2-Clause */
/* Root and context tables of the legacy mode: VT-d 4.1, 9.1 and 9.3. */
#include "drivers/iommu/vtd.h"
#include "kernel/mm/page.h"

struct entry {
	u64 low, high;
};
static_assert(VTD_ENTRIES * sizeof(struct entry) == PAGE_SIZE, "a table is one page");

static struct entry *root_entry(const struct vtd_unit *unit, u8 bus)
{
	return (struct entry *)page_virt(unit->root) + bus;
}

/* The context entry of a function, or NULL if its bus has no table. */
static struct entry *context_entry(const struct vtd_unit *unit, u16 bdf)
{
	u64 root = root_entry(unit, PCI_BUS(bdf))->low;

	if (!(root & VTD_ROOT_PRESENT))
		return NULL;
	return (struct entry *)page_virt(HPA(ALIGN_DOWN(root, PAGE_SIZE))) + (bdf & 0xff);
}

static int bus_table_create(struct vtd_unit *unit, u8 bus)
{
	struct entry *root = root_entry(unit, bus);
	hpa_t page;

	if (root->low & VTD_ROOT_PRESENT)
		return 0;
	if (page_alloc_zeroed(0, 0, &page))
		return trace_err(ERR_NOMEM, "iommu: no memory for the devices of a bus");
	vtd_writeback(unit, page_virt(page), PAGE_SIZE);
	__atomic_store_n(&root->low, page.v | VTD_ROOT_PRESENT, __ATOMIC_RELEASE);
	vtd_writeback(unit, root, sizeof(*root));
	return 0;
}

int vtd_context_set(struct vtd_unit *unit, u16 bdf, u16 domain, hpa_t table, unsigned levels)
{
	int err = bus_table_create(unit, PCI_BUS(bdf));
	struct entry *e;

	if (err)
		return err;
	e = context_entry(unit, bdf);
	if (e->low & VTD_CONTEXT_PRESENT)
		return ERR_BUSY;
	e->high = VTD_CONTEXT_WIDTH(levels) | VTD_CONTEXT_DOMAIN(domain);
	vtd_writeback(unit, e, sizeof(*e));
	__atomic_store_n(&e->low, table.v | VTD_CONTEXT_PRESENT, __ATOMIC_RELEASE);
	vtd_writeback(unit, e, sizeof(*e));
	return 0;
}

bool vtd_context_clear(struct vtd_unit *unit, u16 bdf)
{
	struct entry *e = context_entry(unit, bdf);

	if (!e || !(e->low & VTD_CONTEXT_PRESENT))
		return false;
	__atomic_store_n(&e->low, 0, __ATOMIC_RELEASE);
	e->high = 0;
	vtd_writeback(unit, e, sizeof(*e));
	return true;
}

void vtd_contexts_free(struct vtd_unit *unit)
{
	for (u32 bus = 0; bus < VTD_ENTRIES; bus++) {
		u64 root = root_entry(unit, (u8)bus)->low;

		if (root & VTD_ROOT_PRESENT)
			page_free(HPA(ALIGN_DOWN(root, PAGE_SIZE)), 0);
	}
}
