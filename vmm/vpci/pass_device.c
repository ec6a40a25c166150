/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest sees of a device that was passed to it. Its registers are mapped into the guest, but
 * for the pages of its MSI-X table: there the guest writes to a table of ours. Configuration
 * space is made up; of what the guest writes, only bus mastering and a reset reach the device.
 */
#include <string.h>

#include "arch/x86/mm/mmio.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/bitmap.h"
#include "vmm/vcpu/vcpu.h"
#include "vmm/vm/layout.h"
#include "vmm/vm/vm.h"
#include "vmm/vpci/pass_impl.h"

/* Moves of a guest's BARs, of which each may leave tables behind until it is destroyed. Systems
 * do it once or twice for each BAR. */
#define MOVES_MAX 256
#define PCIE_LENGTH 60
#define PM_LENGTH 8
#define PM_VERSION 3

/* --- registers that exit -----------------------------------------------------------------------
 */

static u64 regs_read(void *dev, u64 offset, unsigned size)
{
	const volatile u8 *at = (const volatile u8 *)dev + offset;

	switch (size) {
	case 1:
		return mmio_read8(at);
	case 2:
		return mmio_read16(at);
	case 4:
		return mmio_read32(at);
	default:
		return mmio_read64(at);
	}
}

static void regs_write(void *dev, u64 offset, unsigned size, u64 value)
{
	volatile u8 *at = (volatile u8 *)dev + offset;

	switch (size) {
	case 1:
		mmio_write8(at, (u8)value);
		break;
	case 2:
		mmio_write16(at, (u16)value);
		break;
	case 4:
		mmio_write32(at, (u32)value);
		break;
	default:
		mmio_write64(at, value);
	}
}

static const struct bus_ops regs_ops = {regs_read, regs_write};

static int region_add(struct pass *p, u32 bar, u64 from, u64 to)
{
	struct vpci_region region = {.bar = bar,
				     .offset = from,
				     .size = to - from,
				     .ops = &regs_ops,
				     .dev = (void *)(p->bar[bar].regs + from),
				     .name = "device"};

	return to > from ? vpci_device_add_region(&p->pci, &region) : 0;
}

/* --- BARs --------------------------------------------------------------------------------------
 */

/* Where a BAR may be: not over what hardware looks for at fixed addresses. */
static bool place_is_good(u64 base, u64 size)
{
	return IS_ALIGNED(base, PAGE_SIZE) && base && base + size > base &&
	       (base + size <= LAYOUT_ECAM || base >= GIB(4));
}

static void unmap(struct pass *p, struct pass_bar *b, u64 size)
{
	struct vm *vm = p->vm;
	int err = 0;

	if (b->low)
		err = vm_memory_unmap_device(&vm->memory, b->at, b->low);
	if (size > b->high && !err)
		err = vm_memory_unmap_device(&vm->memory, b->at + b->high, size - b->high);
	if (err)
		log_warn("vm %s: %s: a BAR stays where it was: %s", vm->name, p->config->name,
			 err_name(err));
	b->at = 0;
	virt->tlb_flush_vm(&vm->virt);
	for (u32 i = 0; vm->vcpus && i < vm->cpus; i++)
		if (vm->vcpus[i])
			vcpu_kick(vm->vcpus[i]);
}

static int map(struct pass *p, u32 bar, u64 base)
{
	struct pass_bar *b = &p->bar[bar];
	u64 size = p->pci.bar[bar].size, regs = p->fn->dev->bar[bar].base;
	int err = 0;

	if (b->low)
		err = vm_memory_map_device(&p->vm->memory, base, HPA(regs), b->low);
	if (!err && size > b->high) {
		err = vm_memory_map_device(&p->vm->memory, base + b->high, HPA(regs + b->high),
					   size - b->high);
		if (err && b->low && vm_memory_unmap_device(&p->vm->memory, base, b->low))
			log_warn("vm %s: half a BAR stays mapped", p->vm->name);
	}
	return err;
}

/*
 * A BAR stays mapped when the guest turns decoding off: a device's registers are nobody else's,
 * and systems turn it off for a moment whenever they look at a BAR.
 */
static void bar_mapped(struct vpci_device *d, u32 bar, u64 base)
{
	struct pass *p = container_of(d, struct pass, pci);
	struct pass_bar *b = &p->bar[bar];
	u64 size = d->bar[bar].size;

	if (b->at == base || (!b->low && b->high >= size))
		return;
	if (b->at)
		unmap(p, b, size);
	if (!place_is_good(base, size) || p->moves >= MOVES_MAX || map(p, bar, base)) {
		(void)trace_err(ERR_RANGE,
				"vm %s: %s: the guest puts BAR %u at 0x%llx, where it cannot be",
				p->vm->name, p->config->name, bar, (unsigned long long)base);
		return;
	}
	p->moves++;
	b->at = base;
}

/* Pages of the MSI-X table exit, and all of a BAR that shares its page with others'. */
static int bar_split(struct pass *p, u32 bar, u64 size)
{
	struct pci_msix *m = &p->fn->msix;
	struct pass_bar *b = &p->bar[bar];
	u64 table = m->table_offset, end, bytes = (u64)m->count * PCI_MSIX_ENTRY_BYTES;
	int err;

	b->low = b->high = size;
	if (m->table_bar != bar && IS_ALIGNED(size, PAGE_SIZE))
		return 0;
	b->regs = pci_bar_map(p->fn->dev, bar);
	if (!b->regs)
		return trace_err(ERR_NOMEM, "%s: its registers cannot be mapped", p->name);
	if (m->table_bar != bar) {
		b->low = 0;
		return region_add(p, bar, 0, size);
	}
	end = MIN(size, table + MAX(bytes, (u64)vpci_msix_size(p->fn->vectors)));
	b->low = ALIGN_DOWN(table, PAGE_SIZE);
	b->high = MIN(size, ALIGN_UP(end, PAGE_SIZE));
	if (!IS_ALIGNED(size, PAGE_SIZE))
		b->low = 0;
	err = region_add(p, bar, b->low, table);
	return err ? err : region_add(p, bar, end, b->high);
}

