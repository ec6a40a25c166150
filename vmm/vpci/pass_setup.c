/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices of the configuration can be given to guests; at boot. */
#include <stdio.h>
#include <string.h>

#include "drivers/pci/regs.h"
#include "kernel/mm/heap.h"
#include "vmm/vpci/pass_impl.h"

static struct list functions = LIST_INIT(functions);

static void refuse(struct pass *p, const char *fmt, ...) __printf(2, 3);
static void refuse(struct pass *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	log_err("vm %s: %s cannot be given to it: %s", p->vm_config->name, p->config->name, p->why);
}

/* --- virtual functions -------------------------------------------------------------------------
 */

/* How many the configuration names of a card. */
static u32 wanted(u16 segment, u16 bdf)
{
	struct list *it;
	u32 count = 0;

	list_for_each (it, &pass_list) {
		const struct config_pass *c = list_entry(it, struct pass, link)->config;

		if (c->vf && c->segment == segment && c->bdf == bdf)
			count = MAX(count, c->index + 1);
	}
	return count;
}

static int enable(struct pci_device *pf, u32 count)
{
	struct nic *nic = nic_find(pf->segment, pf->bdf);
	char name[PCI_NAME];
	int err;

	if (count > pf->sriov.total)
		count = pf->sriov.total; /* the nodes that name others are refused */
	if (pf->sriov.count || !count)
		return 0;
	err = nic && nic->vf_ops ? nic->vf_ops->enable(nic, (u16)count)
				 : pci_sriov_enable(pf, (u16)count);
	if (!err)
		log_info("pci: %s has %u virtual functions", pci_name(pf, name), pf->sriov.count);
	return err;
}

static struct pci_device *vf_find(struct pass *p)
{
	const struct config_pass *c = p->config;
	struct pci_device *pf = pci_find(c->segment, c->bdf), *vf;
	int err;

	if (!pf || !pf->sriov.cap) {
		refuse(p, "%s: `pci` lists the machine's functions",
		       pf ? "its pf has no virtual functions (SR-IOV)" : "there is no such pf");
		return NULL;
	}
	err = enable(pf, wanted(c->segment, c->bdf));
	if (err) {
		refuse(p, "virtual functions could not be turned on (%s)", err_name(err));
		return NULL;
	}
	vf = pci_sriov_vf(pf, c->index);
	if (!vf)
		refuse(p, "%u virtual functions of its pf are on, and the first has index 0",
		       pf->sriov.count);
	return vf;
}

/* --- whole devices -----------------------------------------------------------------------------
 */

static struct pci_device *device_find(struct pass *p)
{
	struct pci_device *dev = pci_find(p->config->segment, p->config->bdf);
	struct nic *nic = nic_find(p->config->segment, p->config->bdf);

	if (!dev)
		refuse(p, "there is no such function: `pci` lists the machine's");
	else if (dev->bridge || dev->class >> 16 == 6)
		refuse(p, "it is a bridge");
	else if (dev->sriov.count)
		refuse(p, "its virtual functions are given to VMs: give those");
	else if (nic && !nic_give_up(nic))
		refuse(p, "the hypervisor uses it");
	else if (!nic && dev->owner)
		refuse(p, "the hypervisor uses it (%s)", dev->owner);
	else if (pci_bars_assign(dev))
		refuse(p, "no room for its registers");
	else
		return dev;
	return NULL;
}

/* --- both --------------------------------------------------------------------------------------
 */

static bool is_isolated(struct pass *p, const struct pci_device *dev)
{
	const struct pci_device *where;
	const char *missing = pci_isolation_missing(dev, &where);
	char name[PCI_NAME];

	if (!missing || p->config->allow_shared_group)
		return true;
	refuse(p, "%s %s: use another slot, or write `allow-shared-group;` to trust its neighbours",
	       pci_name(where, name), missing);
	return false;
}

static bool is_confined(struct pass *p, const struct pci_device *dev)
{
	const char *why = iommu_unfit(dev);

	if (why)
		refuse(p, "%s", why);
	return !why;
}

