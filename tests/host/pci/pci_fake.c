/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/pci/pci_fake.h"

#include <string.h>

#include "drivers/pci/regs.h"

u32 io_host_in(u16 port, unsigned size);
void io_host_out(u16 port, unsigned size, u32 value);

static struct fake_function functions[24];
static u32 count, address;

void fake_reset(void)
{
	count = 0;
}

void fake_set(struct fake_function *f, u32 offset, unsigned size, u32 value)
{
	memcpy(f->config + offset, &value, size);
}

u32 fake_get(const struct fake_function *f, u32 offset, unsigned size)
{
	u32 value = 0;

	memcpy(&value, f->config + offset, size);
	return value;
}

struct fake_function *fake_add(u16 bdf, u16 vendor, u16 device, u32 class)
{
	struct fake_function *f = &functions[count++];

	*f = (struct fake_function){.bdf = bdf};
	fake_set(f, PCI_VENDOR_ID, 2, vendor);
	fake_set(f, PCI_DEVICE_ID, 2, device);
	fake_set(f, PCI_CLASS_REVISION, 4, class << 8 | 3);
	return f;
}

void fake_bridge(struct fake_function *f, u8 secondary, u8 subordinate)
{
	fake_set(f, PCI_HEADER_TYPE, 1, PCI_HEADER_BRIDGE);
	fake_set(f, PCI_SECONDARY_BUS, 1, secondary);
	fake_set(f, PCI_SUBORDINATE_BUS, 1, subordinate);
}

static struct fake_function *addressed(void)
{
	for (u32 i = 0; i < count; i++)
		if (address >> 31 && functions[i].bdf == (u16)(address >> 8))
			return &functions[i];
	return NULL;
}

u32 io_host_in(u16 port, unsigned size)
{
	struct fake_function *f = addressed();

	if (port < 0xcfc || !f)
		return 0xffffffffu >> (32 - 8 * size);
	return fake_get(f, (address & 0xfc) + (port & 3), size);
}

void io_host_out(u16 port, unsigned size, u32 value)
{
	struct fake_function *f;
	u32 offset, bar;

	if (port == 0xcf8) {
		address = value;
		return;
	}
	f = addressed();
	offset = (address & 0xfc) + (port & 3);
	if (!f)
		return;
	bar = (offset - PCI_BAR(0)) / 4;
	if (offset >= PCI_BAR(0) && bar < 6 && !(f->config[PCI_HEADER_TYPE] && bar >= 2)) {
		f->decoded |= fake_get(f, PCI_COMMAND, 2) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
		value = (value & f->bar_mask[bar]) | (fake_get(f, offset, 4) & ~f->bar_mask[bar]);
	}
	fake_set(f, offset, size, value);
}
