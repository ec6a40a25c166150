/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/cpu/tsc.h"
#include "arch/x86/irq/ioapic.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "drivers/iommu/machine.h"
#include "drivers/pci/regs.h"
#include "kernel/mm/heap.h"
#include "kernel/time/time.h"
#include "tests/host/iommu/vtd_model.h"

/* 65,536 domains, 39 and 48 bits, 2 MiB and 1 GiB leaves, one fault record, drains: as in QEMU. */
#define CAP 0x00d2008c222f0606ull
#define ECAP 0x0000000000f00f5aull /* walks do not snoop */
#define NIC PCI_BDF(1, 0, 0)
#define DISK PCI_BDF(0, 3, 0)
#define USB PCI_BDF(0, 4, 0)
#define BEHIND_PCI PCI_BDF(2, 1, 0)

static struct pci_device *nic, *disk, *usb, *behind_pci;
static struct dmar_path port_path = {1, 0}, usb_path = {4, 0};
static struct dmar_scope port_scope = {DMAR_SCOPE_BRIDGE, 0, 0, 1, &port_path};
static struct dmar_scope usb_scope = {DMAR_SCOPE_ENDPOINT, 0, 0, 1, &usb_path};
static struct dmar_unit table[] = {
    {.type = DMAR_DRHD, .all = true, .base = {MODEL_BASE}, .size = PAGE_SIZE},
    {.type = DMAR_RMRR,
     .base = {0x7f000000},
     .size = 0x2000,
     .scopes = &usb_scope,
     .scope_count = 1},
};
static struct dmar dmar = {.units = table, .count = 2, .interrupt_remapping = true};
static bool reserved_is_ram, x2apic = true;
static const struct ioapic_remapping *ioapics;

bool lapic_is_x2apic(void)
{
	return x2apic;
}

void ioapic_remap(const struct ioapic_remapping *remapping)
{
	ioapics = remapping;
}

void tsc_delay_us(u64 us)
{
	(void)us;
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer->fn = fn;
}

void timer_arm(struct timer *timer, u64 deadline)
{
	timer->deadline = deadline;
}

/* The unit's interrupt is not part of this. */
int irq_vector_alloc(irq_handler_t fn, void *arg)
{
	(void)fn;
	(void)arg;
	return ERR_NOMEM;
}

static struct pci_device *device(u16 bdf, struct pci_device *parent, u16 pcie, u8 type)
{
	struct pci_device *d = heap_alloc(sizeof(*d));

	list_init(&d->link);
	d->bdf = bdf;
	d->parent = parent;
	d->pcie = pcie;
	d->pcie_type = type;
	pci_device_add(d);
	return d;
}

static struct pci_device *bridge(u16 bdf, u8 secondary, u16 pcie, u8 type)
{
	struct pci_device *d = device(bdf, NULL, pcie, type);

	d->bridge = true;
	d->secondary = d->subordinate = secondary;
	return d;
}

static int machine(void **state)
{
	(void)state;
	nic = device(NIC, bridge(PCI_BDF(0, 1, 0), 1, 0x40, PCIE_TYPE_ROOT_PORT), 0x40, 0);
	disk = device(DISK, NULL, 0, 0);
	usb = device(USB, NULL, 0, 0);
	behind_pci = device(BEHIND_PCI, bridge(PCI_BDF(0, 5, 0), 2, 0x40, PCIE_TYPE_TO_PCI), 0, 0);
	return 0;
}

static bool is_ram(hpa_t pa, u64 size)
{
	(void)pa;
	(void)size;
	return reserved_is_ram;
}

static int stop(void **state)
{
	struct list *it, *next;

	(void)state;
	if (iommu.domain_list.next) {
		list_for_each_safe (it, next, &iommu.device_list)
			heap_free(list_entry(it, struct iommu_device, link));
		list_for_each_safe (it, next, &iommu.domain_list)
			heap_free(list_entry(it, struct iommu_domain, link));
	}
	heap_free(iommu.units);
	heap_free(iommu.domain_ids);
	heap_free(iommu.irqs_used);
	memset(&iommu, 0, sizeof(iommu));
	reserved_is_ram = false;
	return 0;
}

