/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing the physical function of an 82576 up and down; its rings are in igb_ring.c. */
#include "drivers/nic/igb.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/irq/irq.h"
#include "drivers/iommu/iommu.h"
#include "drivers/nic/igb_regs.h"
#include "drivers/nic/irq.h"
#include "drivers/pci/regs.h"
#include "kernel/mm/heap.h"
#include "kernel/time/time.h"

#define RESET_WAIT_US 20000
#define RESET_POLL_US 10
#define THROTTLE_US 16
/* The card's interrupt 0 is our queue's. */
#define CAUSE_QUEUE BIT(IGB_VECTOR_QUEUE)

static bool reset(struct igb *g)
{
	igb_write(g, IGB_IMC, ~0u);
	igb_write(g, IGB_EIMC, ~0u);
	igb_write(g, IGB_RCTL, 0);
	igb_write(g, IGB_TCTL, 0);
	igb_write(g, IGB_CTRL, igb_read(g, IGB_CTRL) | (u32)IGB_CTRL_RST);
	for (u32 us = 0; us < RESET_WAIT_US; us += RESET_POLL_US) {
		tsc_delay_us(RESET_POLL_US);
		if (!(igb_read(g, IGB_CTRL) & IGB_CTRL_RST)) {
			igb_write(g, IGB_IMC, ~0u);
			igb_write(g, IGB_EIMC, ~0u);
			return true;
		}
	}
	return false;
}

/* After a reset the first receive address is what the EEPROM says. */
static bool mac_read(struct igb *g)
{
	u32 low = igb_read(g, IGB_RAL(0)), high = igb_read(g, IGB_RAH(0));

	for (u32 i = 0; i < 6; i++)
		g->nic.mac[i] = (u8)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
	return high & IGB_RAH_AV && (low || high & 0xffff) && !(g->nic.mac[0] & 1);
}

/* The reset of the card need not have started the PHY. It may be slow, but is not waited for
 * longer than for the card itself. */
static void phy_write(struct igb *g, u32 reg, u16 value)
{
	igb_write(g, IGB_MDIC, value | IGB_MDIC_REGISTER(reg) | IGB_MDIC_PHY | IGB_MDIC_WRITE);
	for (u32 us = 0; us < RESET_WAIT_US; us += RESET_POLL_US) {
		if (igb_read(g, IGB_MDIC) & IGB_MDIC_READY)
			return;
		tsc_delay_us(RESET_POLL_US);
	}
}

static void link_up(struct igb *g)
{
	igb_write(g, IGB_CTRL, igb_read(g, IGB_CTRL) | (u32)IGB_CTRL_SLU);
	igb_write(g, IGB_CTRL_EXT,
		  igb_read(g, IGB_CTRL_EXT) | (u32)(IGB_CTRL_EXT_DRV_LOAD | IGB_CTRL_EXT_PFRSTD));
	if (!(igb_read(g, IGB_STATUS) & IGB_STATUS_LU))
		phy_write(g, IGB_PHY_CONTROL, IGB_PHY_AUTONEG);
}

/* One message for our queue; the card masks it by itself when it is sent. */
static void interrupt_set(struct igb *g)
{
	igb_write(g, IGB_GPIE,
		  (u32)(IGB_GPIE_NSICR | IGB_GPIE_MSIX | IGB_GPIE_EIAME | IGB_GPIE_PBA));
	igb_write(g, IGB_EIAC, CAUSE_QUEUE);
	igb_write(g, IGB_EIAM, CAUSE_QUEUE);
	igb_write(g, IGB_EITR(0), IGB_EITR_US(THROTTLE_US));
	igb_write(g, IGB_IVAR(IGB_QUEUE), IGB_IVAR_VALID);
}

