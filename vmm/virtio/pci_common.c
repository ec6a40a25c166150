/* SPDX-License-Identifier: BSD-2-Clause */
/* The common configuration structure (virtio 1.2, 4.1.4.3): features, status, queues. */
#include <string.h>

#include "kernel/lib/bitmap.h"
#include "vmm/virtio/pci_impl.h"

#define TRANSPORT_FEATURES \
	(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)

static u64 offered(const struct virtio_pci *t)
{
	return t->config.features | TRANSPORT_FEATURES;
}

static struct virtio_queue *selected(struct virtio_pci *t)
{
	return t->queue_select < t->config.queues ? &t->queue[t->queue_select] : NULL;
}

/* --- queues ------------------------------------------------------------------------------------
 */

static void queue_stop(struct virtio_queue *q)
{
	ticket_lock(&q->lock);
	q->enabled = false;
	vring_stop(&q->ring);
	ticket_unlock(&q->lock);
}

static void queue_reset(struct virtio_pci *t, struct virtio_queue *q)
{
	queue_stop(q);
	q->size = t->config.queue_size;
	q->vector = VIRTIO_NO_VECTOR;
	q->desc = q->avail = q->used = 0;
}

static void queue_enable(struct virtio_pci *t, struct virtio_queue *q)
{
	const struct vring_config config = {
	    .size = q->size,
	    .desc = q->desc,
	    .avail = q->avail,
	    .used = q->used,
	    .event = t->driver_features & VIRTIO_F_EVENT_IDX,
	    .indirect = t->driver_features & VIRTIO_F_INDIRECT_DESC,
	};
	int err;

	ticket_lock(&q->lock);
	err = vring_init(&q->ring, t->ram, &config);
	q->enabled = !err;
	ticket_unlock(&q->lock);
	if (err)
		virtio_fail(t, err == ERR_FAULT ? "a queue that is not in RAM"
						: "a queue of a wrong size or alignment");
}

/* --- registers; all with the lock held ---------------------------------------------------------
 */

static u32 read_device_select(struct virtio_pci *t)
{
	return t->device_select;
}

static void write_device_select(struct virtio_pci *t, u32 value)
{
	t->device_select = value;
}

static u32 read_device_features(struct virtio_pci *t)
{
	return t->device_select > 1 ? 0 : (u32)(offered(t) >> t->device_select * 32);
}

static u32 read_driver_select(struct virtio_pci *t)
{
	return t->driver_select;
}

static void write_driver_select(struct virtio_pci *t, u32 value)
{
	t->driver_select = value;
}

static u32 read_driver_features(struct virtio_pci *t)
{
	return t->driver_select > 1 ? 0 : (u32)(t->driver_features >> t->driver_select * 32);
}

/* Settled once the driver has set FEATURES_OK (3.1.1). */
static void write_driver_features(struct virtio_pci *t, u32 value)
{
	u32 shift = t->driver_select * 32;

	if (t->driver_select > 1 || t->status & VIRTIO_STATUS_FEATURES_OK)
		return;
	t->driver_features = (t->driver_features & ~(0xffffffffull << shift)) | (u64)value << shift;
}

static u16 valid_vector(const struct virtio_pci *t, u32 value)
{
	return value < t->config.vectors ? (u16)value : VIRTIO_NO_VECTOR;
}

static u32 read_config_vector(struct virtio_pci *t)
{
	return t->config_vector;
}

static void write_config_vector(struct virtio_pci *t, u32 value)
{
	t->config_vector = valid_vector(t, value);
}

static u32 read_queues(struct virtio_pci *t)
{
	return t->config.queues;
}

static u32 read_status(struct virtio_pci *t)
{
	return __atomic_load_n(&t->status, __ATOMIC_RELAXED);
}

static bool features_acceptable(const struct virtio_pci *t)
{
	return !(t->driver_features & ~offered(t)) && t->driver_features & VIRTIO_F_VERSION_1;
}

static void write_status(struct virtio_pci *t, u32 value)
{
	u8 old = __atomic_load_n(&t->status, __ATOMIC_RELAXED), set = (u8)value & ~old;

	if (!value) {
		virtio_reset(t);
		return;
	}
	if (set & VIRTIO_STATUS_FEATURES_OK && !features_acceptable(t))
		set &= (u8)~VIRTIO_STATUS_FEATURES_OK;
	if (set & VIRTIO_STATUS_DRIVER_OK && !((old | set) & VIRTIO_STATUS_FEATURES_OK))
		set &= (u8)~VIRTIO_STATUS_DRIVER_OK;
	if (set & VIRTIO_STATUS_FEATURES_OK)
		t->ops->negotiated(t->dev, t->driver_features);
	__atomic_fetch_or(&t->status, set & (u8)~VIRTIO_STATUS_NEEDS_RESET, __ATOMIC_ACQ_REL);
	if (set & VIRTIO_STATUS_DRIVER_OK)
		t->ops->start(t->dev);
}

static u32 read_generation(struct virtio_pci *t)
{
	return __atomic_load_n(&t->generation, __ATOMIC_ACQUIRE);
}

static u32 read_queue_select(struct virtio_pci *t)
{
	return t->queue_select;
}

static void write_queue_select(struct virtio_pci *t, u32 value)
{
	t->queue_select = (u16)value;
}

/* A size of 0 says that there is no such queue. */
static u32 read_queue_size(struct virtio_pci *t)
{
	return selected(t) ? selected(t)->size : 0;
}

