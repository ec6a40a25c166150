/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual switch: a learning bridge with VLANs (IEEE 802.1Q). Pure functions: time and
 * randomness come in as arguments, memory from the caller. docs/architecture.md tells how a frame
 * goes through it.
 *
 * Concurrency: vsw_input() runs to completion on the calling core and takes no lock but those
 * of the receivers' send(), once per batch, and the table's when an address is new. Everything
 * that changes a switch (the functions below it) may be called on any core while frames flow;
 * the switch's own lock puts the changes in order. What a change takes away is still in use on
 * other cores until each has left vsw_input(): vsw_port_gone() tells when.
 */
#ifndef NET_VSWITCH_VSWITCH_H
#define NET_VSWITCH_VSWITCH_H

#include "kernel/lib/ticketlock.h"
#include "net/vswitch/fdb.h"
#include "net/vswitch/port.h"

#define VSW_PORTS FDB_PORTS    /* indices of ports: 1 to 255; 0 is never used */
#define VSW_AGEING_DEFAULT 300 /* seconds */
#define VSW_DEPTH 3            /* how deep send() may call vsw_input() */

struct pkt_plain;
struct vsw_scratch;
struct vsw_workers;

/* What belongs to one core, for all switches. vsw_input() is called with the own core's. */
struct vsw_worker {
	u64 inside; /* the epoch at which it entered the switch, or 0: it is not inside */
	u64 now_ns; /* the time that vsw_input() was given, for send() */
	u32 depth;  /* of nested calls */
	struct vsw_workers *all;
	struct vsw_scratch *scratch; /* for segmenting; NULL while in use */
	struct pkt *room;            /* of vsw_input_plain(): PKT_BATCH packets, */
	struct vsw_port *in;         /* and its port */
	u8 last[VSW_PORTS];          /* for grouping a batch; all 0 between calls */
} __aligned(64);

/* Scratch memory for each worker: segments of a large frame before they are copied. */
#define VSW_SCRATCH_BYTES 16384

/* All cores that switch. One per machine. */
struct vsw_workers {
	struct vsw_worker *worker; /* [count] */
	u32 count;
	u64 epoch; /* advances with each change that takes something away */
};

/* Prepare count workers, one per core. scratch: count * VSW_SCRATCH_BYTES, 64-byte aligned. */
void vsw_workers_init(struct vsw_workers *all, struct vsw_worker *worker, u32 count, void *scratch);

struct vsw_config {
	char name[VSW_NAME];
	struct vsw_workers *workers; /* of all cores */
	void *table;                 /* table_bytes for the MAC table, 128-byte aligned, zeroed */
	u64 table_bytes; /* a power of two, 4096 at least: 16 per slot, twice the addresses */
	u64 secret;      /* random: the key of the table's hash */
	u32 ageing_s;    /* seconds until an address that is silent is forgotten: 300 */
};

struct vsw {
	struct vsw_port *ports[VSW_PORTS]; /* by index; NULL for none */
	struct fdb fdb;
	u32 port_top;             /* one more than the highest index ever used */
	u64 busy[VSW_PORTS / 64]; /* indices that are taken, by leaving ports too */
	struct vsw_workers *workers;
	struct ticketlock lock; /* of changes */
	char name[VSW_NAME];
};

/* ERR_INVAL when the table's size or alignment is wrong, or there is no worker. */
int __must_check vsw_init(struct vsw *sw, const struct vsw_config *config);

/*
 * Switch a batch of frames that came in at port. now_ns: any clock that does not go back, the
 * same on all cores within milliseconds. On return all frames have been delivered or dropped,
 * and the packets are the caller's again; the batch's pointers may have been moved around. Heads
 * need PKT_HEAD_MIN bytes (or the whole frame).
 */
void vsw_input(struct vsw_worker *w, struct vsw_port *port, struct pkt_batch *batch, u64 now_ns);

/*
 * The same for plain frames (net/pkt/plain.h), of which `at` and `end` are set, as far as they all
 * go the same way: returns how many, from the first, have been dealt with. The next one has to come
 * by vsw_input(), as it was not looked at. room: PKT_BATCH packets, in case they are needed.
 */
u32 __must_check vsw_input_plain(struct vsw_worker *w, struct vsw_port *port,
				 struct pkt_plain *frames, u32 n, struct pkt *room, u64 now_ns);

