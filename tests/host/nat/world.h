/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NAT switch with guests and an uplink, for tests: the real switch, the real gateway, ports
 * that keep what they receive. Every frame that is received has its lengths and checksums
 * verified; world_bad counts those that are wrong.
 */
#ifndef TESTS_HOST_NAT_WORLD_H
#define TESTS_HOST_NAT_WORLD_H

#include "net/nat/wire.h"
#include "net/pkt/parse.h"
#include "net/service/gateway.h"

#define WORLD_GUESTS 4
#define WORLD_UPLINK WORLD_GUESTS
#define WORLD_PORTS (WORLD_GUESTS + 1)
#define WORLD_KEEP 256
#define WORLD_FRAME 70000

/* A frame with its headers at hand. */
struct seen {
	u8 *bytes;
	u32 len;
	struct pkt_offload off;
	u32 src, dst;     /* host order */
	u16 sport, dport; /* host order; echo: the identifier is sport */
	u8 proto, type;   /* type: of ICMP */
	const u8 *ip, *l4, *payload;
	u32 payload_len;
	bool arp;
};

struct world_port {
	struct vsw_port port;
	struct world *world;
	struct seen got[WORLD_KEEP];
	u32 n, next; /* received, and taken by world_take() */
	u8 mac[6];
	u32 ip; /* host order */
};

struct world {
	struct vsw sw;
	struct vsw_workers all;
	struct vsw_worker worker[1];
	void *scratch, *table, *memory;
	struct gateway *gw;
	struct world_port port[WORLD_PORTS];
	u64 now_ns;
	u32 bad;           /* frames with a wrong length or checksum */
	u32 sent;          /* every second one of a guest as a plain frame, if it is one */
	u32 plain;         /* those that went that way */
	bool router_asked; /* by ARP; answered in world_wait() */
};

/* Addresses, host order. */
#define W_GATEWAY 0x0a000201u /* 10.0.2.1 */
#define W_SUBNET 0x0a000200u
#define W_EXTERNAL 0xc0000202u  /* 192.0.2.2 */
#define W_ROUTER 0xc0000201u    /* 192.0.2.1 */
#define W_NEIGHBOUR 0xc0000263u /* 192.0.2.99, on the uplink's network */
#define W_SERVER 0xc6336401u    /* 198.51.100.1, far away */
#define W_DNS 0xc6336435u       /* 198.51.100.53 */

/* What a test changes before world_setup(). */
struct gateway_config world_config(void);

/* With static uplink address in config: bring it up and answer its router's ARP; guests have
 * 10.0.2.(10 + i), claimed by ARP. */
void world_setup(struct world *w, const struct gateway_config *config);
void world_teardown(struct world *w);
/* NULL when the NAT's and the gateway's books agree with each other, else what does not. */
const char *world_check(const struct world *w);
/* Time goes on, ticking ten times a second of it. */
void world_wait(struct world *w, u64 ms);
/* A guest says by ARP what its address is. */
void world_claim(struct world *w, u32 guest, u32 ip);

/* A frame from a port (a guest's, or WORLD_UPLINK) into the gateway or switch. */
void world_send(struct world *w, u32 port, const u8 *bytes, u32 len, const struct pkt_offload *off);
/* The next frame that a port has received, or NULL. Valid until world_forget(). */
struct seen *world_take(struct world *w, u32 port);
void world_forget(struct world *w);

/* --- making packets: complete frames with right checksums. Addresses host order. --- */
struct make {
	u8 bytes[WORLD_FRAME];
	u32 len;
};
struct flow {
	u32 src, dst;
	u16 sport, dport;
	u8 ttl; /* 0: 64 */
};
void make_udp(struct make *m, const struct flow *f, const void *payload, u32 n);
/* mss 0: no option */
void make_tcp(struct make *m, const struct flow *f, u8 flags, u16 mss, const void *payload, u32 n);
/* type 8 or 0; sport is the identifier */
void make_echo(struct make *m, const struct flow *f, u8 type, u32 n);
/* An ICMP error from src to dst that quotes `quote` bytes of an IP packet. */
void make_error(struct make *m, u32 src, u32 dst, u8 type, u8 code, u16 mtu, const u8 *ip,
		u32 quote);
void make_arp(struct make *m, u16 op, const u8 mac[6], u32 sender, u32 target);
/* IP header checksum anew, after a change. */
void make_ip_checksum(struct make *m);
void make_tcp_checksum(struct make *m);

/* Send what was made: MAC addresses are filled in (the gateway as destination, unless the frame
 * is a broadcast). */
void world_send_made(struct world *w, u32 port, struct make *m);
/* The same with the L4 checksum left to be done. */
void world_send_partial(struct world *w, u32 port, struct make *m, u8 gso_type, u16 gso_size);

/* Shorthand: a UDP packet out, and what came of it (NULL: nothing). */
struct seen *world_udp(struct world *w, u32 port, struct flow f, u32 to_port);
struct seen *world_tcp(struct world *w, u32 port, struct flow f, u8 flags, u32 to_port);

/* Whether a frame is right: lengths, IP, UDP, TCP and ICMP checksums. */
bool frame_right(const u8 *bytes, u32 len, const struct pkt_offload *off);

#endif
