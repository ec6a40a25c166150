/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's networks: the switches of the configuration, and the guests' ports on them.
 *
 * A switch (struct net_switch) and a NIC (struct net_nic) exist as long as the configuration;
 * a NIC's device and its port exist while its VM is built. What the operator changes at run
 * time is kept in the NIC, so that it outlasts a restart of the VM.
 */
#ifndef VMM_NET_NET_H
#define VMM_NET_NET_H

#include "kernel/lib/list.h"
#include "kernel/sync/ticketlock.h"
#include "net/pkt/plain.h"
#include "net/vswitch/vswitch.h"
#include "vmm/virtio/ring.h"
#include "vmm/vm/config.h"

struct gateway;
struct net_uplink;
struct shell;
struct vm;
struct platform;
struct net_model;

struct net_switch {
	struct list link;
	const struct config_switch *config;
	struct vsw vsw;
	struct net_uplink *uplink; /* NULL: it has none */
	struct gateway *gateway;   /* of a NAT switch; NULL: none */
};

struct net_nic {
	struct list link; /* of all NICs, in the order of the configuration */
	const struct config_nic *config;
	const struct net_model *model;
	struct net_switch *sw;
	char name[VSW_NAME];                /* "VM.NODE" */
	struct ticketlock lock;             /* of what the operator changes, and of `attached` */
	struct vsw_port_config port_config; /* as it is now */
	u64 *vlans;                         /* of a trunk: VSW_VLANS bits */
	bool link_down;                     /* by the operator */

	/* While its VM is built. */
	struct vm *vm;
	bool attached; /* the port is on the switch */
	struct guest_ram ram;
	struct vsw_port port;
	void *dev;
	struct pcap_ring *capture; /* NULL: nothing was ever recorded */
};

/* A kind of network device that guests can have. */
struct net_model {
	const char *name;
	/* Make the device on the VM's PCI bus, not used yet. */
	int (*create)(struct net_nic *nic, struct platform *p, void **dev);
	/* No vCPU runs: after this the device puts nothing on the switch any more. */
	void (*stop)(void *dev);
	/* The switch has forgotten the port. */
	void (*destroy)(void *dev);
	/* For `net show`: the device's own state, some lines. */
	void (*describe)(void *dev, struct shell *sh);
	struct vsw_port_ops port_ops;
};

/* What a processor needs to take frames from guests' rings, in memory of its own. */
#define NET_RX_SEGS 128
struct net_scratch {
	struct pkt pkt[PKT_BATCH];
	struct pkt_plain plain[PKT_BATCH];
	struct pkt_frag frags[PKT_BATCH][PKT_FRAGS];
	struct vring_seg tx_segs[PKT_FRAGS + 2];
	/* On the way to a guest, which happens within the former. */
	struct vring_seg rx_segs[NET_RX_SEGS];
	struct vring_chain rx_chains[NET_RX_SEGS];
};

/* Create the switches and NICs of the configuration. What cannot be is logged and left out.
 * ERR_NOMEM. Once, before the first VM is built. */
int __must_check net_create_all(const struct config *config);

/* This processor's. Only where there is at least one switch. */
struct vsw_worker *net_worker(void);
struct net_scratch *net_scratch(void);

/* Devices of a VM's NICs, after its platform was created; and back, before the platform goes
 * and after its vCPUs have been retired. What fails has said why, and must be destroyed. */
int __must_check net_vm_create(struct vm *vm);
void net_vm_destroy(struct vm *vm);

/* For the shell, on processor 0: all of them in the order of the configuration. */
struct list *net_switches(void);
struct list *net_nics(void);
struct net_switch *net_switch_find(const char *name);
struct net_nic *net_nic_find(const char *name);

/* The address of its card, or why there is none: "0000:00:02.0", "none", "-". */
const char *net_switch_uplink(const struct net_switch *sw);
/* The port of its card: on the switch, or behind the gateway of a NAT. NULL: there is none. */
struct vsw_port *net_switch_uplink_port(const struct net_switch *sw);

/* Record a NIC's frames, from now on or no more; what was recorded stays until the next start.
 * ERR_NOMEM; ERR_BUSY: the NIC is not there. */
struct pcap_ring;
int __must_check net_capture_start(struct net_nic *nic);
void net_capture_stop(struct net_nic *nic);

/* Change a NIC's link or its configuration, now if it is there, and for later starts. */
void net_nic_set_link(struct net_nic *nic, bool up);
int __must_check net_nic_configure(struct net_nic *nic, const struct vsw_port_config *config);

/* The guest's driver chooses another address, until it resets the device. */
int __must_check net_nic_set_mac(struct net_nic *nic, const u8 mac[6]);

#endif
