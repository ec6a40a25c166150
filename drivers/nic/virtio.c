/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing a virtio network card up and down (VIRTIO 1.2, 3.1 and 5.1); its rings are in
 * virtio_ring.c. Such a card is what a machine has that is a virtual one itself. */
#include "drivers/nic/virtio.h"

#include "arch/x86/cpu/percpu.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/irq/irq.h"
#include "drivers/iommu/iommu.h"
#include "drivers/pci/regs.h"
#include "kernel/lib/checked.h"
#include "kernel/mm/heap.h"
#include "kernel/time/time.h"

#define RESET_WAIT_US 20000
#define RESET_POLL_US 10
#define VECTOR 0 /* of the card's table: our receive queue's */
#define WANTED                                                                     \
	(VIRTIO_NET_CSUM | VIRTIO_NET_MAC | VIRTIO_NET_STATUS | VIRTIO_VERSION_1 | \
	 VIRTIO_ACCESS_PLATFORM)

/* --- where its registers are -------------------------------------------------------------------
 */

/* The part of a BAR that a capability describes, mapped; NULL if it is not all there. */
static u8 *structure_map(const struct pci_device *dev, u16 cap, u32 need, u32 *length)
{
	u32 bar = pci_read(dev, cap + VIRTIO_CAP_BAR, 1);
	u32 offset = pci_read(dev, cap + VIRTIO_CAP_OFFSET, 4);
	u8 *base;

	*length = pci_read(dev, cap + VIRTIO_CAP_LENGTH, 4);
	if (bar >= PCI_BARS || *length < need ||
	    !range_within(offset, *length, 0, dev->bar[bar].size))
		return NULL;
	base = pci_bar_map(dev, bar);
	return base ? base + offset : NULL;
}

/* Of several capabilities of a type the first that can be used is meant. */
static bool structures_find(struct virtio_nic *v)
{
	const struct pci_device *dev = v->nic.pci;
	u32 length;
	u16 cap;

	for (u32 i = 0; (cap = pci_cap_nth(dev, PCI_CAP_VENDOR, i)); i++) {
		u32 type = pci_read(dev, cap + VIRTIO_CAP_TYPE, 1);

		if (type == VIRTIO_CAP_COMMON && !v->common)
			v->common = structure_map(dev, cap, VIRTIO_COMMON_BYTES, &length);
		if (type == VIRTIO_CAP_DEVICE && !v->device)
			v->device = structure_map(dev, cap, VIRTIO_NET_CONFIG_BYTES, &length);
		if (type == VIRTIO_CAP_NOTIFY && !v->notify) {
			v->notify = structure_map(dev, cap, sizeof(u16), &v->notify_length);
			v->notify_multiplier = pci_read(dev, cap + VIRTIO_CAP_NOTIFY_MULTIPLIER, 4);
		}
	}
	return v->common && v->device && v->notify;
}

/* --- states ------------------------------------------------------------------------------------
 */

static void status_add(struct virtio_nic *v, u8 bits)
{
	mmio_write8(v->common + VIRTIO_STATUS, mmio_read8(v->common + VIRTIO_STATUS) | bits);
}

/* The card has done so when it says 0. */
static bool reset(struct virtio_nic *v)
{
	mmio_write8(v->common + VIRTIO_STATUS, 0);
	for (u32 us = 0; us < RESET_WAIT_US; us += RESET_POLL_US) {
		if (!mmio_read8(v->common + VIRTIO_STATUS))
			return true;
		tsc_delay_us(RESET_POLL_US);
	}
	return false;
}

static u64 features_offered(const struct virtio_nic *v)
{
	u64 features = 0;

	for (u32 half = 0; half < 2; half++) {
		mmio_write32(v->common + VIRTIO_DEVICE_FEATURE_SELECT, half);
		features |= (u64)mmio_read32(v->common + VIRTIO_DEVICE_FEATURE) << 32 * half;
	}
	return features;
}

static bool negotiate(struct virtio_nic *v)
{
	status_add(v, VIRTIO_S_ACKNOWLEDGE);
	status_add(v, VIRTIO_S_DRIVER);
	v->features = features_offered(v) & WANTED;
	for (u32 half = 0; half < 2; half++) {
		mmio_write32(v->common + VIRTIO_DRIVER_FEATURE_SELECT, half);
		mmio_write32(v->common + VIRTIO_DRIVER_FEATURE, (u32)(v->features >> 32 * half));
	}
	status_add(v, VIRTIO_S_FEATURES_OK);
	return v->features & VIRTIO_VERSION_1 &&
	       mmio_read8(v->common + VIRTIO_STATUS) & VIRTIO_S_FEATURES_OK;
}

