/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration's networks: nodes of `switches`, and the NICs in a VM's node. */
#ifndef VMM_VM_CONFIG_NET_H
#define VMM_VM_CONFIG_NET_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

enum config_switch_mode { CONFIG_SWITCH_BRIDGE, CONFIG_SWITCH_NAT, CONFIG_SWITCH_HOST_ONLY };

/* "tcp:8080:web:80": what comes to a port of the switch's own address goes to a VM. */
struct config_forward {
	bool udp;
	u16 port;        /* outside */
	char *target;    /* name of a VM, or an IPv4 address */
	u16 target_port; /* inside */
};

/* IPv4 addresses are in host byte order. */
struct config_switch {
	struct list link;
	char *name;
	enum config_switch_mode mode;
	char *uplink; /* PCI address "0000:00:02.0", or NULL: the first usable NIC */
	u32 subnet;   /* of NAT: network address; 0 if there is none */
	u32 prefix;   /* its bits, 20 to 30 */
	u32 address;  /* the uplink's own, with a NAT switch; 0: by DHCP */
	u32 address_prefix;
	u32 gateway; /* the uplink's, with a fixed address; 0: none */
	u32 dns;     /* where names are asked for; 0: as DHCP says */
	u32 mtu;     /* largest payload of a frame, bytes */
	struct config_forward *forwards;
	u32 forward_count;
};

enum config_nic_model { CONFIG_NIC_VIRTIO, CONFIG_NIC_E1000 };
enum config_nic_guard { CONFIG_GUARD_OFF, CONFIG_GUARD_MAC, CONFIG_GUARD_IP };

struct config_nic {
	struct list link; /* in its VM */
	char *name;       /* of the node: "net0" */
	char *switch_name;
	struct config_switch *sw;
	enum config_nic_model model;
	u8 mac[6]; /* as given, or derived from the names */
	bool mac_given;
	u32 vlan;   /* of frames without a tag; 0: the switch's default */
	u16 *trunk; /* VLANs whose tagged frames pass; NULL: none */
	u32 trunk_count;
	u32 rate_limit_mbps; /* 0: none */
	u32 mtu;             /* 0: the switch's */
	enum config_nic_guard guard;
	bool isolated;
	u32 address; /* IPv4 that DHCP reserves for it and that CONFIG_GUARD_IP allows; 0: none */
};

#endif
