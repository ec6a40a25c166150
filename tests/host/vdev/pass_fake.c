/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vdev/pass_fake.h"

#include <stdio.h>

#include "arch/x86/irq/irq.h"
#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"
#include "kernel/time/time.h"
#include "vmm/vcpu/vcpu.h"

struct pass_fake fake;
static struct pci_device pf, vfs[FAKE_VFS], devices[FAKE_DEVICES];
static struct nic card;
static u8 registers[FAKE_BAR_BYTES] __aligned(PAGE_SIZE);
static struct {
	irq_handler_t fn;
	void *arg;
} vectors[256];
static int vector_next;
struct iommu_domain {
	bool used;
};
static struct iommu_domain domains[8];

void fake_event(const char *fmt, ...)
{
	size_t at = strlen(fake.events);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(fake.events + at, sizeof(fake.events) - at, fmt, ap);
	va_end(ap);
}

void fake_expect(const char *events)
{
	assert_string_equal(fake.events, events);
	fake.events[0] = 0;
}

/* --- the card ----------------------------------------------------------------------------------
 */

static int vf_enable(struct nic *nic, u16 count)
{
	nic->pci->sriov.count = count;
	return 0;
}

static int vf_configure(struct nic *nic, u32 index, const struct nic_vf_config *config)
{
	(void)nic;
	fake_event("configure %u vlan %u ", index, config->vlan);
	return 0;
}

static void vf_open(struct nic *nic, u32 index)
{
	(void)nic;
	fake_event("open %u ", index);
}

static void vf_close(struct nic *nic, u32 index)
{
	(void)nic;
	fake_event("close %u ", index);
}

static void vf_info(struct nic *nic, u32 index, struct nic_vf_info *out)
{
	(void)nic;
	*out = (struct nic_vf_info){.messages = index + 1};
}

static const struct nic_vf_ops card_ops = {vf_enable, vf_configure, vf_open, vf_close, vf_info};

/* --- all of it ----------------------------------------------------------------------------------
 */

static void device_make(struct pci_device *d, u16 bdf)
{
	*d = (struct pci_device){.bdf = bdf, .vendor = 0x8086, .device = 0x10ca};
	d->bar[0] = (struct pci_bar){.base = FAKE_BAR, .size = FAKE_BAR_BYTES, .wide = true};
	d->bar[3] = (struct pci_bar){.base = FAKE_BAR + FAKE_BAR_BYTES, .size = FAKE_BAR_BYTES};
}

void fake_machine_reset(void)
{
	fake = (struct pass_fake){.irqs_left = 100, .domains_left = 8, .reset_takes = 100000000};
	device_make(&pf, FAKE_PF);
	pf.sriov.cap = 0x160;
	pf.sriov.total = FAKE_VFS;
	for (u32 i = 0; i < FAKE_VFS; i++) {
		device_make(&vfs[i], FAKE_VF(i));
		vfs[i].pf = &pf;
		vfs[i].vf_index = (u16)i;
	}
	for (u32 i = FAKE_GOOD; i < FAKE_DEVICES; i++)
		device_make(&devices[i], PCI_BDF(i, 0, 0));
	devices[FAKE_BRIDGE].bridge = true;
	devices[FAKE_OWNED].owner = "console";
	card.pci = &pf;
	card.vf_ops = &card_ops;
}

struct nic *nic_find(u16 segment, u16 bdf)
{
	return !segment && bdf == FAKE_PF ? &card : NULL;
}

bool nic_give_up(struct nic *nic)
{
	(void)nic;
	return false;
}

/* --- functions ---------------------------------------------------------------------------------
 */

struct pci_device *pci_find(u16 segment, u16 bdf)
{
	u32 bus = PCI_BUS(bdf);

	if (segment || bdf & 0xff)
		return NULL;
	if (bdf == FAKE_PF)
		return &pf;
	return bus >= FAKE_GOOD && bus < FAKE_DEVICES ? &devices[bus] : NULL;
}

struct pci_device *pci_sriov_vf(const struct pci_device *dev, u32 index)
{
	return dev == &pf && index < pf.sriov.count ? &vfs[index] : NULL;
}

