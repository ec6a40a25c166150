/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of addresses and who answers there. */
#include "vmm/vdev/bus.h"

#include <string.h>

#include "kernel/mm/heap.h"

void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
}

void bus_destroy(struct bus *bus)
{
	heap_free(bus->ranges);
	bus_init(bus);
}

/* The number of ranges that start at or below addr. */
static inline u32 ranges_below(const struct bus *bus, u64 addr)
{
	u32 low = 0, high = bus->count;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (bus->ranges[mid].base <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* By binary search; a hit becomes the hint. */
static const struct bus_range *find(struct bus *bus, u64 addr)
{
	u32 below = ranges_below(bus, addr);
	const struct bus_range *range;

	if (unlikely(!below))
		return NULL;
	range = &bus->ranges[below - 1];
	if (addr - range->base >= range->size)
		return NULL;
	__atomic_store_n(&bus->hint, below - 1, __ATOMIC_RELAXED);
	return range;
}

const struct bus_range *bus_find(struct bus *bus, u64 addr)
{
	return find(bus, addr);
}

static int grow(struct bus *bus)
{
	u32 capacity = bus->capacity ? bus->capacity * 2 : 16;
	struct bus_range *ranges;

	if (bus->count < bus->capacity)
		return 0;
	ranges = heap_alloc_array(capacity, sizeof(*ranges));
	if (!ranges)
		return trace_err(ERR_NOMEM, "no memory for an I/O range");
	if (bus->count)
		memcpy(ranges, bus->ranges, bus->count * sizeof(*ranges));
	heap_free(bus->ranges);
	bus->ranges = ranges;
	bus->capacity = capacity;
	return 0;
}

int bus_add(struct bus *bus, const struct bus_range *range)
{
	u64 last = range->base + range->size - 1;
	u32 at;
	int err;

	if (!range->size || last < range->base)
		return trace_err(ERR_INVAL, "%s: empty or wrapping I/O range", range->name);
	at = ranges_below(bus, last);
	if (at && bus->ranges[at - 1].base + (bus->ranges[at - 1].size - 1) >= range->base)
		return trace_err(ERR_EXIST, "%s: I/O range overlaps %s", range->name,
				 bus->ranges[at - 1].name);
	err = grow(bus);
	if (err)
		return err;
	memmove(&bus->ranges[at + 1], &bus->ranges[at], (bus->count - at) * sizeof(*range));
	bus->ranges[at] = *range;
	bus->count++;
	return 0;
}

void bus_remove(struct bus *bus, u64 base)
{
	u32 at = ranges_below(bus, base);

	if (!at || bus->ranges[at - 1].base != base)
		return;
	bus->count--;
	memmove(&bus->ranges[at - 1], &bus->ranges[at],
		(bus->count + 1 - at) * sizeof(*bus->ranges));
}

/* size is 1, 2, 4 or 8. */
static inline u64 size_mask(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}

/* The device takes the access as it is. */
static inline bool holds(const struct bus_range *range, u64 addr, unsigned size)
{
	u64 offset = addr - range->base;

	return offset < range->size && size <= range->size - offset && (size == 1 || !range->bytes);
}

/* The range hit last, if it takes this access; NULL otherwise. */
static inline const struct bus_range *hinted(struct bus *bus, u64 addr, unsigned size)
{
	u32 hint = __atomic_load_n(&bus->hint, __ATOMIC_RELAXED);
	const struct bus_range *range = &bus->ranges[hint];

	return likely(hint < bus->count && holds(range, addr, size)) ? range : NULL;
}

/* A border or a hole lies within the access, or the device is 8 bits wide. */
static u64 read_split(struct bus *bus, u64 addr, unsigned size)
{
	u64 value = 0;

	for (unsigned i = 0; i < size; i++) {
		const struct bus_range *range = find(bus, addr + i);
		u64 byte = 0xff;

		if (range)
			byte = range->ops->read(range->dev, addr + i - range->base, 1) & 0xff;
		value |= byte << i * 8;
	}
	return value;
}

static __attribute__((noinline)) u64 read_other(struct bus *bus, u64 addr, unsigned size)
{
	const struct bus_range *range = find(bus, addr);

	if (range && holds(range, addr, size))
		return range->ops->read(range->dev, addr - range->base, size) & size_mask(size);
	return read_split(bus, addr, MIN(size, 8u));
}

u64 bus_read(struct bus *bus, u64 addr, unsigned size)
{
	const struct bus_range *range = hinted(bus, addr, size);

	if (unlikely(!range))
		return read_other(bus, addr, size);
	return range->ops->read(range->dev, addr - range->base, size) & size_mask(size);
}

static void write_split(struct bus *bus, u64 addr, unsigned size, u64 value)
{
	for (unsigned i = 0; i < size; i++) {
		const struct bus_range *range = find(bus, addr + i);

		if (range)
			range->ops->write(range->dev, addr + i - range->base, 1,
					  value >> i * 8 & 0xff);
	}
}

static __attribute__((noinline)) void write_other(struct bus *bus, u64 addr, unsigned size,
						  u64 value)
{
	const struct bus_range *range = find(bus, addr);

	if (range && holds(range, addr, size))
		range->ops->write(range->dev, addr - range->base, size, value & size_mask(size));
	else
		write_split(bus, addr, MIN(size, 8u), value);
}

void bus_write(struct bus *bus, u64 addr, unsigned size, u64 value)
{
	const struct bus_range *range = hinted(bus, addr, size);

	if (likely(range))
		range->ops->write(range->dev, addr - range->base, size, value & size_mask(size));
	else
		write_other(bus, addr, size, value);
}