static int start_with(u64 cap, u64 ecap)
{
	stop(NULL);
	model_reset(cap, ecap);
	return iommu_start(&dmar, is_ram);
}

static int start(void **state)
{
	(void)state;
	return start_with(CAP, ECAP);
}

static void goes_to(u16 bdf, u64 address, bool write, u64 where)
{
	u64 to = 0;

	assert_true(model_dma(bdf, address, write, &to));
	assert_int_equal(to, where);
}

static void is_blocked(u16 bdf, u64 address)
{
	u64 to;

	assert_false(model_dma(bdf, address, false, &to));
	assert_false(model_dma(bdf, address, true, &to));
}

static void nothing_is_reached_without_a_domain(void **state)
{
	(void)state;
	assert_true(iommu_active());
	is_blocked(NIC, 0x1000);
	is_blocked(DISK, 0);
	is_blocked(PCI_BDF(0xff, 0x1f, 7), ~0ull);
	assert_int_equal(vtd_model.malformed, 0);
}

static void a_domain_is_all_that_is_reached(void **state)
{
	struct iommu_domain *d = iommu_domain_create("vm", RADIX_1G);

	(void)state;
	assert_int_equal(iommu_map(d, 0, HPA(GIB(4)), GIB(1), RADIX_RW), 0);
	assert_int_equal(iommu_map(d, GIB(1), HPA(MIB(6)), MIB(2), RADIX_R), 0);
	assert_int_equal(iommu_attach(d, nic), 0);
	goes_to(NIC, 0x1234, true, GIB(4) + 0x1234);
	assert_int_equal(vtd_model.steps, 5); /* root, context in two halves, two levels */
	goes_to(NIC, GIB(1) - 1, false, GIB(5) - 1);
	goes_to(NIC, GIB(1) + 5, false, MIB(6) + 5);
	is_blocked(NIC, GIB(1) + MIB(2));
	is_blocked(DISK, 0x1234);
	assert_false(model_dma(NIC, GIB(1) + 5, true, &(u64){0}));
	assert_int_equal(d->table.stats.leaves[RADIX_1G], 1);
	assert_int_equal(d->table.stats.leaves[RADIX_2M], 1);
	assert_int_equal(vtd_model.malformed, 0);
}

static void what_is_unmapped_is_out_of_reach(void **state)
{
	struct iommu_domain *d = iommu_domain_create("vm", RADIX_1G);

	(void)state;
	assert_int_equal(iommu_map(d, MIB(2), HPA(MIB(2)), MIB(4), RADIX_RW), 0);
	assert_int_equal(iommu_attach(d, nic), 0);
	assert_int_equal(iommu_attach(d, nic), ERR_BUSY);
	goes_to(NIC, MIB(2), true, MIB(2));
	goes_to(NIC, MIB(4), true, MIB(4));
	assert_int_equal(iommu_unmap(d, MIB(2), PAGE_SIZE), 0);
	is_blocked(NIC, MIB(2));
	goes_to(NIC, MIB(4), true, MIB(4));
	assert_int_equal(iommu_unmap(d, MIB(2), MIB(4)), 0);
	is_blocked(NIC, MIB(4));
	assert_int_equal(iommu_map(d, MIB(2), HPA(MIB(8)), PAGE_SIZE, RADIX_RW), 0);
	goes_to(NIC, MIB(2), true, MIB(8));
}

