/* SPDX-License-Identifier: BSD-2-Clause */
/* Room for BARs in the windows of bridges: PCI Express 5.0, 7.5.1.3. */
#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/checked.h"

struct window {
	u64 base, end; /* empty if end is not above base */
};

static u64 granules(u32 value)
{
	return (u64)(value & 0xfff0) << 16;
}

static struct window memory_window(const struct pci_device *bridge)
{
	return (struct window){granules(pci_read(bridge, PCI_MEMORY_BASE, 2)),
			       granules(pci_read(bridge, PCI_MEMORY_LIMIT, 2)) +
				   PCI_WINDOW_GRANULE};
}

static struct window prefetch_window(const struct pci_device *bridge)
{
	u32 low = pci_read(bridge, PCI_PREFETCH_BASE, 2);
	u32 limit = pci_read(bridge, PCI_PREFETCH_LIMIT, 2);
	struct window w = {granules(low), granules(limit)};

	if (low & PCI_PREFETCH_64) {
		w.base |= (u64)pci_read(bridge, PCI_PREFETCH_BASE_UPPER, 4) << 32;
		w.end |= (u64)pci_read(bridge, PCI_PREFETCH_LIMIT_UPPER, 4) << 32;
	}
	return checked_add(w.end, PCI_WINDOW_GRANULE, &w.end) ? w : (struct window){0, 0};
}

/* The end of the range if it lies in [base, base + size), else 0. */
static u64 end_if_overlaps(u64 base, u64 size, u64 at, u64 bytes)
{
	u64 end;

	if (!bytes || !checked_add(at, bytes, &end))
		return 0;
	return range_overlaps(base, size, at, bytes) ? end : 0;
}

static u64 bars_end(u64 base, u64 size, const struct pci_bar *bar, u64 copies)
{
	u64 end = 0, bytes;

	for (unsigned i = 0; i < PCI_BARS && !end; i++)
		if (!bar[i].io && bar[i].base && checked_mul(bar[i].size, copies, &bytes))
			end = end_if_overlaps(base, size, bar[i].base, bytes);
	return end;
}

static u64 windows_end(u64 base, u64 size, const struct pci_device *bridge)
{
	const struct window w[] = {memory_window(bridge), prefetch_window(bridge)};
	u64 end = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(w) && !end; i++)
		if (w[i].end > w[i].base)
			end = end_if_overlaps(base, size, w[i].base, w[i].end - w[i].base);
	return end;
}

/* Where something behind the same bridge ends that is in the way; 0: nothing is. */
static u64 obstacle(const struct pci_device *dev, u64 base, u64 size)
{
	u64 end = 0;

	for (const struct pci_device *d = pci_next(NULL); d && !end; d = pci_next(d)) {
		if (d->segment != dev->segment || d->parent != dev->parent || d->pf)
			continue;
		end = bars_end(base, size, d->bar, 1);
		if (!end)
			end = bars_end(base, size, d->sriov.bar, d->sriov.total);
		if (!end && d->bridge)
			end = windows_end(base, size, d);
	}
	return end;
}

/* Every step goes beyond an obstacle, so this ends. */
static bool window_search(const struct pci_device *dev, struct window w, u64 size, u64 *base)
{
	u64 at = w.base, end;

	while (checked_align_up(at, size, &at) && at &&
	       range_within(at, size, w.base, w.end - w.base)) {
		end = obstacle(dev, at, size);
		if (!end) {
			*base = at;
			return true;
		}
		at = end;
	}
	return false;
}

int pci_space_find(const struct pci_device *dev, const struct pci_bar *bar, u64 size, u64 *base)
{
	struct window w[2];

	if (!dev->parent)
		return ERR_UNSUPPORTED;
	w[0] = bar->prefetch ? prefetch_window(dev->parent) : memory_window(dev->parent);
	w[1] = memory_window(dev->parent);
	for (unsigned i = 0; i < ARRAY_SIZE(w); i++) {
		if (!bar->wide)
			w[i].end = MIN(w[i].end, GIB(4));
		if (w[i].end > w[i].base && w[i].base && window_search(dev, w[i], size, base))
			return 0;
	}
	return ERR_RANGE;
}

int pci_bars_assign(struct pci_device *dev)
{
	char name[PCI_NAME];

	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &dev->bar[i];
		int err;

		if (bar->io || !bar->size || bar->base)
			continue;
		err = pci_space_find(dev, bar, bar->size, &bar->base);
		if (err)
			return trace_err(err,
					 "pci: %s: no room for its BAR %u of %llu KiB: let the "
					 "firmware assign resources, or use another slot",
					 pci_name(dev, name), i,
					 (unsigned long long)bar->size >> 10);
		pci_bar_write(dev, PCI_BAR(i), bar, bar->base);
	}
	return 0;
}
