/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/pci/msi.h"

#include "arch/x86/mm/mmio.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/checked.h"

#define MSI_ADDRESS 0xfee00000u
#define MSI_DESTINATION_SHIFT 12
#define MSI_APIC_ID_MAX 254

#define ENTRY_ADDRESS 0
#define ENTRY_UPPER 4
#define ENTRY_DATA 8
#define ENTRY_CONTROL 12

int pci_msi_message(u32 apic_id, u8 vector, struct pci_msi_message *out)
{
	if (apic_id > MSI_APIC_ID_MAX)
		return trace_err(ERR_RANGE,
				 "pci: a device cannot interrupt the processor with APIC ID %u "
				 "without interrupt remapping: turn VT-d on in the firmware",
				 apic_id);
	out->address = MSI_ADDRESS | apic_id << MSI_DESTINATION_SHIFT;
	out->data = vector;
	return 0;
}

static int table_locate(struct pci_msix *m)
{
	u32 table = pci_read(m->dev, m->cap + PCI_MSIX_TABLE, 4);
	u32 pba = pci_read(m->dev, m->cap + PCI_MSIX_PBA, 4);
	const struct pci_bar *bar;

	m->table_bar = table & PCI_MSIX_BIR;
	m->table_offset = table & ~PCI_MSIX_BIR;
	m->pba_bar = pba & PCI_MSIX_BIR;
	m->pba_offset = pba & ~PCI_MSIX_BIR;
	bar = m->table_bar < PCI_BARS ? &m->dev->bar[m->table_bar] : NULL;
	if (bar && !bar->io && bar->base &&
	    range_within(m->table_offset, (u64)m->count * PCI_MSIX_ENTRY_BYTES, 0, bar->size))
		return 0;
	return trace_err(ERR_RANGE, "pci: %04x:%04x: its MSI-X table is outside of its BAR %u",
			 m->dev->vendor, m->dev->device, m->table_bar);
}

void pci_msix_start(struct pci_msix *m)
{
	pci_update16(m->dev, m->cap + PCI_MSIX_CONTROL, 0, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
	for (u16 i = 0; i < m->count; i++)
		pci_msix_mask(m, i, true);
	pci_update16(m->dev, PCI_COMMAND, 0, PCI_COMMAND_INTX_OFF);
	pci_update16(m->dev, m->cap + PCI_MSIX_CONTROL, PCI_MSIX_MASK_ALL, 0);
}

int pci_msix_open(const struct pci_device *dev, struct pci_msix *out)
{
	struct pci_msix m = {.dev = dev, .cap = pci_cap_find(dev, PCI_CAP_MSIX)};
	u8 *bar;
	int err;

	if (!m.cap)
		return ERR_UNSUPPORTED;
	m.count = (u16)((pci_read(dev, m.cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_SIZE) + 1);
	err = table_locate(&m);
	if (err)
		return err;
	bar = pci_bar_map(dev, m.table_bar);
	if (!bar)
		return trace_err(ERR_NOMEM, "pci: an MSI-X table cannot be mapped");
	m.table = bar + m.table_offset;
	pci_msix_start(&m);
	*out = m;
	return 0;
}

void pci_msix_close(struct pci_msix *msix)
{
	pci_update16(msix->dev, msix->cap + PCI_MSIX_CONTROL, PCI_MSIX_ENABLE, 0);
}

static volatile u8 *entry(struct pci_msix *msix, u16 i)
{
	return msix->table + (u32)i * PCI_MSIX_ENTRY_BYTES;
}

void pci_msix_mask(struct pci_msix *msix, u16 i, bool masked)
{
	volatile u8 *control = entry(msix, i) + ENTRY_CONTROL;
	u32 old = mmio_read32(control);

	mmio_write32(control,
		     masked ? old | (u32)PCI_MSIX_ENTRY_MASKED : old & ~(u32)PCI_MSIX_ENTRY_MASKED);
}

void pci_msix_set(struct pci_msix *msix, u16 i, const struct pci_msi_message *message, bool masked)
{
	volatile u8 *at = entry(msix, i);

	pci_msix_mask(msix, i, true);
	mmio_write32(at + ENTRY_ADDRESS, (u32)message->address);
	mmio_write32(at + ENTRY_UPPER, (u32)(message->address >> 32));
	mmio_write32(at + ENTRY_DATA, message->data);
	pci_msix_mask(msix, i, masked);
}

int pci_msi_set(const struct pci_device *dev, const struct pci_msi_message *message)
{
	u16 cap = pci_cap_find(dev, PCI_CAP_MSI);
	u32 control, data_at;

	if (!cap)
		return ERR_UNSUPPORTED;
	control = pci_read(dev, cap + PCI_MSI_CONTROL, 2);
	if (message->address >> 32 && !(control & PCI_MSI_64))
		return ERR_UNSUPPORTED;
	pci_write(dev, cap + PCI_MSI_CONTROL, 2,
		  control & ~(u32)(PCI_MSI_ENABLE | PCI_MSI_MULTIPLE));
	pci_write(dev, cap + PCI_MSI_ADDRESS, 4, (u32)message->address);
	data_at = cap + PCI_MSI_ADDRESS + 4;
	if (control & PCI_MSI_64) {
		pci_write(dev, data_at, 4, (u32)(message->address >> 32));
		data_at += 4;
	}
	pci_write(dev, data_at, 2, message->data);
	pci_update16(dev, PCI_COMMAND, 0, PCI_COMMAND_INTX_OFF);
	pci_update16(dev, cap + PCI_MSI_CONTROL, PCI_MSI_MULTIPLE, PCI_MSI_ENABLE);
	return 0;
}