static void a_device_changes_its_domain(void **state)
{
	struct iommu_domain *a = iommu_domain_create("a", RADIX_1G);
	struct iommu_domain *b = iommu_domain_create("b", RADIX_1G);

	(void)state;
	assert_int_not_equal(a->id, b->id);
	assert_int_equal(iommu_map(a, 0, HPA(MIB(2)), MIB(2), RADIX_RW), 0);
	assert_int_equal(iommu_map(b, 0, HPA(MIB(4)), MIB(2), RADIX_RW), 0);
	assert_int_equal(iommu_attach(a, nic), 0);
	goes_to(NIC, 8, true, MIB(2) + 8);
	assert_int_equal(iommu_detach(nic), 0);
	is_blocked(NIC, 8);
	assert_int_equal(iommu_detach(nic), ERR_NOENT);
	assert_int_equal(iommu_attach(b, nic), 0);
	goes_to(NIC, 8, true, MIB(4) + 8);
	assert_int_equal(iommu_detach(nic), 0);
	iommu_domain_destroy(a);
	iommu_domain_destroy(b);
	assert_int_equal(vtd_model.malformed, 0);
}

static void leaves_are_what_units_can(void **state)
{
	static const struct {
		u64 lacks;
		unsigned wanted, limit, leaf;
	} cases[] = {
	    {0, RADIX_1G, 0, RADIX_1G},
	    {0, RADIX_2M, 0, RADIX_2M},
	    {0, RADIX_4K, 0, RADIX_4K},
	    {VTD_CAP_1G, RADIX_1G, 0, RADIX_2M},
	    {VTD_CAP_2M | VTD_CAP_1G, RADIX_1G, 0, RADIX_4K},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct iommu_domain *d;
		u64 size = cases[i].leaf == RADIX_4K ? MIB(4) : GIB(1);

		assert_int_equal(start_with(CAP & ~cases[i].lacks, ECAP), 0);
		d = iommu_domain_create("vm", cases[i].wanted);
		assert_int_equal(iommu_map(d, GIB(1), HPA(GIB(1)), size, RADIX_RW), 0);
		assert_int_equal(d->table.stats.leaves[cases[i].leaf],
				 size / RADIX_LEVEL_SIZE(cases[i].leaf));
		assert_int_equal(iommu_attach(d, disk), 0);
		goes_to(DISK, GIB(1) + 0x123456, true, GIB(1) + 0x123456);
		assert_int_equal(vtd_model.malformed, 0);
	}
}

static void narrow_units_have_three_levels(void **state)
{
	struct iommu_domain *d;

	(void)state;
	assert_int_equal(start_with(CAP & ~(VTD_SAGAW_48 << 8), ECAP), 0);
	d = iommu_domain_create("vm", RADIX_1G);
	assert_int_equal(iommu_map(d, GIB(511), HPA(GIB(1)), GIB(1), RADIX_RW), 0);
	assert_int_equal(iommu_map(d, GIB(512), HPA(GIB(1)), GIB(1), RADIX_RW), ERR_RANGE);
	assert_int_equal(iommu_attach(d, nic), 0);
	goes_to(NIC, GIB(511) + 7, true, GIB(1) + 7);
	is_blocked(NIC, GIB(512));
	assert_int_equal(start_with(CAP & ~(31ull << 8), ECAP), ERR_UNSUPPORTED);
	assert_false(iommu_active());
	assert_int_equal(start_with(CAP, ECAP & ~VTD_ECAP_QI), ERR_UNSUPPORTED);
}

static void units_that_do_not_answer_are_given_up(void **state)
{
	struct iommu_domain *d;
	u64 to;

	(void)state;
	stop(NULL);
	model_reset(CAP, ECAP);
	vtd_model.deaf_commands = true;
	assert_int_equal(iommu_start(&dmar, is_ram), ERR_TIMEOUT);
	assert_false(iommu_active());
	assert_true(model_dma(NIC, 5, true, &to)); /* as before */
	assert_int_equal(start_with(CAP, ECAP), 0);
	d = iommu_domain_create("vm", RADIX_1G);
	assert_int_equal(iommu_map(d, 0, HPA(MIB(2)), MIB(2), RADIX_RW), 0);
	assert_int_equal(iommu_attach(d, nic), 0);
	vtd_model.deaf_invalidations = true;
	assert_int_equal(iommu_unmap(d, 0, PAGE_SIZE), ERR_TIMEOUT);
	assert_int_equal(iommu_attach(d, disk), ERR_NOENT);
	assert_int_equal(iommu_detach(nic), ERR_TIMEOUT);
}

