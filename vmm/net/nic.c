/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests' NICs: the configuration's nodes, and their ports while the VM is built. */
#include <stdio.h>
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/mm/direct.h"
#include "kernel/mm/heap.h"
#include "vmm/e1000/e1000.h"
#include "vmm/net/impl.h"
#include "vmm/virtio/net.h"
#include "vmm/vm/layout.h"
#include "vmm/vm/vm.h"

static struct list nics = LIST_INIT(nics);

static const struct net_model *const models[] = {
    [CONFIG_NIC_VIRTIO] = &virtio_net_model,
    [CONFIG_NIC_E1000] = &e1000_model,
};

struct list *net_nics(void)
{
	return &nics;
}

struct net_nic *net_nic_find(const char *name)
{
	struct list *it;

	list_for_each (it, &nics) {
		struct net_nic *nic = list_entry(it, struct net_nic, link);

		if (!strcmp(nic->name, name))
			return nic;
	}
	return NULL;
}

/* --- from the configuration --------------------------------------------------------------------
 */

static void fill_address(struct vsw_port_config *port, u32 address)
{
	for (u32 i = 0; i < 4; i++)
		port->ip[0].bytes[i] = (u8)(address >> (24 - 8 * i));
	port->addresses = 1;
}

static int fill_trunk(struct net_nic *nic)
{
	const struct config_nic *c = nic->config;

	if (!c->trunk_count)
		return 0;
	nic->vlans = heap_alloc_array(VSW_VLANS / 64, sizeof(u64));
	if (!nic->vlans)
		return trace_err(ERR_NOMEM, "%s: no memory for its VLANs", nic->name);
	for (u32 i = 0; i < c->trunk_count; i++)
		nic->vlans[c->trunk[i] / 64] |= BIT(c->trunk[i] % 64);
	nic->port_config.vlans = nic->vlans;
	nic->port_config.flags |= VSW_PORT_TRUNK;
	return 0;
}

static int fill_port(struct net_nic *nic)
{
	static const u32 guards[] = {
	    [CONFIG_GUARD_OFF] = 0,
	    [CONFIG_GUARD_MAC] = VSW_PORT_SPOOF_MAC,
	    [CONFIG_GUARD_IP] = VSW_PORT_SPOOF_MAC | VSW_PORT_SPOOF_IP,
	};
	const struct config_nic *c = nic->config;
	struct vsw_port_config *port = &nic->port_config;

	memcpy(port->name, nic->name, sizeof(port->name));
	memcpy(port->mac, c->mac, sizeof(port->mac));
	port->mtu = (u16)c->mtu;
	port->pvid = c->vlan ? (u16)c->vlan : VSW_VLAN_DEFAULT;
	port->in_mbps = c->rate_limit_mbps;
	port->flags = guards[c->guard] | (c->isolated ? VSW_PORT_ISOLATED : 0);
	if (c->address)
		fill_address(port, c->address);
	return fill_trunk(nic);
}

static int create_nic(const struct vm_config *vm, const struct config_nic *config)
{
	/* A page of its own: what frames write to is not on lines of something else. */
	struct net_nic *nic = heap_alloc(MAX(sizeof(*nic), PAGE_SIZE));

	if (!nic)
		return trace_err(ERR_NOMEM, "vm %s: no memory for %s", vm->name, config->name);
	nic->config = config;
	nic->model = config->model < ARRAY_SIZE(models) ? models[config->model] : NULL;
	nic->sw = net_switch_find(config->sw->name);
	(void)snprintf(nic->name, sizeof(nic->name), "%s.%s", vm->name, config->name);
	list_add_tail(&nics, &nic->link);
	return fill_port(nic);
}

int net_nics_create(const struct config *config)
{
	struct list *it, *at;

	list_for_each (it, &config->vms) {
		const struct vm_config *vm = list_entry(it, struct vm_config, link);

		list_for_each (at, &vm->nics) {
			int err = create_nic(vm, list_entry(at, struct config_nic, link));

			if (err)
				return err;
		}
	}
	return 0;
}

/* --- with the VM -------------------------------------------------------------------------------
 */

static void add_region(struct guest_ram *ram, const struct vm_memory *m, u64 gpa, u64 end)
{
	if (end <= gpa)
		return;
	ram->region[ram->count].gpa = gpa;
	ram->region[ram->count].size = end - gpa;
	ram->region[ram->count++].host = vm_memory_ptr(m, GPA(gpa), end - gpa);
}