static int bar_add(struct pass *p, u32 bar)
{
	const struct pci_bar *from = &p->fn->dev->bar[bar];
	u32 type =
	    (from->wide ? (u32)PCI_BAR_64 : 0) | (from->prefetch ? (u32)PCI_BAR_PREFETCH : 0);
	int err;

	/* Ports are not passed on: no driver of a device with MSI-X needs them. */
	if (from->io || !from->size)
		return 0;
	err = vpci_device_add_bar(&p->pci, bar, from->size, type);
	return err ? err : bar_split(p, bar, from->size);
}

/* --- configuration space -----------------------------------------------------------------------
 */

static int pcie_add(struct pass *p)
{
	u8 body[PCIE_LENGTH - 2] = {0}, writable[PCIE_LENGTH - 2] = {0};
	u16 flags = 2 | PCIE_TYPE_INTEGRATED << 4, control = 0x78ff;
	u32 can = (u32)PCIE_DEVICE_CAP_FLR | BIT(15); /* role-based errors */

	memcpy(body + PCIE_FLAGS - 2, &flags, sizeof(flags));
	memcpy(body + PCIE_DEVICE_CAP - 2, &can, sizeof(can));
	memcpy(writable + PCIE_DEVICE_CONTROL - 2, &control, sizeof(control));
	return vpci_device_add_capability(&p->pci, PCI_CAP_PCIE, body, writable, PCIE_LENGTH,
					  &p->pcie);
}

/* Always in D0, which is all that its state says. */
static int pm_add(struct pass *p)
{
	u8 body[PM_LENGTH - 2] = {PM_VERSION, 0, PCI_PM_NO_SOFT_RESET};
	u32 offset;

	return vpci_device_add_capability(&p->pci, PCI_CAP_PM, body, NULL, PM_LENGTH, &offset);
}

static void master_set(struct pass *p, bool on)
{
	pci_update16(p->fn->dev, PCI_COMMAND, on ? 0 : PCI_COMMAND_MASTER,
		     on ? PCI_COMMAND_MASTER : 0);
}

/* The guest's reset has ended: the device is as at its start, and the guest's MSI-X is off. */
static void guest_reset_done(struct pass_function *fn, int err)
{
	struct pass *p = fn->user;

	__atomic_store_n(&p->guest_reset, false, __ATOMIC_RELEASE);
	if (err || pass_function_start(fn, &p->pci.msix))
		log_err("vm %s: %s does not work any more: stop the VM and start it again",
			p->vm->name, p->config->name);
}

static void guest_reset(struct pass *p)
{
	u32 command;

	if (!p->attached || __atomic_exchange_n(&p->guest_reset, true, __ATOMIC_ACQ_REL))
		return;
	pass_function_stop(p->fn);
	ticket_lock(&p->pci.lock);
	command = vpci_config_read(&p->pci.config, PCI_COMMAND, 2);
	vpci_config_set(&p->pci.config, PCI_COMMAND, 2, command & ~(u32)PCI_COMMAND_MASTER);
	vpci_config_set(&p->pci.config, p->pci.msix_capability + PCI_MSIX_CONTROL, 2,
			p->fn->vectors - 1);
	ticket_unlock(&p->pci.lock);
	vpci_msix_reset(&p->pci.msix);
	pass_function_reset(p->fn, guest_reset_done);
}

static bool config_write(struct vpci_device *d, u32 offset, unsigned size, u32 value)
{
	struct pass *p = container_of(d, struct pass, pci);
	u32 control = p->pcie + PCIE_DEVICE_CONTROL;

	if (offset == PCI_COMMAND && p->attached &&
	    !__atomic_load_n(&p->guest_reset, __ATOMIC_ACQUIRE))
		master_set(p, value & PCI_COMMAND_MASTER);
	if (p->pcie && offset <= control + 1 && offset + size > control + 1 &&
	    value << 8 * (offset - control) & PCIE_DEVICE_CONTROL_FLR)
		guest_reset(p);
	return false;
}

static const struct vpci_device_ops ops = {.config_write = config_write, .bar_mapped = bar_mapped};

int pass_device_create(struct pass *p, struct platform *platform)
{
	const struct pci_device *dev = p->fn->dev;
	const struct vpci_ids ids = {.vendor = dev->vendor,
				     .device = dev->device,
				     .subsystem_vendor = dev->subsystem_vendor,
				     .subsystem = dev->subsystem,
				     .class_code = dev->class,
				     .revision = dev->revision};
	u16 bdf;
	int err = vpci_free_slot(platform->pci, &bdf);

	if (err)
		return err;
	memset(p->bar, 0, sizeof(p->bar));
	p->moves = 0;
	p->pcie = 0;
	vpci_device_init(&p->pci, platform, bdf, &ids, &ops);
	for (u32 i = 0; i < PCI_BARS && !err; i++)
		err = bar_add(p, i);
	if (!err)
		err = pm_add(p);
	if (!err)
		err = vpci_device_add_msix(&p->pci, p->fn->msix.table_bar, p->fn->msix.table_offset,
					   p->fn->vectors);
	if (!err)
		err = pcie_add(p);
	return err ? err : vpci_device_register(&p->pci);
}

/* The tables go with the VM. */
void pass_device_destroy(struct pass *p)
{
	vpci_device_destroy(&p->pci);
}