static void reserved_regions_are_kept(void **state)
{
	(void)state;
	goes_to(USB, 0x7f001fff, true, 0x7f001fff);
	is_blocked(USB, 0x7f002000);
	is_blocked(DISK, 0x7f000000);
	/* The core's driver takes it over. */
	assert_int_equal(iommu_dma_attach(usb), 0);
	is_blocked(USB, 0x7f000000);
	assert_int_equal(iommu_dma_attach(usb), 0);
	stop(NULL);
	reserved_is_ram = true;
	model_reset(CAP, ECAP);
	assert_int_equal(iommu_start(&dmar, is_ram), 0);
	is_blocked(USB, 0x7f000000);
}

/* What firmware says wrong of a device costs that device, and no other. */
static void devices_that_no_guest_may_have(void **state)
{
	struct pci_device vf = {.bdf = PCI_BDF(0, 4, 1), .pf = usb};
	struct dmar_scope disk_scope = {DMAR_SCOPE_ENDPOINT, 0, 0, 1, &(struct dmar_path){3, 0}};
	struct dmar_unit two[] = {table[0], table[0], table[0], table[1]};
	struct dmar broken = {.units = two, .count = 4, .interrupt_remapping = true};
	struct iommu_domain *d;

	(void)state;
	assert_null(iommu_unfit(disk));
	assert_null(iommu_unfit(nic));
	assert_null(iommu_unfit(&vf));
	assert_non_null(strstr(iommu_unfit(usb), "RMRR"));
	assert_non_null(strstr(iommu_unfit(behind_pci), "bridge"));
	two[0].all = two[1].all = false;
	two[0].scopes = two[1].scopes = &disk_scope;
	two[0].scope_count = two[1].scope_count = 1;
	two[1].base.v += PAGE_SIZE;
	two[2].base.v += 2 * PAGE_SIZE;
	stop(NULL);
	model_reset(CAP, ECAP);
	reserved_is_ram = true;
	assert_int_equal(iommu_start(&broken, is_ram), 0);
	assert_non_null(strstr(iommu_unfit(disk), "two"));
	assert_non_null(strstr(iommu_unfit(usb), "RMRR"));
	for (vtd_model.unit = 0; vtd_model.unit < 3; vtd_model.unit++)
		is_blocked(DISK, 0);
	vtd_model.unit = 2; /* the rest */
	is_blocked(USB, 0x7f000000);
	assert_null(iommu_unfit(nic));
	d = iommu_domain_create("vm", RADIX_1G);
	assert_int_equal(iommu_map(d, 0, HPA(MIB(2)), MIB(2), RADIX_RW), 0);
	assert_int_equal(iommu_attach(d, nic), 0);
	goes_to(NIC, 5, true, MIB(2) + 5);
	vtd_model.deaf_invalidations = true;
	assert_int_equal(iommu_unmap(d, 0, PAGE_SIZE), ERR_TIMEOUT);
	assert_non_null(strstr(iommu_unfit(nic), "does not answer"));
	two[2].segment = 1;
	stop(NULL);
	model_reset(CAP, ECAP);
	assert_int_equal(iommu_start(&broken, is_ram), 0);
	assert_non_null(strstr(iommu_unfit(nic), "no remapping unit"));
}