/* --- queues ------------------------------------------------------------------------------------
 */

static u16 power_of_two_within(u16 size)
{
	u16 power = 1;

	while (power * 2 <= MIN(size, (u16)NIC_RING))
		power *= 2;
	return power;
}

/* The card's queue i, as large as both can; false: there is none. */
static bool queue_size(struct virtio_nic *v, u16 i)
{
	u16 size;

	mmio_write16(v->common + VIRTIO_QUEUE_SELECT, i);
	size = mmio_read16(v->common + VIRTIO_QUEUE_SIZE);
	v->queue[i].size = power_of_two_within(size);
	return size;
}

static void address_set(struct virtio_nic *v, u32 reg, u64 address)
{
	mmio_write32(v->common + reg, (u32)address);
	mmio_write32(v->common + reg + 4, (u32)(address >> 32));
}

static int queue_enable(struct virtio_nic *v, u16 i)
{
	struct virtio_nic_queue *q = &v->queue[i];
	u16 vector = i == VIRTIO_NIC_RX && !v->nic.polled ? VECTOR : VIRTIO_NO_VECTOR;
	u64 at;

	mmio_write16(v->common + VIRTIO_QUEUE_SELECT, i);
	at = (u64)mmio_read16(v->common + VIRTIO_QUEUE_NOTIFY_OFF) * v->notify_multiplier;
	if (!range_within(at, sizeof(u16), 0, v->notify_length))
		return trace_err(ERR_IO, "nic: %s wants to be told at a place that is not its own",
				 v->nic.model);
	q->notify = v->notify + at;
	mmio_write16(v->common + VIRTIO_QUEUE_SIZE, q->size);
	mmio_write16(v->common + VIRTIO_QUEUE_VECTOR, vector);
	if (mmio_read16(v->common + VIRTIO_QUEUE_VECTOR) != vector)
		return trace_err(ERR_IO, "nic: %s has no interrupt for a queue", v->nic.model);
	address_set(v, VIRTIO_QUEUE_DESC, q->ring.descriptors_hpa.v);
	address_set(v, VIRTIO_QUEUE_DRIVER, virtio_avail_hpa(q).v);
	address_set(v, VIRTIO_QUEUE_DEVICE, virtio_used_hpa(q).v);
	mmio_write16(v->common + VIRTIO_QUEUE_ENABLE, 1);
	return 0;
}

/* --- the card's functions ----------------------------------------------------------------------
 */

static int enable(struct virtio_nic *v)
{
	int err = reset(v) && negotiate(v) ? 0 : ERR_IO;

	for (u16 i = 0; !err && i < VIRTIO_NIC_QUEUES; i++)
		if (!queue_size(v, i))
			err = ERR_IO;
	if (err)
		return trace_err(err, "nic: %s does not start", v->nic.model);
	err = virtio_rings_create(v);
	if (err)
		return err;
	virtio_rings_start(v);
	mmio_write16(v->common + VIRTIO_CONFIG_VECTOR, VIRTIO_NO_VECTOR);
	for (u16 i = 0; !err && i < VIRTIO_NIC_QUEUES; i++)
		err = queue_enable(v, i);
	return err;
}

static int start(struct nic *nic)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);
	int err = iommu_dma_attach(nic->pci);

	if (!err)
		err = enable(v);
	if (err) {
		(void)reset(v);
		virtio_rings_destroy(v);
		return err;
	}
	pci_update16(nic->pci, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
	status_add(v, VIRTIO_S_DRIVER_OK);
	mmio_write16(v->queue[VIRTIO_NIC_RX].notify, VIRTIO_NIC_RX);
	return 0;
}

static void stop(struct nic *nic)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);

	(void)timer_cancel_sync(&v->poll_timer);
	if (!reset(v))
		log_err("nic: %s does not come out of reset: its link may be lost", nic->model);
	pci_update16(nic->pci, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	virtio_rings_destroy(v);
	(void)negotiate(v);
}

static void interrupt(void *arg)
{
	struct virtio_nic *v = arg;

	if (!v->queue[VIRTIO_NIC_RX].avail)
		return;
	v->queue[VIRTIO_NIC_RX].avail->flags = VIRTIO_AVAIL_NO_INTERRUPT;
	if (v->nic.event)
		v->nic.event(&v->nic, 0);
}

