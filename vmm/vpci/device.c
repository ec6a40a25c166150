/* SPDX-License-Identifier: BSD-2-Clause */
/* Emulated PCI functions. */
#include "vmm/vpci/device.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "vmm/vdev/platform.h"

#define MSIX_CAPABILITY_SIZE 12
#define MSIX_CONTROL 2 /* offset in the capability */

/* --- BARs; all with the lock held --------------------------------------------------------------
 */

static struct bus *bar_bus(struct vpci_device *d, u32 bar)
{
	return d->bar[bar].type & PCI_BAR_IO ? &d->p->ports : &d->p->mmio;
}

static u64 bar_value(const struct vpci_device *d, u32 bar)
{
	u64 value = vpci_config_read(&d->config, PCI_BAR(bar), 4);

	if (d->bar[bar].type & PCI_BAR_IO)
		return value & 0xfffc;
	if (d->bar[bar].type & PCI_BAR_64)
		value |= (u64)vpci_config_read(&d->config, PCI_BAR(bar + 1), 4) << 32;
	return value & ~0xfull;
}

static void bar_unmap(struct vpci_device *d, u32 bar)
{
	for (u32 i = 0; i < d->regions; i++)
		if (d->region[i].bar == bar)
			bus_remove(bar_bus(d, bar), d->bar[bar].base + d->region[i].offset);
	d->bar[bar].mapped = false;
}

/* A place that something else has, or one that wraps, is the guest's mistake: then the BAR is
 * nowhere, and the bus has logged with what it collides. */
static void bar_map(struct vpci_device *d, u32 bar, u64 base)
{
	d->bar[bar].base = base;
	for (u32 i = 0; i < d->regions; i++) {
		const struct vpci_region *r = &d->region[i];
		const struct bus_range range = {base + r->offset, r->size, r->ops,
						r->dev,           r->name, false};

		if (r->bar != bar || !bus_add(bar_bus(d, bar), &range))
			continue;
		while (i-- > 0)
			if (d->region[i].bar == bar)
				bus_remove(bar_bus(d, bar), base + d->region[i].offset);
		return;
	}
	d->bar[bar].mapped = true;
	if (d->ops->bar_mapped)
		d->ops->bar_mapped(d, bar, base);
}