static void write_queue_size(struct virtio_pci *t, u32 value)
{
	struct virtio_queue *q = selected(t);

	if (q && !q->enabled && is_power_of_2(value) && value <= t->config.queue_size)
		q->size = (u16)value;
}

static u32 read_queue_vector(struct virtio_pci *t)
{
	return selected(t) ? selected(t)->vector : VIRTIO_NO_VECTOR;
}

static void write_queue_vector(struct virtio_pci *t, u32 value)
{
	if (selected(t))
		__atomic_store_n(&selected(t)->vector, valid_vector(t, value), __ATOMIC_RELAXED);
}

static u32 read_queue_enable(struct virtio_pci *t)
{
	return selected(t) ? selected(t)->enabled : 0;
}

static void write_queue_enable(struct virtio_pci *t, u32 value)
{
	struct virtio_queue *q = selected(t);

	if (q && value == 1 && !q->enabled && t->status & VIRTIO_STATUS_FEATURES_OK)
		queue_enable(t, q);
}

static u32 read_queue_notify(struct virtio_pci *t)
{
	return t->queue_select;
}

static u32 read_queue_reset(struct virtio_pci *t)
{
	(void)t;
	return 0; /* it is over as soon as it was asked for */
}

static void write_queue_reset(struct virtio_pci *t, u32 value)
{
	struct virtio_queue *q = selected(t);

	if (q && value == 1 && t->driver_features & VIRTIO_F_RING_RESET)
		queue_reset(t, q);
}

#define ADDRESS_HALF(name, field, shift)                                                      \
	static u32 read_##name(struct virtio_pci *t)                                          \
	{                                                                                     \
		return selected(t) ? (u32)(selected(t)->field >> (shift)) : 0;                \
	}                                                                                     \
	static void write_##name(struct virtio_pci *t, u32 value)                             \
	{                                                                                     \
		struct virtio_queue *q = selected(t);                                         \
                                                                                              \
		if (q && !q->enabled)                                                         \
			q->field = (q->field & ~(0xffffffffull << (shift))) | (u64)value      \
										  << (shift); \
	}
ADDRESS_HALF(desc_low, desc, 0)
ADDRESS_HALF(desc_high, desc, 32)
ADDRESS_HALF(avail_low, avail, 0)
ADDRESS_HALF(avail_high, avail, 32)
ADDRESS_HALF(used_low, used, 0)
ADDRESS_HALF(used_high, used, 32)

static const struct {
	u8 offset, size;
	u32 (*read)(struct virtio_pci *t);
	void (*write)(struct virtio_pci *t, u32 value);
} registers[] = {
    {0x00, 4, read_device_select, write_device_select},
    {0x04, 4, read_device_features, NULL},
    {0x08, 4, read_driver_select, write_driver_select},
    {0x0c, 4, read_driver_features, write_driver_features},
    {0x10, 2, read_config_vector, write_config_vector},
    {0x12, 2, read_queues, NULL},
    {0x14, 1, read_status, write_status},
    {0x15, 1, read_generation, NULL},
    {0x16, 2, read_queue_select, write_queue_select},
    {0x18, 2, read_queue_size, write_queue_size},
    {0x1a, 2, read_queue_vector, write_queue_vector},
    {0x1c, 2, read_queue_enable, write_queue_enable},
    {0x1e, 2, read_queue_notify, NULL},
    {0x20, 4, read_desc_low, write_desc_low},
    {0x24, 4, read_desc_high, write_desc_high},
    {0x28, 4, read_avail_low, write_avail_low},
    {0x2c, 4, read_avail_high, write_avail_high},
    {0x30, 4, read_used_low, write_used_low},
    {0x34, 4, read_used_high, write_used_high},
    {0x38, 2, read_queue_notify, NULL},
    {0x3a, 2, read_queue_reset, write_queue_reset},
};

/* Drivers access each field at its own width; an address may also be accessed as a whole
 * (4.1.3.1). A narrower read gives that part, other accesses nothing. */
static u64 common_read(void *dev, u64 offset, unsigned size)
{
	struct virtio_pci *t = dev;
	u64 value = 0;

	ticket_lock(&t->lock);
	for (u32 i = 0; i < ARRAY_SIZE(registers); i++) {
		u64 into = registers[i].offset - offset, skip = offset - registers[i].offset;

		if (skip < registers[i].size)
			value |= registers[i].read(t) >> skip * 8;
		else if (into < size)
			value |= (u64)registers[i].read(t) << into * 8;
	}
	ticket_unlock(&t->lock);
	return value;
}

static void common_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct virtio_pci *t = dev;

	ticket_lock(&t->lock);
	for (u32 i = 0; i < ARRAY_SIZE(registers); i++) {
		u64 into = registers[i].offset - offset;

		if (into < size && into + registers[i].size <= size && registers[i].write)
			registers[i].write(t, (u32)(value >> into * 8) &
						  (u32)(BIT(registers[i].size * 8) - 1));
	}
	ticket_unlock(&t->lock);
}

const struct bus_ops virtio_common_ops = {common_read, common_write};

void virtio_reset(struct virtio_pci *t)
{
	__atomic_store_n(&t->status, 0, __ATOMIC_RELEASE);
	for (u32 i = 0; i < t->config.queues; i++)
		queue_reset(t, &t->queue[i]);
	t->ops->reset(t->dev);
	t->device_select = t->driver_select = 0;
	t->driver_features = 0;
	t->queue_select = 0;
	t->config_vector = VIRTIO_NO_VECTOR;
	__atomic_store_n(&t->isr, 0, __ATOMIC_RELAXED);
	vpci_device_intx(&t->pci, false);
}