static void the_core_shares_its_buffers_alone(void **state)
{
	hpa_t a, b;

	(void)state;
	assert_int_equal(iommu_dma_alloc(2 * PAGE_SIZE, &a), 0);
	assert_int_equal(iommu_dma_attach(nic), 0);
	assert_int_equal(iommu_dma_alloc(PAGE_SIZE, &b), 0);
	goes_to(NIC, a.v + PAGE_SIZE, true, a.v + PAGE_SIZE);
	goes_to(NIC, b.v, true, b.v);
	is_blocked(NIC, iommu.core->table.root.v);
	iommu_dma_free(a, 2 * PAGE_SIZE);
	is_blocked(NIC, a.v);
	goes_to(NIC, b.v, true, b.v);
}

static void devices_without_a_name_of_their_own(void **state)
{
	struct iommu_domain *d = iommu_domain_create("vm", RADIX_1G);
	struct pci_device vf = {.bdf = PCI_BDF(1, 16, 0), .pf = nic, .parent = nic->parent};

	(void)state;
	assert_int_equal(iommu_attach(d, behind_pci), ERR_UNSUPPORTED);
	table[0].all = false; /* only what is behind the port */
	table[0].scopes = &port_scope;
	table[0].scope_count = 1;
	assert_int_equal(iommu_attach(d, disk), ERR_NOENT);
	assert_int_equal(iommu_attach(d, nic), 0);
	assert_int_equal(iommu_attach(d, &vf), 0);
	port_scope.type = DMAR_SCOPE_ENDPOINT;
	assert_int_equal(iommu_detach(nic), 0);
	assert_int_equal(iommu_attach(d, nic), ERR_NOENT);
	port_scope.type = DMAR_SCOPE_BRIDGE;
	table[0].all = true;
	table[0].scope_count = 0;
}

static void failed_allocations_leave_nothing(void **state)
{
	struct iommu_domain *d = iommu_domain_create("vm", RADIX_1G);
	int err = ERR_NOMEM;

	(void)state;
	for (int n = 0; err; n++) {
		u32 before = model_pages_used();

		model_fail_after(n);
		err = iommu_map(d, 0x1000, HPA(0x1000), MIB(2), RADIX_RW);
		if (err)
			assert_int_equal(model_pages_used(), before);
	}
	model_fail_after(0);
	assert_int_equal(iommu_attach(d, nic), ERR_NOMEM);
	model_fail_after(-1);
	is_blocked(NIC, 0x1000);
	assert_int_equal(iommu_attach(d, nic), 0);
	goes_to(NIC, 0x1000, true, 0x1000);
}

static unsigned message(u16 bdf, const struct pci_msi_message *m, struct model_irq *out)
{
	return model_irq(bdf, m->address, m->data, out);
}

static void only_its_owner_causes_an_interrupt(void **state)
{
	struct pci_msi_message m, same;
	struct iommu_irq irq, other;
	struct model_irq got;

	(void)state;
	assert_true(iommu_irqs_confined());
	assert_int_equal(iommu_irq_take(&irq, nic), 0);
	assert_int_equal(iommu_irq_take(&other, disk), 0);
	assert_int_equal(iommu_irq_route(&irq, 0x12345, 0x41, &m), 0);
	assert_int_equal(message(NIC, &m, &got), 0);
	assert_int_equal(got.apic_id, 0x12345);
	assert_int_equal(got.vector, 0x41);
	assert_false(got.level);
	assert_int_equal(message(DISK, &m, &got), 0x26);
	/* It goes elsewhere, by the same message. */
	assert_int_equal(iommu_irq_route(&irq, 2, 0x55, &same), 0);
	assert_memory_equal(&m, &same, sizeof(m));
	assert_int_equal(message(NIC, &m, &got), 0);
	assert_int_equal(got.apic_id, 2);
	assert_int_equal(got.vector, 0x55);
	/* Not routed, beyond the table, and as if nothing remapped. */
	assert_int_equal(
	    model_irq(DISK, VTD_MSI_ADDRESS | VTD_MSI_REMAPPABLE | VTD_MSI_INDEX(other.index), 0,
		      &got),
	    0x22);
	assert_int_equal(
	    model_irq(NIC, VTD_MSI_ADDRESS | VTD_MSI_REMAPPABLE | VTD_MSI_INDEX(0xffff), 0, &got),
	    0x21);
	assert_int_equal(model_irq(NIC, 0xfee00000, 0x41, &got), 0x25);
	iommu_irq_give(&irq);
	assert_int_equal(message(NIC, &m, &got), 0x22);
	iommu_irq_give(&irq);
	iommu_irq_give(&other);
	assert_int_equal(vtd_model.malformed, 0);
}

