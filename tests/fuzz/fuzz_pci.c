/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the configuration space of a port, a card behind it and its virtual functions, some
 * of it writable: capability lists that loop, SR-IOV that cannot be, BARs of any size, resets.
 */
#include <string.h>

#include "drivers/pci/function.h"
#include "drivers/pci/msi.h"
#include "drivers/pci/regs.h"
#include "tests/host/pci/config_fake.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Pieces of an offset, a length and so many bytes, over what a sound function has. */
static void overwrite(u8 *space, const u8 **data, size_t *size)
{
	while (*size >= 3) {
		u32 at = (u32)((*data)[0] | (*data)[1] << 8), n = (*data)[2] & 31;

		*data += 3;
		*size -= 3;
		n = MIN(n, (u32)*size);
		memcpy(space + at % 4096, *data, MIN(n, 4096 - at % 4096));
		*data += n;
		*size -= n;
		if (at & BIT(15))
			break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct pci_device *where;
	struct config_fake *port, *nic;
	struct pci_device *dev;
	struct pci_msix msix;
	struct pci_reset r;
	int err;

	config_fake_reset();
	port = config_fake_add(PCI_BDF(0, 1, 0), PCIE_TYPE_ROOT_PORT, NULL);
	config_fake_bridge(port, 1, 3, 0xc0000000, 0xc0200000);
	nic = config_fake_add(PCI_BDF(1, 0, 0), PCIE_TYPE_ENDPOINT, &port->dev);
	config_fake_ext_cap(nic, PCI_EXT_CAP_ARI, 0x150);
	config_fake_sriov(nic, 7, 128, 2);
	overwrite(port->value, &data, &size);
	overwrite(nic->value, &data, &size);
	overwrite(nic->writable, &data, &size);
	(void)config_fake_scan(port);
	dev = config_fake_scan(nic);
	pci_isolation_enable();
	err = pci_bars_assign(dev);
	err |= pci_sriov_enable(dev, 5);
	err |= pci_isolation_missing(dev, &where) ? 1 : 0;
	err |= pci_reset_start(&r, dev);
	for (u32 i = 0; !err && i < 2000 && pci_reset_poll(&r) == ERR_BUSY; i++)
		;
	/* The table itself would be written, so only where it is said to lie nowhere. */
	memset(dev->bar, 0, sizeof(dev->bar));
	if (!pci_msix_open(dev, &msix))
		__builtin_trap();
	config_fake_reset();
	return 0;
}