/* What vm_memory_ptr() would find, the largest first. */
static void fill_ram(struct guest_ram *ram, const struct vm_memory *m)
{
	u64 low = MIN(m->size, LAYOUT_LOW_RAM_END);

	ram->count = 0;
	add_region(ram, m, LAYOUT_VGA_HOLE + LAYOUT_VGA_HOLE_SIZE, low);
	add_region(ram, m, LAYOUT_HIGH_RAM_BASE, LAYOUT_HIGH_RAM_BASE + m->size - low);
	add_region(ram, m, 0, MIN(low, LAYOUT_VGA_HOLE));
}

static int attach(struct net_nic *nic, struct vm *vm)
{
	int err;

	nic->vm = vm;
	fill_ram(&nic->ram, &vm->memory);
	err = nic->model->create(nic, &vm->platform, &nic->dev);
	if (err)
		return err;
	ticket_lock(&nic->lock);
	err = vsw_port_add(&nic->sw->vsw, &nic->port, &nic->model->port_ops, &nic->port_config);
	nic->attached = !err;
	if (nic->attached && nic->link_down)
		vsw_port_set_link(&nic->port, false);
	ticket_unlock(&nic->lock);
	if (!err) {
		net_uplink_tell_addresses(nic->sw);
		net_nat_guest_up(nic);
	}
	return err ? trace_err(err, "%s: no port on switch %s: %s", nic->name,
			       nic->sw->config->name, err_name(err))
		   : 0;
}

int net_vm_create(struct vm *vm)
{
	struct list *it, *at;

	list_for_each (it, &vm->config->nics) {
		const struct config_nic *config = list_entry(it, struct config_nic, link);
		struct net_nic *nic = NULL;
		int err = ERR_NOENT;

		list_for_each (at, &nics)
			if (list_entry(at, struct net_nic, link)->config == config)
				nic = list_entry(at, struct net_nic, link);
		if (nic && nic->model && nic->sw)
			err = attach(nic, vm);
		if (err)
			return trace_err(err, "vm %s: no device for %s", vm->name, config->name);
	}
	return 0;
}

static void detach(struct net_nic *nic)
{
	bool attached;

	if (nic->dev)
		nic->model->stop(nic->dev);
	ticket_lock(&nic->lock);
	attached = nic->attached;
	nic->attached = false;
	ticket_unlock(&nic->lock);
	if (attached) {
		net_uplink_tell_addresses(nic->sw);
		net_nat_guest_down(nic);
		vsw_port_unlink(&nic->port);
		/* Others are at most a batch away from leaving the switch. */
		while (!vsw_port_gone(&nic->port))
			cpu_relax();
	}
	if (nic->dev)
		nic->model->destroy(nic->dev);
	memset(&nic->port, 0, sizeof(nic->port));
	nic->dev = NULL;
	nic->vm = NULL;
}

void net_vm_destroy(struct vm *vm)
{
	struct list *it;

	list_for_each (it, &nics) {
		struct net_nic *nic = list_entry(it, struct net_nic, link);

		if (nic->vm == vm)
			detach(nic);
	}
}

/* --- at run time -------------------------------------------------------------------------------
 */

void net_nic_set_link(struct net_nic *nic, bool up)
{
	ticket_lock(&nic->lock);
	nic->link_down = !up;
	if (nic->attached)
		vsw_port_set_link(&nic->port, up);
	ticket_unlock(&nic->lock);
	net_uplink_tell_addresses(nic->sw);
}

int net_nic_configure(struct net_nic *nic, const struct vsw_port_config *config)
{
	struct vsw_port_config now = *config;
	int err = 0;

	ticket_lock(&nic->lock);
	/* The address that the guest has chosen stays. */
	memcpy(now.mac, nic->port.config.mac, sizeof(now.mac));
	if (nic->attached)
		err = vsw_port_configure(&nic->port, &now);
	if (!err)
		nic->port_config = *config;
	ticket_unlock(&nic->lock);
	return err;
}

int net_nic_set_mac(struct net_nic *nic, const u8 mac[6])
{
	struct vsw_port_config now;
	int err = ERR_BUSY;

	ticket_lock(&nic->lock);
	now = nic->port_config;
	memcpy(now.mac, mac, sizeof(now.mac));
	if (nic->attached)
		err = vsw_port_configure(&nic->port, &now);
	ticket_unlock(&nic->lock);
	if (!err)
		net_uplink_tell_addresses(nic->sw);
	return err;
}
