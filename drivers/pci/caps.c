/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of capabilities: PCI 3.0, 6.7; PCI Express 5.0, 7.6.3. */
#include "drivers/pci/pci.h"
#include "drivers/pci/regs.h"

/* As many as fit: a longer list visits one of them twice. */
#define CAPS_MAX ((PCI_CONFIG_BYTES - 0x40) / 4)
#define EXT_CAPS_MAX ((PCI_CONFIG_EXT_BYTES - PCI_EXT_CAPABILITIES) / 4)

u16 pci_cap_nth(const struct pci_device *dev, u8 id, u32 n)
{
	u32 at;

	if (!(pci_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return 0;
	at = pci_read(dev, PCI_CAPABILITIES, 1) & ~3u;
	for (u32 i = 0; i < CAPS_MAX && at >= 0x40; i++) {
		u32 header = pci_read(dev, at, 2);

		if (header == 0xffff)
			return 0;
		if ((header & 0xff) == id && !n--)
			return (u16)at;
		at = header >> 8 & ~3u;
	}
	return 0;
}

u16 pci_cap_find(const struct pci_device *dev, u8 id)
{
	return pci_cap_nth(dev, id, 0);
}

u16 pci_ext_cap_find(const struct pci_device *dev, u16 id)
{
	u32 at = PCI_EXT_CAPABILITIES;

	if (!dev->pcie)
		return 0;
	for (u32 i = 0; i < EXT_CAPS_MAX && at >= PCI_EXT_CAPABILITIES; i++) {
		u32 header = pci_read(dev, at, 4);

		if (!header || header == 0xffffffff)
			return 0;
		if ((header & 0xffff) == id)
			return (u16)at;
		at = header >> 20 & ~3u;
	}
	return 0;
}

void pci_update16(const struct pci_device *dev, u32 offset, u16 clear, u16 set)
{
	u32 old = pci_read(dev, offset, 2);

	pci_write(dev, offset, 2, (old & ~(u32)clear) | set);
}