int pci_sriov_enable(struct pci_device *dev, u16 count)
{
	(void)dev;
	(void)count;
	return ERR_UNSUPPORTED;
}

const char *pci_name(const struct pci_device *dev, char buf[PCI_NAME])
{
	(void)snprintf(buf, PCI_NAME, "%04x", dev->bdf);
	return buf;
}

int pci_bars_assign(struct pci_device *dev)
{
	(void)dev;
	return 0;
}

void *pci_bar_map(const struct pci_device *dev, unsigned i)
{
	(void)dev;
	(void)i;
	return registers;
}

u16 pci_cap_find(const struct pci_device *dev, u8 id)
{
	return id == PCI_CAP_MSIX && dev != &devices[FAKE_NO_MSIX] ? 0x70 : 0;
}

const char *pci_isolation_missing(const struct pci_device *dev, const struct pci_device **where)
{
	*where = dev;
	return dev == &devices[FAKE_SHARED] ? "is a port without access control" : NULL;
}

void pci_config_write(u16 segment, u16 bdf, u32 offset, unsigned size, u32 value)
{
	(void)segment;
	(void)size;
	assert_int_equal(offset, PCI_COMMAND);
	fake.config_writes++;
	fake.command = (u16)value;
	if (!(value & PCI_COMMAND_MASTER))
		fake_event("quiet %04x ", bdf);
}

void pci_update16(const struct pci_device *dev, u32 offset, u16 clear, u16 set)
{
	(void)dev;
	assert_int_equal(offset, PCI_COMMAND);
	fake.config_writes++;
	fake.command = (u16)((fake.command & ~clear) | set);
}

enum pci_reset_kind pci_reset_choose(struct pci_reset *r, const struct pci_device *dev)
{
	(void)r;
	return dev == &devices[FAKE_NO_RESET] ? PCI_RESET_NONE : PCI_RESET_FLR;
}

int pci_reset_start(struct pci_reset *r, const struct pci_device *dev)
{
	r->dev = dev;
	r->deadline = fake_tsc + fake.reset_takes;
	fake_event("reset %04x ", dev->bdf);
	return 0;
}

int pci_reset_poll(struct pci_reset *r)
{
	if (fake_tsc < r->deadline)
		return ERR_BUSY;
	return r->dev->bdf == fake.deaf ? ERR_TIMEOUT : 0;
}

int pci_msix_open(const struct pci_device *dev, struct pci_msix *out)
{
	*out = (struct pci_msix){.dev = dev, .count = FAKE_VECTORS, .table_bar = FAKE_TABLE_BAR};
	return 0;
}

void pci_msix_close(struct pci_msix *msix)
{
	(void)msix;
}

void pci_msix_start(struct pci_msix *msix)
{
	(void)msix;
}

static bool entry_masked[FAKE_VECTORS];

static void count_masked(void)
{
	fake.masked = 0;
	for (u32 i = 0; i < FAKE_VECTORS; i++)
		fake.masked += entry_masked[i];
}

void pci_msix_set(struct pci_msix *msix, u16 i, const struct pci_msi_message *message, bool masked)
{
	(void)message;
	assert_true(i < msix->count && !masked);
	entry_masked[i] = false;
	count_masked();
}

void pci_msix_mask(struct pci_msix *msix, u16 i, bool masked)
{
	assert_true(i < msix->count);
	entry_masked[i] = masked;
	count_masked();
}

/* --- interrupts and the unit -------------------------------------------------------------------
 */

int irq_vector_alloc(irq_handler_t fn, void *arg)
{
	vectors[vector_next].fn = fn;
	vectors[vector_next].arg = arg;
	return vector_next++;
}

void fake_interrupt(struct pass *p, u32 n)
{
	int vector = p->fn->vector[n].vector;

	vectors[vector].fn(vectors[vector].arg);
}

bool iommu_active(void)
{
	return !fake.no_unit;
}

bool iommu_irqs_confined(void)
{
	return !fake.no_irqs;
}

const char *iommu_unfit(const struct pci_device *dev)
{
	return dev == &devices[FAKE_UNFIT] ? "two remapping units claim it" : NULL;
}