static bool is_resettable(struct pass *p, const struct pci_device *dev)
{
	struct pci_reset r;

	if (pci_reset_choose(&r, dev) != PCI_RESET_NONE)
		return true;
	refuse(p, "it cannot be reset on its own");
	return false;
}

static bool has_msix(struct pass *p, const struct pci_device *dev)
{
	if (pci_cap_find(dev, PCI_CAP_MSIX))
		return true;
	refuse(p, "it has no MSI-X");
	return false;
}

static struct pass_function *function_of(struct pci_device *dev)
{
	struct pass_function *fn;
	struct list *it;

	list_for_each (it, &functions)
		if (list_entry(it, struct pass_function, link)->dev == dev)
			return list_entry(it, struct pass_function, link);
	fn = heap_alloc(sizeof(*fn));
	if (!fn)
		return NULL;
	pass_function_init(fn, dev);
	fn->pf = dev->pf ? nic_find(dev->pf->segment, dev->pf->bdf) : NULL;
	dev->owner = "passed to guests";
	list_add_tail(&functions, &fn->link);
	/* Firmware may have left anything in it. */
	pass_function_reset(fn, NULL);
	return fn;
}

static int setup(struct pass *p)
{
	struct pci_device *dev;

	if (!iommu_active() || !iommu_irqs_confined()) {
		refuse(p, iommu_active()
			      ? "interrupts are not remapped; the log tells why, further up"
			      : "this machine has no VT-d that can be used: turn it on in the "
				"firmware's setup");
		return 0;
	}
	dev = p->config->vf ? vf_find(p) : device_find(p);
	if (!dev || !is_confined(p, dev) || !is_isolated(p, dev) || !is_resettable(p, dev) ||
	    !has_msix(p, dev))
		return 0;
	p->fn = function_of(dev);
	return p->fn ? 0 : trace_err(ERR_NOMEM, "pci: no memory for a device of a VM");
}

/* Locally administered, and the same at every boot: from the card's address and the names. */
static void derive_mac(const struct pass *p, u8 mac[6])
{
	const struct nic *pf = nic_find(p->config->segment, p->config->bdf);
	u64 hash = 0xcbf29ce484222325ull;

	for (u32 i = 0; pf && i < sizeof(pf->mac); i++)
		hash = (hash ^ pf->mac[i]) * 0x100000001b3ull;
	for (const char *c = p->name; *c; c++)
		hash = (hash ^ (u8)*c) * 0x100000001b3ull;
	for (u32 i = 0; i < 6; i++)
		mac[i] = (u8)(hash >> 8 * i);
	mac[0] = (u8)((mac[0] & ~1u) | 2);
}

static int create(const struct vm_config *vm, const struct config_pass *config)
{
	struct pass *p = heap_alloc(sizeof(*p));

	if (!p)
		return trace_err(ERR_NOMEM, "vm %s: no memory for %s", vm->name, config->name);
	p->config = config;
	p->vm_config = vm;
	(void)snprintf(p->name, sizeof(p->name), "%s.%s", vm->name, config->name);
	p->vf = (struct nic_vf_config){.vlan = (u16)config->vlan,
				       .anti_spoofing = config->anti_spoofing,
				       .rate_limit_mbps = config->rate_limit_mbps};
	memcpy(p->vf.mac, config->mac, sizeof(p->vf.mac));
	if (!config->mac_given)
		derive_mac(p, p->vf.mac);
	list_add_tail(&pass_list, &p->link);
	return 0;
}

int pass_create_all(const struct config *config)
{
	struct list *it, *at;
	int err = 0;

	list_for_each (it, &config->vms) {
		const struct vm_config *vm = list_entry(it, struct vm_config, link);

		list_for_each (at, &vm->passes)
			if (!err)
				err = create(vm, list_entry(at, struct config_pass, link));
	}
	/* All are known: so how many virtual functions a card needs is, too. */
	list_for_each (it, &pass_list)
		if (!err)
			err = setup(list_entry(it, struct pass, link));
	return err;
}
