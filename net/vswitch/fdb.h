/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of MAC addresses (filtering database, IEEE 802.1Q 8.8): which port is an address
 * behind. Open addressing with a keyed hash: an address lies in one of the 8 slots of two
 * neighbouring cache lines, or nowhere. Lookups take no lock; changes do.
 */
#ifndef NET_VSWITCH_FDB_H
#define NET_VSWITCH_FDB_H

#include "kernel/lib/ticketlock.h"
#include "kernel/lib/types.h"

/* 16 bytes, four to a line. */
struct fdb_entry {
	u64 key;   /* FDB_USED, VID and MAC; 0: free */
	u64 value; /* port, generation of the port, age, flags: see FDB_* */
};

struct fdb {
	struct fdb_entry *slots;
	u64 mask;      /* slots - 1 */
	u64 secret[2]; /* of the hash */
	struct ticketlock lock;
	u64 sweep;  /* where ageing goes on */
	u32 ageing; /* in units of FDB_AGE_NS */
	u32 used;
	u32 refused; /* addresses not learned: quota, or both lines full */
};

/* Ages count in units of 2^30 ns, about a second. */
#define FDB_AGE_SHIFT 30

/* One line of `net macs`. */
struct fdb_row {
	u8 mac[6];
	u16 vid;
	u16 port;   /* index */
	bool fixed; /* the port's own address: does not age */
	u32 age_s;  /* seconds since it was last heard of */
};

#endif
