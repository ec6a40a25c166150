/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing an 8254x or 82574 up and down; its rings are in e1000_ring.c. */
#include "drivers/nic/e1000.h"

#include "arch/x86/cpu/percpu.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/irq/ioapic.h"
#include "arch/x86/irq/irq.h"
#include "drivers/iommu/iommu.h"
#include "drivers/nic/e1000_regs.h"
#include "drivers/nic/irq.h"
#include "drivers/pci/msi.h"
#include "drivers/pci/regs.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/time/time.h"

#define RESET_WAIT_US 5000
#define RESET_POLL_US 10
#define ITR_256NS 64 /* at most 61,000 interrupts a second */

static bool reset(struct e1000 *e)
{
	e1000_write(e, E1000_IMC, ~0u);
	e1000_write(e, E1000_RCTL, 0);
	e1000_write(e, E1000_TCTL, 0);
	e1000_write(e, E1000_CTRL, e1000_read(e, E1000_CTRL) | (u32)E1000_CTRL_RST);
	for (u32 us = 0; us < RESET_WAIT_US; us += RESET_POLL_US) {
		tsc_delay_us(RESET_POLL_US);
		if (!(e1000_read(e, E1000_CTRL) & E1000_CTRL_RST)) {
			e1000_write(e, E1000_IMC, ~0u);
			(void)e1000_read(e, E1000_ICR);
			return true;
		}
	}
	return false;
}

/* A word of the EEPROM, as the 8254x read it (13.4.4). */
static bool eeprom_read(struct e1000 *e, u32 word, u16 *out)
{
	e1000_write(e, E1000_EERD, word << E1000_EERD_ADDR_SHIFT | (u32)E1000_EERD_START);
	for (u32 us = 0; us < RESET_WAIT_US; us += RESET_POLL_US) {
		u32 value = e1000_read(e, E1000_EERD);

		if (value & E1000_EERD_DONE) {
			*out = (u16)(value >> E1000_EERD_DATA_SHIFT);
			return true;
		}
		tsc_delay_us(RESET_POLL_US);
	}
	return false;
}

/* After a reset the first receive address is what the EEPROM says. Some emulators leave it
 * to the driver to copy it. */
static bool mac_read(struct e1000 *e)
{
	u32 low = e1000_read(e, E1000_RAL), high = e1000_read(e, E1000_RAH);
	u16 word[3];

	if (!(high & E1000_RAH_AV)) {
		for (u32 i = 0; i < ARRAY_SIZE(word); i++)
			if (!eeprom_read(e, i, &word[i]))
				return false;
		low = word[0] | (u32)word[1] << 16;
		high = word[2] | (u32)E1000_RAH_AV;
	}
	for (u32 i = 0; i < 6; i++)
		e->nic.mac[i] = (u8)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
	return (low || high & 0xffff) && !(e->nic.mac[0] & 1);
}

/* A reset loses it. */
static void mac_set(struct e1000 *e)
{
	const u8 *mac = e->nic.mac;

	e1000_write(e, E1000_RAL, mac[0] | mac[1] << 8 | mac[2] << 16 | (u32)mac[3] << 24);
	e1000_write(e, E1000_RAH, mac[4] | mac[5] << 8 | (u32)E1000_RAH_AV);
}

static void receive_mode(struct e1000 *e, bool promiscuous)
{
	u32 rctl = E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_MPE | E1000_RCTL_SECRC;

	e1000_write(e, E1000_RCTL, rctl | (promiscuous ? (u32)E1000_RCTL_UPE : 0));
}

/* Let it look for a link, and its firmware keep off. */
static void link_up(struct e1000 *e)
{
	e1000_write(e, E1000_CTRL,
		    e1000_read(e, E1000_CTRL) | (u32)(E1000_CTRL_SLU | E1000_CTRL_ASDE));
	e1000_write(e, E1000_CTRL_EXT,
		    e1000_read(e, E1000_CTRL_EXT) | (u32)E1000_CTRL_EXT_DRV_LOAD);
}

static void registers_set(struct e1000 *e)
{
	mac_set(e);
	for (u32 i = 0; i < E1000_MTA_WORDS; i++)
		e1000_write(e, E1000_MTA(i), 0);
	e1000_write(e, E1000_ITR, ITR_256NS);
	e1000_write(e, E1000_RDTR, 0);
	e1000_write(e, E1000_RXCSUM, E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL);
	e1000_write(e, E1000_TIPG, E1000_TIPG_COPPER);
}

static int start(struct nic *nic)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);
	int err = iommu_dma_attach(nic->pci);

	if (!err)
		err = e1000_rings_create(e);
	if (err) {
		e1000_rings_destroy(e);
		return err;
	}
	registers_set(e);
	e1000_rings_start(e);
	pci_update16(nic->pci, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
	e1000_write(e, E1000_TCTL,
		    E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT | E1000_TCTL_COLD);
	receive_mode(e, false);
	return 0;
}

/* Reading the cause ends a level-triggered interrupt; the next one comes after arm(). */
static void interrupt(void *arg)
{
	struct e1000 *e = arg;
	u32 cause = e1000_read(e, E1000_ICR);

	e->interrupts++;
	if (!cause)
		return;
	e1000_write(e, E1000_IMC, ~0u);
	if (e->nic.event)
		e->nic.event(&e->nic, 0);
}

