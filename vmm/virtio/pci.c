/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio over PCI: capabilities, interrupts, notifications. */
#include "vmm/virtio/pci.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "vmm/virtio/pci_impl.h"

#define VENDOR_ID 0x1af4
#define DEVICE_ID(type) (0x1040 + (type))
#define REVISION 1

/* cfg_type of the capabilities (4.1.4), and the layout of those without the first 2 bytes. */
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_ACCESS };
#define CAP_LENGTH 16
#define CAP_NOTIFY_LENGTH 20
#define CAP_ACCESS_LENGTH 20
#define ACCESS_BAR 4
#define ACCESS_OFFSET 8
#define ACCESS_WIDTH 12
#define ACCESS_DATA 16

#define ISR_QUEUE 1
#define ISR_CONFIG 2

/* --- interrupts --------------------------------------------------------------------------------
 */

static void interrupt(struct virtio_pci *t, u16 vector, u8 isr)
{
	if (vpci_device_msix(&t->pci, vector))
		return;
	__atomic_fetch_or(&t->isr, isr, __ATOMIC_ACQ_REL);
	vpci_device_intx(&t->pci, true);
}

void virtio_interrupt(struct virtio_pci *t, u32 queue)
{
	interrupt(t, __atomic_load_n(&t->queue[queue].vector, __ATOMIC_RELAXED), ISR_QUEUE);
}

void virtio_config_changed(struct virtio_pci *t)
{
	__atomic_fetch_add(&t->generation, 1, __ATOMIC_ACQ_REL);
	if (__atomic_load_n(&t->status, __ATOMIC_RELAXED) & VIRTIO_STATUS_DRIVER_OK)
		interrupt(t, __atomic_load_n(&t->config_vector, __ATOMIC_RELAXED), ISR_CONFIG);
}

void virtio_fail(struct virtio_pci *t, const char *why)
{
	if (__atomic_fetch_or(&t->status, VIRTIO_STATUS_NEEDS_RESET, __ATOMIC_ACQ_REL) &
	    VIRTIO_STATUS_NEEDS_RESET)
		return;
	(void)trace_err(ERR_INVAL,
			"%s: the guest's driver made %s: the device stands still until the "
			"driver resets it",
			t->config.name, why);
	virtio_config_changed(t);
}

/* --- regions of the BAR ------------------------------------------------------------------------
 */

/* Reading acknowledges (4.1.4.5). */
static u64 isr_read(void *dev, u64 offset, unsigned size)
{
	struct virtio_pci *t = dev;
	u8 isr;

	(void)size;
	if (offset)
		return 0;
	isr = __atomic_exchange_n(&t->isr, 0, __ATOMIC_ACQ_REL);
	if (!isr)
		return 0;
	vpci_device_intx(&t->pci, false);
	/* Something that came in between has asserted the pin already. */
	if (__atomic_load_n(&t->isr, __ATOMIC_ACQUIRE))
		vpci_device_intx(&t->pci, true);
	return isr;
}

static void no_write(void *dev, u64 offset, unsigned size, u64 value)
{
	(void)dev, (void)offset, (void)size, (void)value;
}

static u64 device_read(void *dev, u64 offset, unsigned size)
{
	struct virtio_pci *t = dev;

	return t->ops->config_read(t->dev, (u32)offset, size);
}

static void device_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct virtio_pci *t = dev;

	if (t->ops->config_write)
		t->ops->config_write(t->dev, (u32)offset, size, value);
}

static u64 notify_read(void *dev, u64 offset, unsigned size)
{
	(void)dev, (void)offset, (void)size;
	return 0;
}

/* Which queue is meant follows from the address alone. */
static void notify_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct virtio_pci *t = dev;

	(void)size, (void)value;
	if (likely(virtio_started(t)))
		t->ops->notify(t->dev, (u32)offset / VIRTIO_NOTIFY_STEP);
}

static const struct bus_ops isr_ops = {isr_read, no_write};
static const struct bus_ops device_ops = {device_read, device_write};
static const struct bus_ops notify_ops = {notify_read, notify_write};

/* --- access by configuration space (4.1.4.9) ---------------------------------------------------
 */

/* The access that the capability describes; false unless its data is what is addressed. */
static bool access_window(struct vpci_device *d, u32 offset, u32 *bar, u32 *at, u32 *width)
{
	u32 cap = d->last_capability;

	if (!d->registered || offset != cap + ACCESS_DATA)
		return false;
	ticket_lock(&d->lock);
	*bar = vpci_config_read(&d->config, cap + ACCESS_BAR, 1);
	*at = vpci_config_read(&d->config, cap + ACCESS_OFFSET, 4);
	*width = vpci_config_read(&d->config, cap + ACCESS_WIDTH, 4);
	ticket_unlock(&d->lock);
	return (*width == 1 || *width == 2 || *width == 4) && IS_ALIGNED(*at, *width);
}

static bool config_read(struct vpci_device *d, u32 offset, unsigned size, u32 *value)
{
	u32 bar, at, width;

	if (!access_window(d, offset, &bar, &at, &width) || size < width)
		return false;
	*value = (u32)vpci_device_bar_read(d, bar, at, width);
	return true;
}

