/* SPDX-License-Identifier: BSD-2-Clause */
/* Base address registers: PCI 3.0, 6.2.5.1. */
#include "arch/x86/mm/mmio.h"
#include "drivers/pci/pci.h"
#include "drivers/pci/regs.h"

#define IO_MASK 0xfffffffcu
#define MEMORY_MASK 0xfffffff0u

/* The bits of the register that follow what is written; its old value stays. */
static u32 writable(const struct pci_device *dev, u32 offset)
{
	u32 old = pci_read(dev, offset, 4), ones, zeros;

	pci_write(dev, offset, 4, 0xffffffff);
	ones = pci_read(dev, offset, 4);
	pci_write(dev, offset, 4, 0);
	zeros = pci_read(dev, offset, 4);
	pci_write(dev, offset, 4, old);
	return ones & ~zeros;
}

/* The lowest address bit that can be written is the size. */
static u64 lowest_bit(u64 mask)
{
	return mask & -mask;
}

/* Returns how many registers it takes. */
static unsigned bar_read(const struct pci_device *dev, u32 offset, struct pci_bar *bar,
			 unsigned left)
{
	u32 low = pci_read(dev, offset, 4);
	u64 mask;

	*bar = (struct pci_bar){.io = low & PCI_BAR_IO};
	if (bar->io) {
		bar->size = lowest_bit(writable(dev, offset) & IO_MASK);
		bar->base = low & IO_MASK;
		return 1;
	}
	bar->prefetch = low & PCI_BAR_PREFETCH;
	bar->wide = PCI_BAR_TYPE(low) == PCI_BAR_TYPE_64 && left > 1;
	mask = writable(dev, offset) & MEMORY_MASK;
	bar->base = low & MEMORY_MASK;
	if (bar->wide) {
		mask |= (u64)writable(dev, offset + 4) << 32;
		bar->base |= (u64)pci_read(dev, offset + 4, 4) << 32;
	}
	bar->size = lowest_bit(mask);
	if (!bar->size)
		bar->base = 0;
	return bar->wide ? 2 : 1;
}

void pci_bar_write(const struct pci_device *dev, u32 offset, const struct pci_bar *bar, u64 base)
{
	pci_write(dev, offset, 4, (u32)base);
	if (bar->wide)
		pci_write(dev, offset + 4, 4, (u32)(base >> 32));
}

void pci_bars_size(const struct pci_device *dev, u32 offset, struct pci_bar *bar, unsigned count)
{
	for (unsigned i = 0; i < count;) {
		unsigned taken = bar_read(dev, offset + 4 * i, &bar[i], count - i);

		if (taken == 2)
			bar[i + 1] = (struct pci_bar){.size = 0};
		i += taken;
	}
}

void pci_bars_read(struct pci_device *dev, u32 offset, struct pci_bar *bar, unsigned count)
{
	u32 command = pci_read(dev, PCI_COMMAND, 2);

	pci_write(dev, PCI_COMMAND, 2, command & ~(u32)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	pci_bars_size(dev, offset, bar, count);
	pci_write(dev, PCI_COMMAND, 2, command);
}

void *pci_bar_map(const struct pci_device *dev, unsigned i)
{
	const struct pci_bar *bar = i < PCI_BARS ? &dev->bar[i] : NULL;

	if (!bar || bar->io || !bar->size || !bar->base)
		return NULL;
	return mmio_map(HPA(bar->base), bar->size, MEM_UC);
}