static void poll(struct timer *timer)
{
	struct e1000 *e = container_of(timer, struct e1000, poll_timer);

	if (e->nic.event)
		e->nic.event(&e->nic, 0);
}

/* What came between the last look and this is in ICR, and interrupts at once. */
static void arm(struct nic *nic, u32 queue)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);

	(void)queue;
	if (nic->polled)
		timer_arm(&e->poll_timer, rdtsc() + time_ns_to_ticks(NIC_POLL_US * 1000ull));
	else
		e1000_write(e, E1000_IMS, E1000_INT_RX);
}

static void interrupt_trigger(void *arg)
{
	struct e1000 *e = arg;

	e1000_write(e, E1000_IMS, E1000_INT_RXT0);
	e1000_write(e, E1000_ICS, E1000_INT_RXT0);
}

static bool interrupt_works(struct e1000 *e)
{
	bool works = nic_irq_arrives(&e->interrupts, interrupt_trigger, e);

	e1000_write(e, E1000_IMC, ~0u);
	(void)e1000_read(e, E1000_ICR);
	return works;
}

static bool line_try(struct e1000 *e, int vector)
{
	u32 line = pci_read(e->nic.pci, PCI_INTERRUPT_LINE, 1);

	if (!pci_read(e->nic.pci, PCI_INTERRUPT_PIN, 1) || !line || line >= ioapic_gsi_count() ||
	    ioapic_route(line, (u8)vector, this_cpu()->apic_id, true, true))
		return false;
	pci_update16(e->nic.pci, PCI_COMMAND, PCI_COMMAND_INTX_OFF, 0);
	if (interrupt_works(e))
		return true;
	ioapic_mask(line);
	return false;
}

static bool msi_try(struct e1000 *e, int vector)
{
	struct pci_msi_message message;

	if (!iommu_irq_take(&e->irq, e->nic.pci) &&
	    !iommu_irq_route(&e->irq, this_cpu()->apic_id, (u8)vector, &message) &&
	    !pci_msi_set(e->nic.pci, &message) && interrupt_works(e))
		return true;
	iommu_irq_give(&e->irq);
	return false;
}

static void interrupt_setup(struct e1000 *e)
{
	int vector = irq_vector_alloc(interrupt, e);

	if (vector >= 0 && (msi_try(e, vector) || line_try(e, vector)))
		return;
	if (vector >= 0)
		irq_vector_free((u8)vector);
	e->nic.polled = true;
}

static bool link_state(struct nic *nic, u32 *mbps)
{
	static const u32 speeds[] = {10, 100, 1000, 1000};
	struct e1000 *e = container_of(nic, struct e1000, nic);
	u32 status = e1000_read(e, E1000_STATUS);

	*mbps = speeds[E1000_STATUS_SPEED(status)];
	return status & E1000_STATUS_LU;
}

static void set_promiscuous(struct nic *nic, bool on)
{
	receive_mode(container_of(nic, struct e1000, nic), on);
}

static void stop(struct nic *nic)
{
	struct e1000 *e = container_of(nic, struct e1000, nic);

	(void)timer_cancel_sync(&e->poll_timer);
	if (!reset(e))
		log_err("nic: %s does not come out of reset: its link may be lost", nic->model);
	pci_update16(nic->pci, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	e1000_rings_destroy(e);
	link_up(e);
}

static const struct nic_ops ops = {
    .start = start,
    .stop = stop,
    .rx = e1000_rx,
    .rx_done = e1000_rx_done,
    .tx_buffer = e1000_tx_buffer,
    .tx_commit = e1000_tx_commit,
    .tx_flush = e1000_tx_flush,
    .arm = arm,
    .set_promiscuous = set_promiscuous,
    .link = link_state,
};

static int bring_up(struct e1000 *e)
{
	pci_update16(e->nic.pci, PCI_COMMAND, 0, PCI_COMMAND_MEMORY);
	e->regs = e->nic.pci->bar[0].size >= E1000_REGS_BYTES ? pci_bar_map(e->nic.pci, 0) : NULL;
	if (!e->regs)
		return trace_err(ERR_IO, "nic: its registers are not placed by the firmware");
	if (!reset(e))
		return trace_err(ERR_TIMEOUT, "nic: it does not come out of reset");
	if (!mac_read(e))
		return trace_err(ERR_IO, "nic: it has no MAC address");
	link_up(e);
	/* A message is a write by the card. */
	pci_update16(e->nic.pci, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
	interrupt_setup(e);
	pci_update16(e->nic.pci, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	return 0;
}

static int probe(struct pci_device *dev, const struct nic_id *id)
{
	struct e1000 *e = heap_alloc(sizeof(*e));
	int err;

	if (!e)
		return trace_err(ERR_NOMEM, "nic: no memory for a card");
	e->nic = (struct nic){.pci = dev, .ops = &ops, .model = id->model, .queues = 1};
	e->nic.can_csum = true;
	timer_init(&e->poll_timer, poll);
	err = bring_up(e);
	if (err) {
		heap_free(e);
		return err;
	}
	nic_add(&e->nic);
	return 0;
}

static const struct nic_id ids[] = {
    {0x8086, 0x100e, "82540EM"},
    {0x8086, 0x100f, "82545EM"},
    {0x8086, 0x10d3, "82574L"},
    {0},
};

static const struct nic_driver e1000_driver = {.name = "e1000", .ids = ids, .probe = probe};
NIC_DRIVER(e1000_driver);