int iommu_irq_take(struct iommu_irq *irq, const struct pci_device *dev)
{
	(void)dev;
	if (!fake.irqs_left)
		return ERR_NOMEM;
	fake.irqs_left--;
	irq->taken = true;
	return 0;
}

int iommu_irq_route(struct iommu_irq *irq, u32 apic_id, u8 vector, struct pci_msi_message *out)
{
	(void)apic_id;
	(void)vector;
	*out = (struct pci_msi_message){0};
	assert_true(irq->taken);
	return 0;
}

void iommu_irq_give(struct iommu_irq *irq)
{
	fake.irqs_left += irq->taken;
	irq->taken = false;
}

struct iommu_domain *iommu_domain_create(const char *name, unsigned max_leaf)
{
	(void)name;
	(void)max_leaf;
	if (!fake.domains_left)
		return NULL;
	fake.domains_left--;
	return &domains[fake.domains++ % ARRAY_SIZE(domains)];
}

void iommu_domain_destroy(struct iommu_domain *domain)
{
	assert_non_null(domain);
	assert_false(fake.attached);
	fake.domains_left++;
}

int iommu_map(struct iommu_domain *domain, u64 iova, hpa_t pa, u64 size, unsigned perm)
{
	assert_non_null(domain);
	assert_int_equal(perm, RADIX_RW);
	(void)iova;
	(void)pa;
	(void)size;
	return 0;
}

int iommu_attach(struct iommu_domain *domain, const struct pci_device *dev)
{
	assert_non_null(domain);
	fake_event("attach %04x ", dev->bdf);
	fake.attached++;
	return 0;
}

int iommu_detach(const struct pci_device *dev)
{
	fake_event("detach %04x ", dev->bdf);
	fake.attached--;
	return fake.unit_is_deaf ? ERR_TIMEOUT : 0;
}

/* Two leaves of 2 MiB of RAM, seen alike by the processor and devices. */
static int lookup(u64 address, bool differs, struct radix_leaf *out)
{
	out->size = MIB(2);
	out->pa = HPA(GIB(1) + ALIGN_DOWN(address, MIB(2)) + (differs ? PAGE_SIZE : 0));
	out->perm = RADIX_RW;
	if (address < MIB(4))
		return 0;
	out->size = GIB(512);
	return ERR_NOENT;
}

int iommu_lookup(struct iommu_domain *domain, u64 iova, struct radix_leaf *out)
{
	(void)domain;
	return lookup(iova, fake.dma_differs && iova >= MIB(2), out);
}

int radix_lookup(const struct radix *r, u64 va, struct radix_leaf *out)
{
	(void)r;
	return lookup(va, fake.cpu_differs, out);
}

/* --- the VM ------------------------------------------------------------------------------------
 */

static void flush(struct virt_vm *vm)
{
	(void)vm;
}

static const struct virt_ops back_end = {.tlb_flush_vm = flush};
const struct virt_ops *virt = &back_end;

void vcpu_kick(struct vcpu *v)
{
	(void)v;
}

bool vm_memory_part(const struct vm_memory *m, u32 i, struct vm_ram *out)
{
	*out = (struct vm_ram){.size = m->size};
	return !i;
}

int vm_memory_map_device(struct vm_memory *m, u64 gpa, hpa_t regs, u64 size)
{
	(void)m;
	assert_true(regs.v >= FAKE_BAR && regs.v + size <= FAKE_BAR + 2 * FAKE_BAR_BYTES);
	/* The MSI-X table is in the first page of its BAR. */
	assert_false(regs.v <= FAKE_BAR + FAKE_BAR_BYTES &&
		     regs.v + size > FAKE_BAR + FAKE_BAR_BYTES);
	if (gpa < m->size)
		return ERR_EXIST;
	fake.mapped++;
	fake.mapped_bytes += size;
	fake.highest = MAX(fake.highest, gpa + size);
	return 0;
}

int vm_memory_unmap_device(struct vm_memory *m, u64 gpa, u64 size)
{
	(void)m;
	(void)gpa;
	fake.mapped_bytes -= size;
	return 0;
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}