/* Put each BAR where the registers say. */
static void update_bars(struct vpci_device *d)
{
	u32 command = vpci_config_read(&d->config, PCI_COMMAND, 2);

	for (u32 i = 0; i < VPCI_BARS; i++) {
		struct vpci_bar *bar = &d->bar[i];
		bool on = command & (bar->type & PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
		u64 base = bar->size ? bar_value(d, i) : 0;

		if (!bar->size || (bar->mapped && on && base == bar->base))
			continue;
		if (bar->mapped)
			bar_unmap(d, i);
		if (on)
			bar_map(d, i, base);
	}
}

/* --- the interrupt pin; with the lock held -----------------------------------------------------
 */

static void update_intx(struct vpci_device *d)
{
	u32 pin = vpci_config_read(&d->config, PCI_INTERRUPT_PIN, 1);
	u32 command = vpci_config_read(&d->config, PCI_COMMAND, 2);
	u32 status = vpci_config_read(&d->config, PCI_STATUS, 2) & ~(u32)PCI_STATUS_INTERRUPT;

	vpci_config_set(&d->config, PCI_STATUS, 2, status | (d->intx ? PCI_STATUS_INTERRUPT : 0));
	if (pin && d->registered)
		vpci_intx(d->p->pci, d->bdf, pin - 1,
			  d->intx && !(command & PCI_COMMAND_INTX_OFF) &&
			      !vpci_msix_enabled(&d->msix));
}

void vpci_device_intx(struct vpci_device *d, bool asserted)
{
	ticket_lock(&d->lock);
	d->intx = asserted;
	update_intx(d);
	ticket_unlock(&d->lock);
}

/* --- configuration space -----------------------------------------------------------------------
 */

static u32 device_read(void *fn, u32 offset, unsigned size)
{
	struct vpci_device *d = fn;
	u32 value;

	if (d->ops->config_read && d->ops->config_read(d, offset, size, &value))
		return value;
	ticket_lock(&d->lock);
	value = vpci_config_read(&d->config, offset, size);
	ticket_unlock(&d->lock);
	return value;
}

static void device_write(void *fn, u32 offset, unsigned size, u32 value)
{
	struct vpci_device *d = fn;

	if (d->ops->config_write && d->ops->config_write(d, offset, size, value))
		return;
	ticket_lock(&d->lock);
	vpci_config_write(&d->config, offset, size, value);
	if (d->msix_capability && (offset & ~3u) == d->msix_capability)
		vpci_msix_control(&d->msix, (u16)vpci_config_read(
						&d->config, d->msix_capability + MSIX_CONTROL, 2));
	if (offset < PCI_HEADER_END)
		update_bars(d);
	update_intx(d);
	ticket_unlock(&d->lock);
}

static void device_reset(void *fn)
{
	struct vpci_device *d = fn;

	ticket_lock(&d->lock);
	d->config = d->initial;
	d->intx = false;
	vpci_msix_reset(&d->msix);
	update_bars(d);
	update_intx(d);
	ticket_unlock(&d->lock);
	if (d->ops->reset)
		d->ops->reset(d);
}

static const struct vpci_function_ops device_ops = {device_read, device_write, device_reset};

/* --- making one --------------------------------------------------------------------------------
 */

void vpci_device_init(struct vpci_device *d, struct platform *p, u16 bdf,
		      const struct vpci_ids *ids, const struct vpci_device_ops *ops)
{
	struct vpci_config *c = &d->config;
	u16 command =
	    PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF;

	memset(d, 0, sizeof(*d));
	d->p = p;
	d->bdf = bdf;
	d->ops = ops;
	d->capability_end = PCI_HEADER_END;
	vpci_config_set(c, PCI_VENDOR_ID, 2, ids->vendor);
	vpci_config_set(c, PCI_DEVICE_ID, 2, ids->device);
	vpci_config_set(c, PCI_REVISION, 1, ids->revision);
	vpci_config_set(c, PCI_CLASS, 3, ids->class_code);
	vpci_config_set(c, PCI_SUBSYSTEM_VENDOR_ID, 2, ids->subsystem_vendor);
	vpci_config_set(c, PCI_SUBSYSTEM_ID, 2, ids->subsystem);
	vpci_config_set(c, PCI_INTERRUPT_PIN, 1, ids->pin);
	if (ids->pin)
		vpci_config_set(c, PCI_INTERRUPT_LINE, 1, vpci_pic_line(bdf, ids->pin - 1u));
	memcpy(&c->writable[PCI_COMMAND], &command, sizeof(command));
	c->writable[PCI_INTERRUPT_LINE] = 0xff;
}

int vpci_device_add_bar(struct vpci_device *d, u32 bar, u64 size, u32 type)
{
	u64 mask = ~(size - 1);
	int err;

	if (bar + !!(type & PCI_BAR_64) >= VPCI_BARS || !is_power_of_2(size) || size < 16)
		return trace_err(ERR_INVAL, "PCI: no BAR %u of %llu bytes", bar,
				 (unsigned long long)size);
	err = vpci_place(d->p->pci, size, type & PCI_BAR_IO, &d->bar[bar].home);
	if (err)
		return err;
	d->bar[bar].size = size;
	d->bar[bar].type = type;
	vpci_config_set(&d->config, PCI_BAR(bar), 4, (u32)d->bar[bar].home | type);
	memcpy(&d->config.writable[PCI_BAR(bar)], &mask, type & PCI_BAR_64 ? 8 : 4);
	return 0;
}

int vpci_device_add_region(struct vpci_device *d, const struct vpci_region *region)
{
	u64 room = region->bar < VPCI_BARS ? d->bar[region->bar].size : 0;

	if (d->regions == VPCI_REGIONS || region->offset > room ||
	    region->size > room - region->offset)
		return trace_err(ERR_RANGE, "PCI: region %s does not fit", region->name);
	d->region[d->regions++] = *region;
	return 0;
}

int vpci_device_add_capability(struct vpci_device *d, u8 id, const void *body, const void *writable,
			       u32 len, u32 *offset)
{
	u32 at = d->capability_end,
	    link = d->last_capability ? d->last_capability + 1 : PCI_CAPABILITIES;
	u32 status = vpci_config_read(&d->config, PCI_STATUS, 2);

	if (len < 2 || len > VPCI_CONFIG_SIZE - at)
		return trace_err(ERR_RANGE, "PCI: no room for capability %#x", id);
	vpci_config_set(&d->config, PCI_STATUS, 2, status | PCI_STATUS_CAPABILITIES);
	vpci_config_set(&d->config, link, 1, at);
	vpci_config_set(&d->config, at, 1, id);
	memcpy(&d->config.value[at + 2], body, len - 2);
	if (writable)
		memcpy(&d->config.writable[at + 2], writable, len - 2);
	d->last_capability = *offset = at;
	d->capability_end = (u32)ALIGN_UP(at + len, 4);
	return 0;
}

int vpci_device_add_msix(struct vpci_device *d, u32 bar, u32 offset, u32 vectors)
{
	u32 table = offset | bar, pending = table + vpci_msix_table_size(vectors);
	u16 control = (u16)(vectors - 1), writable = VPCI_MSIX_ENABLE | VPCI_MSIX_MASK_ALL;
	const struct vpci_region region = {
	    bar, offset, vpci_msix_size(vectors), &vpci_msix_ops, &d->msix, "msix"};
	u8 body[MSIX_CAPABILITY_SIZE - 2], mask[MSIX_CAPABILITY_SIZE - 2] = {0};
	int err = vpci_msix_create(&d->msix, d->p, vectors);

	if (err)
		return err;
	memcpy(body, &control, 2);
	memcpy(body + 2, &table, 4);
	memcpy(body + 6, &pending, 4);
	memcpy(mask, &writable, 2);
	err = vpci_device_add_capability(d, PCI_CAP_MSIX, body, mask, MSIX_CAPABILITY_SIZE,
					 &d->msix_capability);
	return err ? err : vpci_device_add_region(d, &region);
}

int vpci_device_register(struct vpci_device *d)
{
	int err = vpci_add(d->p->pci, d->bdf, &device_ops, d);

	if (err)
		return err;
	d->registered = true;
	d->initial = d->config;
	device_reset(d);
	return 0;
}

void vpci_device_destroy(struct vpci_device *d)
{
	for (u32 i = 0; i < VPCI_BARS; i++)
		if (d->bar[i].mapped)
			bar_unmap(d, i);
	if (d->registered)
		vpci_remove(d->p->pci, d->bdf);
	d->registered = false;
	vpci_msix_destroy(&d->msix);
}

/* --- regions by their place in a BAR -----------------------------------------------------------
 */

static const struct vpci_region *region_at(const struct vpci_device *d, u32 bar, u64 offset,
					   unsigned size)
{
	for (u32 i = 0; i < d->regions; i++) {
		const struct vpci_region *r = &d->region[i];

		if (r->bar == bar && offset >= r->offset && offset - r->offset < r->size &&
		    size <= r->size - (offset - r->offset))
			return r;
	}
	return NULL;
}

u64 vpci_device_bar_read(struct vpci_device *d, u32 bar, u64 offset, unsigned size)
{
	const struct vpci_region *r = region_at(d, bar, offset, size);

	return r ? r->ops->read(r->dev, offset - r->offset, size) : ~0ull;
}

void vpci_device_bar_write(struct vpci_device *d, u32 bar, u64 offset, unsigned size, u64 value)
{
	const struct vpci_region *r = region_at(d, bar, offset, size);

	if (r)
		r->ops->write(r->dev, offset - r->offset, size, value);
}
