/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gateway of a NAT switch: a port of the switch that owns an address in the guests' subnet,
 * answers ARP, echo, DHCP and DNS there, and sends the rest translated to an uplink, a port that
 * is on no switch (vsw_port_init()).
 *
 * Frames of guests come by the switch (ops->send of the port), those of the uplink by
 * gateway_uplink_input(). A lock is held while a batch is translated, and not while it is sent.
 */
#ifndef NET_SERVICE_GATEWAY_H
#define NET_SERVICE_GATEWAY_H

#include "kernel/lib/ticketlock.h"
#include "net/nat/forward.h"
#include "net/service/arp.h"
#include "net/service/dhcpc.h"
#include "net/service/dhcpd.h"
#include "net/service/dns_relay.h"
#include "net/vswitch/vswitch.h"

#define GATEWAY_FRAMES 96 /* buffers of its own */
#define GATEWAY_HELD 16   /* fragments that wait for their first one */
#define GATEWAY_HELD_SIDE 4

struct gateway_config {
	struct nat_config nat;
	struct dhcpd_config dhcp;
	struct dhcpc_lease uplink; /* address 0: by DHCP; else address, mask, router, dns, mtu */
	u32 dns[DNS_SERVERS];      /* asked instead of the uplink's; 0: none */
	char name[VSW_NAME];       /* of the port */
};

/* A port forward by the guest's name; it works whenever that guest is there. */
struct gateway_forward {
	struct nat_forward_text text; /* proto 0: free */
	u8 side;                      /* of the guest; 0: not there, or an address */
	bool active;
};

/* Drops and answers of the gateway itself. */
struct gateway_counts {
	u64 icmp_errors, icmp_limited; /* sent, and not sent for being too many */
	u64 echoes;
	u64 unknown;   /* frames for us that nothing is behind */
	u64 held_lost; /* fragments whose first one did not come */
	u64 no_buffer;
	u64 fragmented; /* packets that had to be cut for a smaller MTU */
	u64 arp_claims_refused;
	u64 bad_offload; /* frames of the uplink whose offload fields contradict them */
};

struct gateway {
	struct vsw_port port;
	struct ticketlock lock;
	struct vsw *sw;          /* NULL before gateway_attach() */
	struct vsw_port *uplink; /* NULL: none */
	struct nat *nat;
	struct dhcpd dhcpd;
	struct dhcpc dhcpc;
	struct dns_relay dns;
	struct arp arp;
	struct frame_pool pool;
	struct frame_list held;
	struct gateway_config config;
	struct gateway_forward forwards[NAT_FORWARDS];
	struct gateway_counts counts;
	u64 now_ns;
	u32 second;
	bool had_address;
	u32 errors_second;
	u16 errors[NAT_SIDES]; /* ICMP errors sent to each side in this second */
	u8 claims[NAT_SIDES];  /* addresses that a guest has without a lease */
	char names[NAT_SIDES][VSW_NAME];
	u8 scratch[2048];
};

/* Bytes for a gateway of this configuration, 64-byte aligned. */
u64 gateway_bytes(const struct gateway_config *config);
/* ERR_INVAL as nat_init(). */
int __must_check gateway_init(struct gateway **gw, const struct gateway_config *config,
			      void *memory);

/* Put its port on the switch. ERR_* as vsw_port_add(). */
int __must_check gateway_attach(struct gateway *gw, struct vsw *sw);

/* The uplink has come (with link) or gone (NULL); or its link has changed. */
void gateway_set_uplink(struct gateway *gw, struct vsw_port *uplink, bool link, u64 now_ns);

/* A guest's port is on the switch now: its MAC, and the address that is reserved for it, or 0.
 * ERR_* as dhcpd_guest_add(); the guest is served anyway. */
int __must_check gateway_guest_up(struct gateway *gw, const struct vsw_port *port, const u8 mac[6],
				  u32 address);
/* What it may use, from now on: as nat_guest_limit(). */
int __must_check gateway_guest_limit(struct gateway *gw, const struct vsw_port *port,
				     const struct nat_limits *limits);
/* Before the port is unlinked. */
void gateway_guest_down(struct gateway *gw, const struct vsw_port *port);

/* Frames that the uplink has received, rewritten in place: as vsw_input(). */
void gateway_uplink_input(struct gateway *gw, struct vsw_worker *w, struct pkt_batch *batch,
			  u64 now_ns);

/* About ten times a second. */
void gateway_tick(struct gateway *gw, struct vsw_worker *w, u64 now_ns);

/* --- for the operator: each takes the lock by itself --- */

/* "tcp:8080:web:80", see nat_forward_parse(); effective at once. ERR_* as nat_forward_add(). */
int __must_check gateway_forward_add(struct gateway *gw, const char *text);
/* The same of its parts. */
int __must_check gateway_forward_set(struct gateway *gw, const struct nat_forward_text *forward);
/* "tcp:8080". ERR_NOENT when there is none, ERR_INVAL when it is not so written. */
int __must_check gateway_forward_del(struct gateway *gw, const char *text);

struct gateway_forward_row {
	struct nat_forward_text text;
	u32 address; /* where it leads now, network order; 0: the guest has none */
	u64 packets; /* connections begun */
};
bool gateway_forward_next(struct gateway *gw, u32 *number, struct gateway_forward_row *row);

struct gateway_lease_row {
	u32 address;
	u8 mac[6];
	const char *state;
	u32 left_s;
	bool reserved;
	char name[DHCP_NAME];
	char port[VSW_NAME];
};
bool gateway_lease_next(struct gateway *gw, u32 *host, struct gateway_lease_row *row);

/* port: name of the guest's, VSW_NAME bytes. */
bool gateway_connection_next(struct gateway *gw, u32 *number, struct nat_row *row, char *port);

struct gateway_info {
	struct dhcpc_lease uplink; /* address 0: none at the moment */
	const char *dhcp_state;
	u32 sessions, sessions_max, mappings, leases;
	bool router_known;
	u64 counts[NAT_COUNTS]; /* nat_count_name() */
	struct gateway_counts own;
	u64 dns_asked, dns_answered, dns_refused, dns_strange, dns_lost;
};
void gateway_get_info(struct gateway *gw, struct gateway_info *info);

#endif
