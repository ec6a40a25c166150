/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests with a network device each, on one switch: what all kinds of devices are tested with. */
#ifndef TESTS_HOST_VDEV_NICS_H
#define TESTS_HOST_VDEV_NICS_H

#include "tests/host/vdev/fixture.h"
#include "vmm/net/net.h"
#include "vmm/vm/layout.h"
#include "vmm/vpci/vpci.h"

#define NIC_GUEST_MEMORY 0x40000

/* A guest's memory, and its device with the first BAR where firmware has put it. */
struct nic_guest {
	struct net_nic nic;
	u8 *memory;
	u64 bar;
	u16 bdf;
};

/* What a device has queued to go on with; NULL: nothing. */
extern struct work *nics_queued;

/* The switch; after fixture_setup(). */
void nics_setup(void);
void nics_teardown(void);

/* MAC address 02:00:00:00:00:last. The device decodes memory and I/O, and masters the bus. */
void nic_guest_make(struct nic_guest *g, const struct net_model *model, const char *name, u8 last,
		    u16 bdf);
void nic_guest_drop(struct nic_guest *g);

/* Address of a register of its configuration space. */
u64 nic_config(const struct nic_guest *g, u32 reg);
u64 nic_guest_get(const struct nic_guest *g, u64 offset, unsigned size);
void nic_guest_set(const struct nic_guest *g, u64 offset, unsigned size, u64 value);

#endif
