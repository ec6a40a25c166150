/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/pci/access.h"

#include <string.h>

#include "arch/x86/cpu/io.h"
#include "arch/x86/mm/mmio.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/checked.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define PORT_ENABLE BIT(31)
#define ECAM_BUS_SHIFT 20
#define ECAM_FUNCTION_SHIFT 12

static struct pci_window *windows;
static u32 window_count;
static struct ticketlock port_lock; /* address and data belong together */

static const struct pci_window *window_find(u16 segment, u8 bus)
{
	for (u32 i = 0; i < window_count; i++)
		if (windows[i].segment == segment && bus >= windows[i].bus_start &&
		    bus <= windows[i].bus_end)
			return &windows[i];
	return NULL;
}

static bool overlaps(const struct pci_window *w)
{
	for (u32 i = 0; i < window_count; i++)
		if (windows[i].segment == w->segment && w->bus_start <= windows[i].bus_end &&
		    windows[i].bus_start <= w->bus_end)
			return true;
	return false;
}

/* Where bus 0 would be; only the window's own buses are mapped. */
static volatile u8 *window_map(const struct pci_window *w)
{
	u64 skipped = (u64)w->bus_start << ECAM_BUS_SHIFT;
	u64 size = (u64)(w->bus_end - w->bus_start + 1) << ECAM_BUS_SHIFT;
	u8 *at = mmio_map(HPA(w->base.v + skipped), size, MEM_UC);

	return at ? at - skipped : NULL;
}

int pci_access_add(const struct pci_window *window)
{
	struct pci_window w = *window;
	struct pci_window *more;

	if (w.bus_start > w.bus_end || (!w.base.v && w.segment))
		return trace_err(ERR_INVAL, "pci: segment %u cannot be reached by ports",
				 w.segment);
	if (overlaps(&w))
		return trace_err(ERR_EXIST,
				 "pci: segment %u, buses %u to %u: described twice, the second "
				 "is left out",
				 w.segment, w.bus_start, w.bus_end);
	more = heap_alloc_array(window_count + 1, sizeof(*more));
	if (!more)
		return trace_err(ERR_NOMEM, "pci: no memory for a list of windows");
	if (w.base.v && !(w.ecam = window_map(&w))) {
		heap_free(more);
		return trace_err(ERR_NOMEM, "pci: configuration space at 0x%llx cannot be mapped",
				 (unsigned long long)w.base.v);
	}
	if (window_count)
		memcpy(more, windows, window_count * sizeof(*more));
	more[window_count++] = w;
	heap_free(windows);
	windows = more;
	return 0;
}

u32 pci_window_count(void)
{
	return window_count;
}

const struct pci_window *pci_window_at(u32 i)
{
	return i < window_count ? &windows[i] : NULL;
}

static u32 ones(unsigned size)
{
	return 0xffffffffu >> (32 - 8 * size);
}

static void port_select(u16 bdf, u32 offset)
{
	io_out32(PORT_ADDRESS, PORT_ENABLE | (u32)bdf << 8 | (offset & 0xfc));
}

static u32 port_read(u16 bdf, u32 offset, unsigned size)
{
	u32 value;

	if (offset >= PCI_CONFIG_BYTES)
		return ones(size);
	ticket_lock(&port_lock);
	port_select(bdf, offset);
	value = size == 1   ? io_in8(PORT_DATA + (offset & 3))
		: size == 2 ? io_in16(PORT_DATA + (offset & 2))
			    : io_in32(PORT_DATA);
	ticket_unlock(&port_lock);
	return value;
}

static void port_write(u16 bdf, u32 offset, unsigned size, u32 value)
{
	if (offset >= PCI_CONFIG_BYTES)
		return;
	ticket_lock(&port_lock);
	port_select(bdf, offset);
	if (size == 1)
		io_out8(PORT_DATA + (offset & 3), (u8)value);
	else if (size == 2)
		io_out16(PORT_DATA + (offset & 2), (u16)value);
	else
		io_out32(PORT_DATA, value);
	ticket_unlock(&port_lock);
}

static volatile u8 *ecam_at(const struct pci_window *w, u16 bdf, u32 offset)
{
	return w->ecam + ((u64)bdf << ECAM_FUNCTION_SHIFT) + offset;
}

/* The specification allows no access of another width, nor one that straddles a dword. */
static bool access_is_good(u32 offset, unsigned size)
{
	return (size == 1 || size == 2 || size == 4) && !(offset & (size - 1)) &&
	       range_within(offset, size, 0, PCI_CONFIG_EXT_BYTES);
}

u32 pci_config_read(u16 segment, u16 bdf, u32 offset, unsigned size)
{
	const struct pci_window *w = window_find(segment, PCI_BUS(bdf));

	if (!w || !access_is_good(offset, size))
		return ones(size);
	if (!w->ecam)
		return port_read(bdf, offset, size);
	if (size == 1)
		return mmio_read8(ecam_at(w, bdf, offset));
	if (size == 2)
		return mmio_read16(ecam_at(w, bdf, offset));
	return mmio_read32(ecam_at(w, bdf, offset));
}

void pci_config_write(u16 segment, u16 bdf, u32 offset, unsigned size, u32 value)
{
	const struct pci_window *w = window_find(segment, PCI_BUS(bdf));

	if (!w || !access_is_good(offset, size))
		return;
	if (!w->ecam)
		port_write(bdf, offset, size, value);
	else if (size == 1)
		mmio_write8(ecam_at(w, bdf, offset), (u8)value);
	else if (size == 2)
		mmio_write16(ecam_at(w, bdf, offset), (u16)value);
	else
		mmio_write32(ecam_at(w, bdf, offset), value);
}