static void poll(struct timer *timer)
{
	struct virtio_nic *v = container_of(timer, struct virtio_nic, poll_timer);

	if (v->nic.event)
		v->nic.event(&v->nic, 0);
}

/* A frame that came before the card saw the flag makes no interrupt: look once more. */
static void arm(struct nic *nic, u32 queue)
{
	struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);

	(void)queue;
	if (nic->polled) {
		timer_arm(&v->poll_timer, rdtsc() + time_ns_to_ticks(NIC_POLL_US * 1000ull));
		return;
	}
	v->queue[VIRTIO_NIC_RX].avail->flags = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (virtio_rx_waiting(v) && nic->event)
		nic->event(nic, 0);
}

/* A card whose filter the driver cannot set passes everything (5.1.6.5.1), and this driver does
 * not ask for one. */
static void set_promiscuous(struct nic *nic, bool on)
{
	(void)nic;
	(void)on;
}

static bool link_state(struct nic *nic, u32 *mbps)
{
	const struct virtio_nic *v = container_of(nic, struct virtio_nic, nic);

	*mbps = 0; /* it has no speed of its own */
	return !(v->features & VIRTIO_NET_STATUS) ||
	       mmio_read16(v->device + VIRTIO_NET_CONFIG_STATUS) & VIRTIO_NET_LINK_UP;
}

static const struct nic_ops ops = {
    .start = start,
    .stop = stop,
    .rx = virtio_rx,
    .rx_done = virtio_rx_done,
    .tx_buffer = virtio_tx_buffer,
    .tx_commit = virtio_tx_commit,
    .tx_flush = virtio_tx_flush,
    .arm = arm,
    .set_promiscuous = set_promiscuous,
    .link = link_state,
};

/* --- finding it --------------------------------------------------------------------------------
 */

static void interrupt_setup(struct virtio_nic *v)
{
	struct pci_msi_message message;
	int vector = irq_vector_alloc(interrupt, v);

	if (vector >= 0 && !iommu_irq_take(&v->irq, v->nic.pci) &&
	    !iommu_irq_route(&v->irq, this_cpu()->apic_id, (u8)vector, &message) &&
	    !pci_msix_open(v->nic.pci, &v->msix)) {
		pci_msix_set(&v->msix, VECTOR, &message, false);
		return;
	}
	iommu_irq_give(&v->irq);
	if (vector >= 0)
		irq_vector_free((u8)vector);
	v->nic.polled = true;
}

static int bring_up(struct virtio_nic *v)
{
	pci_update16(v->nic.pci, PCI_COMMAND, 0, PCI_COMMAND_MEMORY);
	if (!structures_find(v))
		return trace_err(ERR_IO, "nic: a virtio card without registers of version 1: set "
					 "`disable-legacy=on`, or give another card");
	if (!reset(v) || !negotiate(v))
		return trace_err(ERR_IO, "nic: a virtio card refuses this driver");
	if (!(v->features & VIRTIO_NET_MAC))
		return trace_err(ERR_IO, "nic: it has no MAC address");
	for (u32 i = 0; i < 6; i++)
		v->nic.mac[i] = mmio_read8(v->device + VIRTIO_NET_CONFIG_MAC + i);
	v->nic.can_csum = v->features & VIRTIO_NET_CSUM;
	interrupt_setup(v);
	return 0;
}

static int probe(struct pci_device *dev, const struct nic_id *id)
{
	struct virtio_nic *v = heap_alloc(sizeof(*v));
	int err;

	if (!v)
		return trace_err(ERR_NOMEM, "nic: no memory for a card");
	v->nic = (struct nic){.pci = dev, .ops = &ops, .model = id->model, .queues = 1};
	timer_init(&v->poll_timer, poll);
	err = bring_up(v);
	if (err) {
		heap_free(v);
		return err;
	}
	nic_add(&v->nic);
	return 0;
}

/* The second is one that old drivers understand as well. */
static const struct nic_id ids[] = {
    {0x1af4, 0x1041, "virtio-net"},
    {0x1af4, 0x1000, "virtio-net"},
    {0},
};

static const struct nic_driver virtio_driver = {.name = "virtio", .ids = ids, .probe = probe};
NIC_DRIVER(virtio_driver);