static void interrupts_run_out_and_come_back(void **state)
{
	static struct iommu_irq irqs[IOMMU_IRQS + 1];
	struct pci_msi_message m;
	struct model_irq got;
	u32 taken, total;

	(void)state;
	for (u32 i = 0; i < IOMMU_IRQS; i++)
		assert_int_equal(iommu_irq_take(&irqs[i], nic), 0);
	assert_int_equal(iommu_irq_take(&irqs[IOMMU_IRQS], nic), ERR_NOMEM);
	iommu_irq_stats(&taken, &total);
	assert_int_equal(taken, IOMMU_IRQS);
	assert_int_equal(total, IOMMU_IRQS);
	assert_int_equal(iommu_irq_route(&irqs[IOMMU_IRQS - 1], 7, 0x80, &m), 0);
	assert_int_equal(message(NIC, &m, &got), 0);
	assert_int_equal(got.apic_id, 7);
	for (u32 i = 0; i < IOMMU_IRQS; i++)
		iommu_irq_give(&irqs[i]);
	iommu_irq_stats(&taken, &total);
	assert_int_equal(taken, 0);
	/* An entry's new owner is not mixed up with the one before, whatever the unit has cached.
	 */
	assert_int_equal(iommu_irq_take(&irqs[0], disk), 0);
	assert_int_equal(iommu_irq_route(&irqs[0], 1, 0x30, &m), 0);
	assert_int_equal(message(DISK, &m, &got), 0);
	assert_int_equal(message(NIC, &m, &got), 0x26);
	assert_int_equal(vtd_model.malformed, 0);
}

static void interrupts_of_xapic(void **state)
{
	struct pci_msi_message m;
	struct iommu_irq irq;
	struct model_irq got;

	(void)state;
	x2apic = false;
	assert_int_equal(start_with(CAP, ECAP & ~VTD_ECAP_EIM), 0);
	assert_true(iommu_irqs_confined());
	assert_int_equal(iommu_irq_take(&irq, nic), 0);
	assert_int_equal(iommu_irq_route(&irq, 0xfe, 0x41, &m), 0);
	assert_int_equal(message(NIC, &m, &got), 0);
	assert_int_equal(got.apic_id, 0xfe);
	assert_int_equal(iommu_irq_route(&irq, 0x100, 0x41, &m), ERR_RANGE);
	assert_int_equal(model_irq(NIC, 0xfee00000, 0x41, &got), 0x25);
	assert_int_equal(vtd_model.malformed, 0);
	x2apic = true;
}

/* Interrupts then go as they did, DMA is confined all the same. */
static void machines_that_do_not_remap_interrupts(void **state)
{
	static const struct {
		u64 lacks;
		bool off;
	} cases[] = {{VTD_ECAP_IR, false}, {VTD_ECAP_EIM, false}, {0, true}};
	struct pci_msi_message m;
	struct iommu_irq irq;
	struct model_irq got;
	u32 taken, total;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		dmar.interrupt_remapping = !cases[i].off;
		assert_int_equal(start_with(CAP, ECAP & ~cases[i].lacks), 0);
		assert_true(iommu_active());
		assert_false(iommu_irqs_confined());
		is_blocked(NIC, 0x1000);
		assert_int_equal(iommu_irq_take(&irq, nic), 0);
		assert_int_equal(iommu_irq_route(&irq, 3, 0x41, &m), 0);
		assert_int_equal(message(NIC, &m, &got), 0);
		assert_int_equal(got.apic_id, 3);
		assert_int_equal(got.vector, 0x41);
		assert_int_equal(iommu_irq_route(&irq, 255, 0x41, &m), ERR_RANGE);
		iommu_irq_give(&irq);
		iommu_irq_stats(&taken, &total);
		assert_int_equal(total, 0);
	}
	dmar.interrupt_remapping = true;
}

