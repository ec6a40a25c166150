/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCP messages (RFC 2131, 2132) as bytes: read without trust, write within bounds. */
#ifndef NET_SERVICE_DHCP_MSG_H
#define NET_SERVICE_DHCP_MSG_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_FIXED 240        /* bytes before the options, with the magic number */
#define DHCP_MIN 300          /* shortest message that old BOOTP relays and clients take */
#define DHCP_MAX 576          /* longest that every client takes (RFC 2131, 2) */
#define DHCP_BROADCAST 0x8000 /* of flags */

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
	DHCP_TYPES
};

/* Options that are read or written. */
enum dhcp_option {
	DHCP_O_PAD = 0,
	DHCP_O_MASK = 1,
	DHCP_O_ROUTER = 3,
	DHCP_O_DNS = 6,
	DHCP_O_NAME = 12,
	DHCP_O_DOMAIN = 15,
	DHCP_O_MTU = 26,
	DHCP_O_BROADCAST = 28,
	DHCP_O_ADDRESS = 50,
	DHCP_O_LEASE = 51,
	DHCP_O_OVERLOAD = 52,
	DHCP_O_TYPE = 53,
	DHCP_O_SERVER = 54,
	DHCP_O_PARAMETERS = 55,
	DHCP_O_MAX_SIZE = 57,
	DHCP_O_T1 = 58,
	DHCP_O_T2 = 59,
	DHCP_O_CLIENT = 61,
	DHCP_O_END = 255,
};

#define DHCP_NAME 32
#define DHCP_SERVERS 2

/* Addresses in network order as loaded, times in seconds; 0 where the message has none. */
struct dhcp_msg {
	u8 op;   /* 1: of a client, 2: of a server */
	u8 type; /* enum dhcp_type; 0: BOOTP */
	u16 flags;
	u32 xid;
	u16 secs;
	u32 ciaddr, yiaddr, giaddr;
	u8 chaddr[6];
	u32 requested, server, mask, router;
	u32 dns[DHCP_SERVERS];
	u32 lease, t1, t2;
	u16 mtu;
	const u8 *client_id; /* within the message; NULL: none */
	u8 client_id_len;
	char name[DHCP_NAME]; /* printable characters only */
};

/* Read len bytes. ERR_INVAL: too short, not Ethernet, no magic number, an option that ends
 * outside of its field, or of the wrong length. Options in `file` and `sname` are read too when
 * overloaded. The first of several options of a kind counts. */
int __must_check dhcp_read(struct dhcp_msg *msg, const u8 *bytes, u32 len);

/* Begin a message of the fields op, xid, secs, flags, addresses, chaddr and type of msg;
 * options follow. at: DHCP_MAX bytes. */
struct dhcp_writer {
	u8 *at;
	u32 len;
};
void dhcp_write_begin(struct dhcp_writer *w, u8 *at, const struct dhcp_msg *msg);
/* An option of n bytes; left out when it does not fit. */
void dhcp_write_bytes(struct dhcp_writer *w, u8 option, const void *bytes, u32 n);
/* An address (network order), a number of seconds, a 16-bit number. */
void dhcp_write_address(struct dhcp_writer *w, u8 option, u32 address);
void dhcp_write_u32(struct dhcp_writer *w, u8 option, u32 value);
void dhcp_write_u16(struct dhcp_writer *w, u8 option, u16 value);
/* End it; returns its length in bytes, DHCP_MIN at least. */
u32 dhcp_write_end(struct dhcp_writer *w);

#endif
