/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of addresses and who answers there. */
#include "vmm/vdev/bus.h"

#include <string.h>

#include "kernel/mm/heap.h"

/* A bus without ranges: nothing is within. */
static struct bus_range none[1];

void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
	bus->ranges = none;
}

/* The first eight bytes of an outgrown array lead to the next one. */
void bus_destroy(struct bus *bus)
{
	while (bus->outgrown) {
		void *next = *(void **)bus->outgrown;

		heap_free(bus->outgrown);
		bus->outgrown = next;
	}
	if (bus->capacity)
		heap_free(bus->ranges);
	bus_init(bus);
}

/* --- lookups -----------------------------------------------------------------------------------
 */

/* What is read between the two is only used if the second is true. */
static inline u32 read_begin(const struct bus *bus)
{
	return __atomic_load_n(&bus->sequence, __ATOMIC_ACQUIRE) & ~1u;
}

static inline bool read_valid(const struct bus *bus, u32 sequence)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return likely(__atomic_load_n(&bus->sequence, __ATOMIC_RELAXED) == sequence);
}

/* The number of ranges that start at or below addr. */
static inline u32 ranges_below(const struct bus_range *ranges, u32 count, u64 addr)
{
	u32 low = 0, high = count;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (ranges[mid].base <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* By binary search; a hit becomes the hint. An array is never smaller than the count that was
 * read before it. */
static bool find(struct bus *bus, u64 addr, struct bus_range *out)
{
	u32 sequence, count, below;
	const struct bus_range *ranges;

	do {
		sequence = read_begin(bus);
		count = __atomic_load_n(&bus->count, __ATOMIC_ACQUIRE);
		ranges = __atomic_load_n(&bus->ranges, __ATOMIC_ACQUIRE);
		below = ranges_below(ranges, count, addr);
		if (below)
			*out = ranges[below - 1];
	} while (!read_valid(bus, sequence));
	if (unlikely(!below) || addr - out->base >= out->size)
		return false;
	__atomic_store_n(&bus->hint, (u64)sequence << 32 | (below - 1) * sizeof(*out),
			 __ATOMIC_RELAXED);
	return true;
}

bool bus_find(struct bus *bus, u64 addr, struct bus_range *out)
{
	return find(bus, addr, out);
}

/* --- changes; all with the lock held -----------------------------------------------------------
 */

static void change_begin(struct bus *bus)
{
	__atomic_store_n(&bus->sequence, bus->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct bus *bus)
{
	__atomic_store_n(&bus->sequence, bus->sequence + 1, __ATOMIC_RELEASE);
}

static int grow(struct bus *bus)
{
	u32 capacity = bus->capacity ? bus->capacity * 2 : 16;
	struct bus_range *ranges, *old = bus->capacity ? bus->ranges : NULL;

	if (bus->count < bus->capacity)
		return 0;
	ranges = heap_alloc_array(capacity, sizeof(*ranges));
	if (!ranges)
		return trace_err(ERR_NOMEM, "no memory for an I/O range");
	if (bus->count)
		memcpy(ranges, old, bus->count * sizeof(*ranges));
	change_begin(bus);
	__atomic_store_n(&bus->ranges, ranges, __ATOMIC_RELEASE);
	bus->capacity = capacity;
	if (old) {
		*(void **)old = bus->outgrown;
		bus->outgrown = old;
	}
	change_end(bus);
	return 0;
}

static int add(struct bus *bus, const struct bus_range *range)
{
	u64 last = range->base + range->size - 1;
	u32 at = ranges_below(bus->ranges, bus->count, last);
	int err;

	if (at && bus->ranges[at - 1].base + (bus->ranges[at - 1].size - 1) >= range->base)
		return trace_err(ERR_EXIST, "%s: I/O range overlaps %s", range->name,
				 bus->ranges[at - 1].name);
	err = grow(bus);
	if (err)
		return err;
	change_begin(bus);
	memmove(&bus->ranges[at + 1], &bus->ranges[at], (bus->count - at) * sizeof(*range));
	bus->ranges[at] = *range;
	__atomic_store_n(&bus->count, bus->count + 1, __ATOMIC_RELEASE);
	change_end(bus);
	return 0;
}

int bus_add(struct bus *bus, const struct bus_range *range)
{
	int err;

	if (!range->size || range->base + range->size - 1 < range->base)
		return trace_err(ERR_INVAL, "%s: empty or wrapping I/O range", range->name);
	ticket_lock(&bus->lock);
	err = add(bus, range);
	ticket_unlock(&bus->lock);
	return err;
}

void bus_remove(struct bus *bus, u64 base)
{
	u32 at;

	ticket_lock(&bus->lock);
	at = ranges_below(bus->ranges, bus->count, base);
	if (at && bus->ranges[at - 1].base == base) {
		change_begin(bus);
		__atomic_store_n(&bus->count, bus->count - 1, __ATOMIC_RELEASE);
		memmove(&bus->ranges[at - 1], &bus->ranges[at],
			(bus->count + 1 - at) * sizeof(*bus->ranges));
		change_end(bus);
	}
	ticket_unlock(&bus->lock);
}

/* --- accesses ----------------------------------------------------------------------------------
 */

/* size is at most 8. */
static inline u64 size_mask(unsigned size)
{
	static const u64 masks[] = {
	    0,           BIT(8) - 1,  BIT(16) - 1, BIT(24) - 1, BIT(32) - 1,
	    BIT(40) - 1, BIT(48) - 1, BIT(56) - 1, ~0ull,
	};

	return masks[size];
}

/* The device takes the access as it is. */
static inline bool holds(const struct bus_range *range, u64 addr, unsigned size)
{
	u64 offset = addr - range->base;

	return offset < range->size && size <= range->size - offset && (size == 1 || !range->bytes);
}

/* Where an access goes. */
struct target {
	const struct bus_ops *ops;
	void *dev;
	u64 offset;
};

/* The range hit last, if it takes this access. The hint is its offset in the array, with the
 * sequence at which it was found in the upper half: as long as that is the bus's, nothing has
 * changed, and the offset is one of a range. */
static inline bool hinted(struct bus *bus, u64 addr, unsigned size, struct target *t)
{
	u64 hint = __atomic_load_n(&bus->hint, __ATOMIC_RELAXED);
	const u8 *ranges = (const u8 *)__atomic_load_n(&bus->ranges, __ATOMIC_ACQUIRE);
	const struct bus_range *range = (const void *)(ranges + (u32)hint);

	if (!holds(range, addr, size))
		return false;
	*t = (struct target){range->ops, range->dev, addr - range->base};
	return read_valid(bus, (u32)(hint >> 32));
}

/* A border or a hole lies within the access, or the device is 8 bits wide. */
static u64 read_split(struct bus *bus, u64 addr, unsigned size)
{
	struct bus_range range;
	u64 value = 0;

	for (unsigned i = 0; i < size; i++) {
		u64 byte = 0xff;

		if (find(bus, addr + i, &range))
			byte = range.ops->read(range.dev, addr + i - range.base, 1) & 0xff;
		value |= byte << i * 8;
	}
	return value;
}

static __attribute__((noinline)) u64 read_other(struct bus *bus, u64 addr, unsigned size)
{
	struct bus_range range;

	if (find(bus, addr, &range) && holds(&range, addr, size))
		return range.ops->read(range.dev, addr - range.base, size) & size_mask(size);
	return read_split(bus, addr, MIN(size, 8u));
}

u64 bus_read(struct bus *bus, u64 addr, unsigned size)
{
	struct target t;

	if (unlikely(!hinted(bus, addr, size, &t)))
		return read_other(bus, addr, size);
	return t.ops->read(t.dev, t.offset, size) & size_mask(size);
}

static void write_split(struct bus *bus, u64 addr, unsigned size, u64 value)
{
	struct bus_range range;

	for (unsigned i = 0; i < size; i++) {
		if (find(bus, addr + i, &range))
			range.ops->write(range.dev, addr + i - range.base, 1,
					 value >> i * 8 & 0xff);
	}
}

static __attribute__((noinline)) void write_other(struct bus *bus, u64 addr, unsigned size,
						  u64 value)
{
	struct bus_range range;

	if (find(bus, addr, &range) && holds(&range, addr, size))
		range.ops->write(range.dev, addr - range.base, size, value & size_mask(size));
	else
		write_split(bus, addr, MIN(size, 8u), value);
}

void bus_write(struct bus *bus, u64 addr, unsigned size, u64 value)
{
	struct target t;

	if (likely(hinted(bus, addr, size, &t)))
		t.ops->write(t.dev, t.offset, size, value & size_mask(size));
	else
		write_other(bus, addr, size, value);
}