/*
 * Hand frames to a port directly, as the switch does in the end: with tag, MTU, offloads and
 * counters. For gateways that know the port, inside of send() or vsw_enter(); also for a port
 * that is on no switch (vsw_port_init()), as a NAT's uplink. The headers may have been rewritten,
 * not moved, since pkt_parse().
 */
void vsw_port_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n);

/* The same for plain frames, where vsw_port_takes_plain(); inside of send_plain(). bytes: of all
 * of them. */
void vsw_port_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			 u32 n, u32 words, u64 bytes);

/* Whether a port can be given plain frames, that are no longer than its frame_max. */
static inline bool vsw_port_takes_plain(const struct vsw_port *port)
{
	return port->ops->send_plain && !(port->slow_out | port->state);
}

/* Brackets around uses of ports outside of vsw_input(), so that none goes away meanwhile. */
void vsw_enter(struct vsw_worker *w, u64 now_ns);
void vsw_leave(struct vsw_worker *w);

/*
 * Put a port on the switch. All of config is copied. The link is up, the filter is promiscuous
 * for uplinks and "own MAC, broadcast, all multicast" for others, no offloads.
 * ERR_EXIST: name or MAC is in use on this switch. ERR_RANGE: no free index, or a number in
 * config out of its range. ERR_INVAL: MAC is a group address.
 */
int __must_check vsw_port_add(struct vsw *sw, struct vsw_port *port, const struct vsw_port_ops *ops,
			      const struct vsw_port_config *config);

/* As vsw_port_add(), for a port that is on no switch and only gets vsw_port_send(). */
int __must_check vsw_port_init(struct vsw_port *port, const struct vsw_port_ops *ops,
			       const struct vsw_port_config *config);

/* Take a port off its switch: no core begins to use it from now on. Its memory, and everything
 * that send() uses, must stay until vsw_port_gone() says so. */
void vsw_port_unlink(struct vsw_port *port);

/* Whether no core can be using the port any more: ask again later if not (a work item does).
 * Not called from inside of vsw_input(). */
bool __must_check vsw_port_gone(struct vsw_port *port);

/* Change what can change at run time. New configuration: ERR_* as vsw_port_add(). */
int __must_check vsw_port_configure(struct vsw_port *port, const struct vsw_port_config *config);
/* Switch the link; tells the owner by ops->link, and forgets the addresses behind it. */
void vsw_port_set_link(struct vsw_port *port, bool up);
/* What the receiver understands: VSW_OFF_*. At driver negotiation. */
void vsw_port_set_offloads(struct vsw_port *port, u32 offloads);
/* Replace the receive filter: mode and count addresses of 6 bytes each. */
void vsw_port_set_filter(struct vsw_port *port, u32 mode, const u8 (*macs)[6], u32 count);
/* Copies of all frames in and out go to capture; NULL ends it. The old one may be in use until
 * vsw_quiesced() of a cookie taken after this call. */
void vsw_port_set_capture(struct vsw_port *port, struct pcap_ring *capture);

/* Count a frame that the owner itself had to drop (VSW_DROP_OWNER_IN, _OUT, or another). */
void vsw_port_drop(struct vsw_port *port, enum vsw_drop why, u32 n);

/* Bytes that the port may send now under its rate limit without a drop; ~0 without limit. An
 * owner that can wait (a virtio queue) takes no more than that from its side. When it is 0,
 * next_ns, if not NULL, gets the time when it is worth trying again. */
u64 vsw_port_credit(const struct vsw_port *port, u64 now_ns, u64 *next_ns);

/* A name by which the shell finds a port; NULL when there is none. Inside of vsw_enter(). */
struct vsw_port *vsw_port_find(struct vsw *sw, const char *name);

/* What an operator reads: "no room at the receiver". */
const char *vsw_drop_name(enum vsw_drop why);

/* Grace periods by hand, for what send() uses besides the port: vsw_quiesced(vsw_cookie()) is
 * true once every core that was inside of a switch at the time of the cookie has left. */
u64 vsw_cookie(struct vsw_workers *all);
bool __must_check vsw_quiesced(const struct vsw_workers *all, u64 cookie);

/* Off the packet path, about once a second: forget addresses that have been silent. slice:
 * how many slots to look at in this call (0: all). Goes on where it stopped. */
void vsw_age(struct vsw *sw, u64 now_ns, u32 slice);

#endif
