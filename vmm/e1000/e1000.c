/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulated 82540EM as a PCI function and as a port of a switch. */
#include "vmm/e1000/e1000.h"

#include "drivers/pci/regs.h"
#include "kernel/mm/heap.h"
#include "kernel/shell/shell.h"
#include "vmm/e1000/impl.h"
#include "vmm/vdev/platform.h"

#define BAR_MEMORY 0
#define BAR_IO 1
#define BAR_IO_SIZE 64

static const struct vpci_ids ids = {
    .vendor = 0x8086,
    .device = 0x100e,
    .subsystem_vendor = 0x8086,
    .subsystem = 0x100e,
    .class_code = 0x020000,
    .revision = 3,
    .pin = 1,
};

static void pci_reset(struct vpci_device *d)
{
	e1000_reset(container_of(d, struct e1000, pci));
}

static const struct vpci_device_ops pci_ops = {.reset = pci_reset};

static int pci_create(struct e1000 *e, struct platform *p)
{
	const struct vpci_region regions[] = {
	    {.bar = BAR_MEMORY,
	     .size = E1000_REGS_BYTES,
	     .ops = &e1000_memory_ops,
	     .dev = e,
	     .name = e->nic->name},
	    {.bar = BAR_IO,
	     .size = BAR_IO_SIZE,
	     .ops = &e1000_io_ops,
	     .dev = e,
	     .name = e->nic->name},
	};
	u16 bdf;
	int err = vpci_free_slot(p->pci, &bdf);

	if (err)
		return err;
	vpci_device_init(&e->pci, p, bdf, &ids, &pci_ops);
	err = vpci_device_add_bar(&e->pci, BAR_MEMORY, E1000_REGS_BYTES, 0);
	if (!err)
		err = vpci_device_add_bar(&e->pci, BAR_IO, BAR_IO_SIZE, PCI_BAR_IO);
	for (u32 i = 0; i < ARRAY_SIZE(regions) && !err; i++)
		err = vpci_device_add_region(&e->pci, &regions[i]);
	return err ? err : vpci_device_register(&e->pci);
}

static void nic_link(struct vsw_port *port, bool up)
{
	struct e1000 *e = container_of(port, struct net_nic, port)->dev;

	if (!e)
		return;
	__atomic_store_n(&e->link, up, __ATOMIC_RELAXED);
	e1000_link_changed(e);
}

static void nic_describe(void *dev, struct shell *sh)
{
	const struct e1000 *e = dev;

	if (!(e1000_reg(e, E1000_RCTL) & E1000_RCTL_EN)) {
		shell_printf(sh, "  its driver has not started it\n");
		return;
	}
	shell_printf(sh, "  driver: rings of %zu descriptors to receive and %zu to send\n",
		     e1000_reg(e, E1000_RDLEN) / sizeof(struct e1000_rx_desc),
		     e1000_reg(e, E1000_TDLEN) / sizeof(struct e1000_tx_desc));
	shell_printf(sh, "  %llu writes of the tail, %llu interrupts\n",
		     (unsigned long long)e->tx.kicks, (unsigned long long)e->interrupts);
}

static void nic_stop(void *dev)
{
	struct e1000 *e = dev;

	e1000_tx_close(e);
	e1000_interrupt_stop(e);
}

static void nic_destroy(void *dev)
{
	struct e1000 *e = dev;

	if (!e)
		return;
	/* Frames for the guest may have come until now, with interrupts. */
	e1000_interrupt_stop(e);
	vpci_device_destroy(&e->pci);
	heap_free(e);
}

static int nic_create(struct net_nic *nic, struct platform *p, void **dev)
{
	struct e1000 *e = heap_alloc(sizeof(*e));
	int err;

	if (!e)
		return trace_err(ERR_NOMEM, "%s: no memory for the device", nic->name);
	e->nic = nic;
	e->link = !nic->link_down;
	e1000_eeprom_init(e, nic->port_config.mac);
	e1000_interrupt_init(e);
	e1000_tx_init(e);
	e->asserted = false;
	err = pci_create(e, p);
	if (err) {
		nic_destroy(e);
		return err;
	}
	e1000_reset_registers(e);
	*dev = e;
	return 0;
}

const struct net_model e1000_model = {
    .name = "e1000",
    .create = nic_create,
    .stop = nic_stop,
    .destroy = nic_destroy,
    .describe = nic_describe,
    .port_ops = {.send = e1000_rx_send, .link = nic_link},
};