static int start(struct nic *nic)
{
	struct igb *g = container_of(nic, struct igb, nic);
	int err = iommu_dma_attach(nic->pci);

	if (!err)
		err = igb_rings_create(g);
	if (err) {
		igb_rings_destroy(g);
		return err;
	}
	for (u32 i = 0; i < IGB_MTA_WORDS; i++)
		igb_write(g, IGB_MTA(i), 0);
	igb_write(g, IGB_RXCSUM, IGB_RXCSUM_IPOFL | IGB_RXCSUM_TUOFL);
	g->promiscuous = false;
	pci_update16(nic->pci, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
	igb_filter_restore(g);
	igb_write(g, IGB_TCTL, igb_read(g, IGB_TCTL) | (u32)(IGB_TCTL_EN | IGB_TCTL_PSP));
	igb_rings_start(g);
	igb_vf_restore(g);
	return 0;
}

int igb_restart(struct igb *g)
{
	if (!reset(g))
		return trace_err(ERR_TIMEOUT, "nic: it does not come out of reset");
	link_up(g);
	interrupt_set(g);
	return 0;
}

static void interrupt(void *arg)
{
	struct igb *g = arg;

	g->interrupts++;
	if (g->nic.event)
		g->nic.event(&g->nic, 0);
}

static void poll(struct timer *timer)
{
	struct igb *g = container_of(timer, struct igb, poll_timer);

	if (g->nic.event)
		g->nic.event(&g->nic, 0);
}

/* What came between the last look and this is in EICR, and interrupts at once. */
static void arm(struct nic *nic, u32 queue)
{
	struct igb *g = container_of(nic, struct igb, nic);

	(void)queue;
	if (nic->polled)
		timer_arm(&g->poll_timer, rdtsc() + time_ns_to_ticks(NIC_POLL_US * 1000ull));
	else
		igb_write(g, IGB_EIMS, CAUSE_QUEUE);
}

static void interrupt_trigger(void *arg)
{
	igb_write(arg, IGB_EIMS, CAUSE_QUEUE);
	igb_write(arg, IGB_EICS, CAUSE_QUEUE);
}

static bool interrupt_try(struct igb *g, int vector)
{
	struct pci_msi_message message;
	bool works;

	if (iommu_irq_take(&g->irq, g->nic.pci) ||
	    iommu_irq_route(&g->irq, this_cpu()->apic_id, (u8)vector, &message) ||
	    pci_msix_open(g->nic.pci, &g->msix))
		return false;
	pci_msix_set(&g->msix, 0, &message, false);
	works = nic_irq_arrives(&g->interrupts, interrupt_trigger, g);
	igb_write(g, IGB_EIMC, ~0u);
	return works;
}

static void interrupt_setup(struct igb *g)
{
	int vector = irq_vector_alloc(interrupt, g);

	interrupt_set(g);
	if (vector >= 0 && interrupt_try(g, vector))
		return;
	iommu_irq_give(&g->irq);
	if (vector >= 0)
		irq_vector_free((u8)vector);
	g->nic.polled = true;
}

static bool link_state(struct nic *nic, u32 *mbps)
{
	static const u32 speeds[] = {10, 100, 1000, 1000};
	u32 status = igb_read(container_of(nic, struct igb, nic), IGB_STATUS);

	*mbps = speeds[IGB_STATUS_SPEED(status)];
	return status & IGB_STATUS_LU;
}

static void stop(struct nic *nic)
{
	struct igb *g = container_of(nic, struct igb, nic);

	(void)timer_cancel_sync(&g->poll_timer);
	if (!reset(g))
		log_err("nic: %s does not come out of reset: its link may be lost", nic->model);
	pci_update16(nic->pci, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	igb_rings_destroy(g);
	link_up(g);
	interrupt_set(g);
	igb_vf_restore(g);
}

static const struct nic_ops ops = {
    .start = start,
    .stop = stop,
    .rx = igb_rx,
    .rx_done = igb_rx_done,
    .tx_buffer = igb_tx_buffer,
    .tx_commit = igb_tx_commit,
    .tx_flush = igb_tx_flush,
    .arm = arm,
    .set_promiscuous = igb_set_promiscuous,
    .set_addresses = igb_set_addresses,
    .link = link_state,
};

static int bring_up(struct igb *g)
{
	pci_update16(g->nic.pci, PCI_COMMAND, 0, PCI_COMMAND_MEMORY);
	g->regs = g->nic.pci->bar[0].size >= IGB_REGS_BYTES ? pci_bar_map(g->nic.pci, 0) : NULL;
	if (!g->regs)
		return trace_err(ERR_IO, "nic: its registers are not placed by the firmware");
	if (!reset(g))
		return trace_err(ERR_TIMEOUT, "nic: it does not come out of reset");
	if (!mac_read(g))
		return trace_err(ERR_IO, "nic: it has no MAC address");
	link_up(g);
	/* A message is a write by the card. */
	pci_update16(g->nic.pci, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
	interrupt_setup(g);
	pci_update16(g->nic.pci, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	return 0;
}

static int probe(struct pci_device *dev, const struct nic_id *id)
{
	struct igb *g = heap_alloc(sizeof(*g));
	int err;

	if (!g)
		return trace_err(ERR_NOMEM, "nic: no memory for a card");
	g->nic = (struct nic){.pci = dev, .ops = &ops, .model = id->model, .queues = 1};
	g->nic.can_csum = true;
	g->nic.vf_ops = &igb_vf_ops;
	timer_init(&g->poll_timer, poll);
	err = bring_up(g);
	if (err) {
		heap_free(g);
		return err;
	}
	nic_add(&g->nic);
	return 0;
}

static const struct nic_id ids[] = {{0x8086, 0x10c9, "82576"}, {0}};

static const struct nic_driver igb_driver = {.name = "igb", .ids = ids, .probe = probe};
NIC_DRIVER(igb_driver);