static void interrupts_and_a_unit_that_is_deaf(void **state)
{
	struct pci_msi_message m;
	struct iommu_irq irq, next;

	(void)state;
	assert_int_equal(iommu_irq_take(&irq, nic), 0);
	assert_int_equal(iommu_irq_route(&irq, 3, 0x41, &m), 0);
	vtd_model.deaf_invalidations = true;
	assert_int_equal(iommu_irq_route(&irq, 4, 0x41, &m), ERR_TIMEOUT);
	iommu_irq_give(&irq);
	assert_int_equal(iommu_irq_take(&next, disk), 0);
	assert_int_not_equal(irq.index, next.index); /* lost rather than given to another */
}

static void lines_of_an_ioapic(void **state)
{
	static struct dmar_path path = {0x1e, 1};
	static struct dmar_scope scope = {DMAR_SCOPE_IOAPIC, 2, 0xf0, 1, &path};
	struct model_irq got;
	u64 entry;

	(void)state;
	table[0].scopes = &scope;
	table[0].scope_count = 1;
	assert_int_equal(start_with(CAP, ECAP), 0);
	assert_int_equal(ioapics->entry(3, 0x44, 1, true, &entry), ERR_NOENT);
	assert_int_equal(ioapics->entry(2, 0x44, 0x101, true, &entry), 0);
	assert_true(entry & BIT(48));
	assert_int_equal(model_irq(PCI_BDF(0xf0, 0x1e, 1),
				   VTD_MSI_ADDRESS | VTD_MSI_REMAPPABLE |
				       VTD_MSI_INDEX(entry >> 49 | (entry >> 11 & 1) << 15),
				   0, &got),
			 0);
	assert_int_equal(got.apic_id, 0x101);
	assert_int_equal(got.vector, 0x44);
	assert_true(got.level);
	assert_int_equal(vtd_model.malformed, 0);
	table[0].scope_count = 0;
	table[0].scopes = NULL;
}

static char log_text[4096];

static void log_line(enum klog_level level, const char *text, size_t len)
{
	(void)level;
	(void)strncat(log_text, text, MIN(len, sizeof(log_text) - strlen(log_text) - 2));
	strcat(log_text, "\n");
}

