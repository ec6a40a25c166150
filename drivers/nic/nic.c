/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/nic/nic.h"

#include "drivers/pci/regs.h"
#include "kernel/lib/klog.h"

static struct list nics = LIST_INIT(nics);

void nic_add(struct nic *nic)
{
	char name[PCI_NAME];

	list_add_tail(&nics, &nic->link);
	log_info("nic: %s: %s, %02x:%02x:%02x:%02x:%02x:%02x, %u queue%s, %s",
		 pci_name(nic->pci, name), nic->model, nic->mac[0], nic->mac[1], nic->mac[2],
		 nic->mac[3], nic->mac[4], nic->mac[5], nic->queues, nic->queues == 1 ? "" : "s",
		 nic->polled ? "polled: it has no interrupt that works" : "by interrupts");
}

bool nic_give_up(struct nic *nic)
{
	if (nic->event)
		return false;
	list_del(&nic->link);
	nic->pci->owner = NULL;
	return true;
}

struct nic *nic_next(const struct nic *nic)
{
	const struct list *next = nic ? nic->link.next : nics.next;

	return next == &nics ? NULL : list_entry(next, struct nic, link);
}

struct nic *nic_find(u16 segment, u16 bdf)
{
	for (struct nic *nic = nic_next(NULL); nic; nic = nic_next(nic))
		if (nic->pci->segment == segment && nic->pci->bdf == bdf)
			return nic;
	return NULL;
}

static const struct nic_id *id_find(const struct nic_driver *driver, const struct pci_device *dev)
{
	for (const struct nic_id *id = driver->ids; id->vendor; id++)
		if (id->vendor == dev->vendor && id->device == dev->device)
			return id;
	return NULL;
}

static void device_probe(struct pci_device *dev, const struct nic_driver *driver,
			 const struct nic_id *id)
{
	char name[PCI_NAME];
	int err;

	pci_update16(dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	err = driver->probe(dev, id);
	if (!err) {
		dev->owner = driver->name;
		return;
	}
	pci_update16(dev, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	log_warn("nic: %s: %s cannot be used (%s)", pci_name(dev, name), id->model, err_name(err));
}

void nic_probe_all(const struct nic_driver *const *begin, const struct nic_driver *const *end)
{
	for (struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev)) {
		for (const struct nic_driver *const *d = begin; d < end && !dev->owner; d++) {
			const struct nic_id *id = id_find(*d, dev);

			if (id)
				device_probe(dev, *d, id);
		}
	}
}