static bool config_write(struct vpci_device *d, u32 offset, unsigned size, u32 value)
{
	u32 bar, at, width;

	if (!access_window(d, offset, &bar, &at, &width) || size < width)
		return false;
	vpci_device_bar_write(d, bar, at, width, value);
	return true;
}

static void pci_reset(struct vpci_device *d)
{
	struct virtio_pci *t = container_of(d, struct virtio_pci, pci);

	ticket_lock(&t->lock);
	virtio_reset(t);
	ticket_unlock(&t->lock);
}

static const struct vpci_device_ops pci_ops = {
    .config_read = config_read, .config_write = config_write, .reset = pci_reset};

/* --- making one --------------------------------------------------------------------------------
 */

static int add_capability(struct virtio_pci *t, u8 type, u32 offset, u32 length, u32 extra)
{
	u8 body[CAP_NOTIFY_LENGTH - 2] = {0}, writable[CAP_NOTIFY_LENGTH - 2] = {0};
	u32 at;

	body[0] = type == CAP_NOTIFY || type == CAP_ACCESS ? CAP_NOTIFY_LENGTH : CAP_LENGTH;
	body[1] = type;
	body[2] = VIRTIO_BAR;
	memcpy(&body[6], &offset, 4);
	memcpy(&body[10], &length, 4);
	memcpy(&body[14], &extra, 4);
	if (type == CAP_ACCESS) {
		writable[ACCESS_BAR - 2] = 0xff;
		memset(&writable[ACCESS_OFFSET - 2], 0xff, 12);
	}
	return vpci_device_add_capability(&t->pci, PCI_CAP_VENDOR, body, writable, body[0], &at);
}

static int add_capabilities(struct virtio_pci *t)
{
	const struct {
		u8 type;
		u32 offset, length, extra;
	} caps[] = {
	    {CAP_COMMON, VIRTIO_COMMON, VIRTIO_COMMON_SIZE, 0},
	    {CAP_ISR, VIRTIO_ISR, 1, 0},
	    {CAP_DEVICE, VIRTIO_DEVICE, t->config.config_length, 0},
	    {CAP_NOTIFY, VIRTIO_NOTIFY, t->config.queues * VIRTIO_NOTIFY_STEP, VIRTIO_NOTIFY_STEP},
	    /* The last one: access_window() finds it so. */
	    {CAP_ACCESS, 0, 0, 0},
	};
	int err = vpci_device_add_msix(&t->pci, VIRTIO_BAR, VIRTIO_MSIX, t->config.vectors);

	for (u32 i = 0; !err && i < ARRAY_SIZE(caps); i++)
		err =
		    add_capability(t, caps[i].type, caps[i].offset, caps[i].length, caps[i].extra);
	return err;
}

static int add_regions(struct virtio_pci *t)
{
	const struct vpci_region regions[] = {
	    {VIRTIO_BAR, VIRTIO_COMMON, VIRTIO_COMMON_SIZE, &virtio_common_ops, t, "virtio"},
	    {VIRTIO_BAR, VIRTIO_ISR, VIRTIO_ISR_SIZE, &isr_ops, t, "virtio-isr"},
	    {VIRTIO_BAR, VIRTIO_DEVICE, t->config.config_length, &device_ops, t, "virtio-config"},
	    {VIRTIO_BAR, VIRTIO_NOTIFY, t->config.queues * VIRTIO_NOTIFY_STEP, &notify_ops, t,
	     "virtio-notify"},
	};
	int err = vpci_device_add_bar(&t->pci, VIRTIO_BAR, VIRTIO_BAR_SIZE, PCI_BAR_64);

	for (u32 i = 0; !err && i < ARRAY_SIZE(regions); i++)
		err = vpci_device_add_region(&t->pci, &regions[i]);
	return err;
}

int virtio_pci_create(struct virtio_pci *t, struct platform *p, u16 bdf,
		      const struct virtio_config *config, const struct virtio_ops *ops, void *dev,
		      const struct guest_ram *ram)
{
	const struct vpci_ids ids = {
	    .vendor = VENDOR_ID,
	    .device = DEVICE_ID(config->type),
	    .subsystem_vendor = VENDOR_ID,
	    .subsystem = DEVICE_ID(config->type),
	    .class_code = config->class_code,
	    .revision = REVISION,
	    .pin = 1,
	};
	int err;

	memset(t, 0, sizeof(*t));
	vpci_device_init(&t->pci, p, bdf, &ids, &pci_ops);
	t->ops = ops;
	t->dev = dev;
	t->ram = ram;
	t->config = *config;
	t->queue = heap_alloc_array(config->queues, sizeof(*t->queue));
	if (!t->queue)
		return trace_err(ERR_NOMEM, "%s: no memory for its queues", config->name);
	err = add_regions(t);
	if (!err)
		err = add_capabilities(t);
	return err ? err : vpci_device_register(&t->pci);
}

void virtio_pci_destroy(struct virtio_pci *t)
{
	vpci_device_destroy(&t->pci);
	heap_free(t->queue);
	t->queue = NULL;
}
