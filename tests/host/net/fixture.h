/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch with ports that keep what they receive, for tests. */
#ifndef TESTS_HOST_NET_FIXTURE_H
#define TESTS_HOST_NET_FIXTURE_H

#include "net/vswitch/vswitch.h"

#define FIX_PORTS 8
#define FIX_KEEP 64
#define FIX_TABLE 65536

struct fix_frame {
	u8 *bytes;
	u32 len;
	struct pkt_offload off;
};

struct fix_port {
	struct vsw_port port;
	struct fix_frame got[FIX_KEEP];
	u32 n;     /* frames in got */
	u32 room;  /* frames it takes; more are refused */
	int link;  /* last told: -1 never */
	u32 calls; /* of send() */
};

struct fix {
	struct vsw sw;
	struct vsw_workers all;
	struct vsw_worker worker[2];
	void *scratch, *table;
	struct fix_port port[FIX_PORTS];
	struct pkt pkt[PKT_BATCH];
	struct pkt_batch batch;
	u64 now_ns;
};

void fix_setup(struct fix *f);
void fix_teardown(struct fix *f);

/* Add port i with config (name and MAC 02:00:00:00:00:i are filled in when empty). */
int fix_add(struct fix *f, u32 i, struct vsw_port_config config);
/* Forget what all ports got. */
void fix_clear(struct fix *f);

/* Append a frame to the batch: head_len bytes in the head, the rest in up to two pieces. The
 * bytes must stay until fix_send(). */
struct pkt *fix_put(struct fix *f, const u8 *bytes, u32 len, u32 head_len);
/* Let the batch come in at port i. */
void fix_send(struct fix *f, u32 i);

/* The same, as plain frames what the switch takes as such, in turns with others. How many. */
u32 fix_send_plain(struct fix *f, u32 i);

/* A minimal frame in to, 60 bytes; tci below 0: no tag. Returns its length. */
u32 fix_frame(u8 *to, const u8 dst[6], const u8 src[6], int tci);
/* Such a frame from port `from`'s own MAC to dst, through the switch. */
void fix_unicast(struct fix *f, u32 from, const u8 dst[6]);
/* MAC address 02:00:00:00:00:i. */
const u8 *fix_mac(u32 i);
u64 fix_drops(const struct fix *f, u32 i, enum vsw_drop why);

#endif