static u32 log_count(const char *text)
{
	u32 n = 0;

	for (const char *at = log_text; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void faults_have_an_owner(void **state)
{
	static const struct klog_sink sink = {.line = log_line};
	struct iommu_domain *a = iommu_domain_create("web", RADIX_1G);
	struct iommu_domain *b = iommu_domain_create("db", RADIX_1G);
	struct iommu_domain_info info;
	struct iommu_unit_info unit;
	struct model_irq got;

	(void)state;
	assert_int_equal(iommu_attach(a, nic), 0);
	assert_int_equal(iommu_attach(b, disk), 0);
	klog_set_sink(&sink);
	for (u32 i = 0; i < 100; i++) {
		is_blocked(NIC, 0x5000);
		assert_true(iommu_unit_info(0, &unit));
	}
	/* One device's flood does not hide another's. */
	assert_int_equal(log_count("0000:01:00.0 (web): read of 0x5000 blocked: it may not read"),
			 KLOG_BURST);
	is_blocked(DISK, 0x7000);
	assert_true(iommu_unit_info(0, &unit));
	assert_int_equal(log_count("0000:00:03.0 (db): read of 0x7000 blocked"), 1);
	assert_int_equal(model_irq(NIC, 0xfee00000, 0x41, &got), 0x25);
	assert_true(iommu_unit_info(0, &unit));
	assert_int_equal(unit.faults, 102);
	is_blocked(PCI_BDF(0, 9, 0), 0x1000);
	assert_true(iommu_unit_info(0, &unit));
	assert_int_equal(log_count("0000:00:09.0 (nobody): read of 0x1000 blocked"), 1);
	for (u32 i = 0; iommu_domain_info(i, &info); i++)
		if (!strcmp(info.name, "web"))
			assert_int_equal(info.faults, 101);
	klog_set_sink(NULL);
}

/* Two domains, three devices, everything in any order: a device reaches what the tables of its
 * domain say at that moment, whatever units have cached. */
#define SLOTS 8
static void any_order(u64 ecap)
{
	struct pci_device *const devices[] = {nic, disk, usb};
	struct iommu_domain *domains[2];
	u64 mapped[2][SLOTS] = {{0}};
	int domain_of[3] = {-1, -1, -1};

	assert_int_equal(start_with(CAP, ecap), 0);
	assert_int_equal(iommu_detach(usb), 0);
	domains[0] = iommu_domain_create("a", RADIX_1G);
	domains[1] = iommu_domain_create("b", RADIX_2M);
	for (u32 round = 0; round < 4000; round++) {
		u32 d = (u32)rand() % 2, s = (u32)rand() % SLOTS, v = (u32)rand() % 3;
		u64 size = s % 2 ? PAGE_SIZE : MIB(2), iova = MIB(2) * (s + 1);

		switch (rand() % 4) {
		case 0:
			if (mapped[d][s])
				break;
			mapped[d][s] = MIB(2) * (1 + (u32)rand() % 100);
			assert_int_equal(
			    iommu_map(domains[d], iova, HPA(mapped[d][s]), size, RADIX_RW), 0);
			break;
		case 1:
			assert_int_equal(iommu_unmap(domains[d], iova, size), 0);
			mapped[d][s] = 0;
			break;
		case 2:
			if (domain_of[v] < 0) {
				assert_int_equal(iommu_attach(domains[d], devices[v]), 0);
				domain_of[v] = (int)d;
			}
			break;
		default:
			if (domain_of[v] >= 0)
				assert_int_equal(iommu_detach(devices[v]), 0);
			domain_of[v] = -1;
		}
		for (u32 i = 0; i < 3 * SLOTS; i++) {
			u64 at = MIB(2) * (i / 3 + 1);
			u64 want = domain_of[i % 3] < 0 ? 0 : mapped[domain_of[i % 3]][i / 3];

			if (want)
				goes_to(devices[i % 3]->bdf, at + 8, true, want + 8);
			else
				is_blocked(devices[i % 3]->bdf, at + 8);
		}
	}
	assert_int_equal(vtd_model.malformed, 0);
}

static void any_order_is_right(void **state)
{
	(void)state;
	srand(7);
	any_order(ECAP);
	any_order(ECAP | VTD_ECAP_COHERENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_reached_without_a_domain),
	    TEST(a_domain_is_all_that_is_reached),
	    TEST(what_is_unmapped_is_out_of_reach),
	    TEST(a_device_changes_its_domain),
	    TEST(leaves_are_what_units_can),
	    TEST(narrow_units_have_three_levels),
	    TEST(units_that_do_not_answer_are_given_up),
	    TEST(reserved_regions_are_kept),
	    TEST(devices_that_no_guest_may_have),
	    TEST(the_core_shares_its_buffers_alone),
	    TEST(devices_without_a_name_of_their_own),
	    TEST(failed_allocations_leave_nothing),
	    TEST(any_order_is_right),
	    TEST(only_its_owner_causes_an_interrupt),
	    TEST(interrupts_run_out_and_come_back),
	    TEST(interrupts_of_xapic),
	    TEST(machines_that_do_not_remap_interrupts),
	    TEST(interrupts_and_a_unit_that_is_deaf),
	    TEST(lines_of_an_ioapic),
	    TEST(faults_have_an_owner),
	};

	return cmocka_run_group_tests(tests, machine, NULL);
}
