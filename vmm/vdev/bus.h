/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's port and memory-mapped I/O: ranges of addresses, each with the device
 * that answers. Ranges are added while the VM is built (or a BAR moves) and
 * looked up on every exit: a sorted array, without a lock. Which range was hit last is
 * only a hint, that any vCPU may overwrite.
 */
#ifndef VMM_VDEV_BUS_H
#define VMM_VDEV_BUS_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

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
	u32 hint; /* index of the range hit last */
};

void bus_init(struct bus *bus);
void bus_destroy(struct bus *bus);

/* ERR_EXIST if the range overlaps another, ERR_NOMEM, ERR_INVAL (size 0 or wrap).
 * Not concurrent with lookups: the VM's vCPUs are stopped or not yet started. */
int __must_check bus_add(struct bus *bus, const struct bus_range *range);
void bus_remove(struct bus *bus, u64 base);

/* The range that holds addr, or NULL. */
const struct bus_range *bus_find(struct bus *bus, u64 addr);

/* Only the lowest size bytes of value count. An access that no range holds reads as all ones and
 * its write is dropped; one that leaves its range is split at the border. */
u64 bus_read(struct bus *bus, u64 addr, unsigned size);
void bus_write(struct bus *bus, u64 addr, unsigned size, u64 value);

#endif
