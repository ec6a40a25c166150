/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS messages (RFC 1035, 6891), as far as a relay must understand them. */
#ifndef NET_SERVICE_DNS_MSG_H
#define NET_SERVICE_DNS_MSG_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define DNS_PORT 53
#define DNS_HEADER 12
#define DNS_NAME_MAX 255  /* bytes of a name on the wire */
#define DNS_EDNS_MAX 1232 /* largest answer that is asked for: not fragmented anywhere */

struct dns_msg {
	u16 id; /* as loaded */
	bool response;
	u8 opcode, rcode;
	u32 question_end; /* offset behind the first question; DNS_HEADER: there is none */
	u32 opt_size;     /* offset of the EDNS buffer size, 0: there is no OPT record */
};

/* Read len bytes: header, the one question, and for a query the records behind it up to its
 * OPT. ERR_INVAL: too short, not one question, a name that is too long, goes out of the
 * message or in circles. */
int __must_check dns_read(struct dns_msg *msg, const u8 *bytes, u32 len);

/* The offset behind the name at `at`, 0 when it is malformed. A compression pointer must lead
 * to before the name, each to before the last one. */
u32 dns_skip_name(const u8 *bytes, u32 len, u32 at);

/* Make a query an answer without records, with this response code, in place; returns its
 * length. */
u32 dns_refuse(u8 *bytes, const struct dns_msg *msg, u8 rcode);
#define DNS_SERVFAIL 2

#endif
