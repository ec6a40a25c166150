/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's port and memory-mapped I/O: ranges of addresses, each with the device
 * that answers. Ranges come and go while vCPUs run (a guest moves a BAR) and are looked up
 * on every exit: a sorted array, whose changes have a lock and a sequence number, by which
 * a lookup sees that it must start over. Which range was hit last is only a hint, that any
 * vCPU may overwrite.
 */
#ifndef VMM_VDEV_BUS_H
#define VMM_VDEV_BUS_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "kernel/sync/ticketlock.h"

/* offset: from the start of the range. size: 1, 2, 4 for ports; 1, 2, 4, 8 for memory.
 * Devices take their own locks. */
struct bus_ops {
	u64 (*read)(void *dev, u64 offset, unsigned size);
	void (*write)(void *dev, u64 offset, unsigned size, u64 value);
};

struct bus_range {
	u64 base, size;
	const struct bus_ops *ops;
	void *dev;
	const char *name; /* for `vm info` and the log */
	bool bytes;       /* registers are 8 bits wide: wider accesses become several of size 1 */
};

struct bus {
	struct bus_range *ranges; /* sorted by base, disjoint */
	u32 count, capacity;
	u32 sequence;           /* odd while the above are being changed */
	u64 hint;               /* where the range hit last is: see hinted() */
	struct ticketlock lock; /* of changes */
	void *outgrown;         /* smaller arrays, which a lookup may still be reading */
};

void bus_init(struct bus *bus);
void bus_destroy(struct bus *bus);

/* ERR_EXIST if the range overlaps another, ERR_NOMEM, ERR_INVAL (size 0 or wrap). Any CPU, also
 * while others look up: an access that is under way may still reach a device whose range has
 * just been removed, so devices live until no vCPU runs. */
int __must_check bus_add(struct bus *bus, const struct bus_range *range);
void bus_remove(struct bus *bus, u64 base);

/* The range that holds addr; false if there is none. */
bool __must_check bus_find(struct bus *bus, u64 addr, struct bus_range *out);

/* Only the lowest size bytes of value count. An access that no range holds reads as all ones and
 * its write is dropped; one that leaves its range is split at the border. */
u64 bus_read(struct bus *bus, u64 addr, unsigned size);
void bus_write(struct bus *bus, u64 addr, unsigned size, u64 value);

#endif
