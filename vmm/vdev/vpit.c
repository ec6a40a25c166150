/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual 8254. Nothing ticks: a channel knows when its count was loaded, and
 * its counter and output are computed from the time when somebody looks.
 */
#include "vmm/vdev/vpit.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vtime.h"
#include "vmm/vm/layout.h"

/* Port 0x61. */
#define PORTB_GATE 0x01
#define PORTB_WRITABLE 0x0f
#define PORTB_REFRESH 0x10
#define PORTB_OUT 0x20
#define REFRESH_TICKS 18 /* about 15 us */

enum access { LATCH, LOW, HIGH, BOTH };

struct channel {
	u32 reload; /* 1 to 65536 */
	u8 mode;    /* 0 to 5 */
	enum access access;
	bool bcd;
	bool gate;
	bool loaded;  /* a count has been written since the control word */
	bool running; /* counts; else `held` says how far it got */
	u64 start;    /* ticks when the count began */
	u64 held;
	u8 low;                     /* first byte of a count in two parts */
	bool write_high, read_high; /* the second byte is next */
	bool status_latched, count_latched;
	u8 status;
	u16 latched;
};

struct vpit {
	struct ticketlock lock;
	struct platform *p;
	struct vclock clock;
	struct vtimer timer; /* channel 0's next interrupt */
	struct channel channel[3];
	u8 portb;
};

/* --- one channel -------------------------------------------------------------------------------
 */

static u64 pit_now(const struct vpit *pit)
{
	return vclock_ticks(&pit->clock, vtime_now(pit->p));
}

static bool is_periodic(const struct channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

/* Modes 1 and 5 count after a rising edge of the gate, the others while it is high. */
static bool is_triggered(const struct channel *c)
{
	return c->mode == 1 || c->mode == 5;
}

static u64 elapsed(const struct channel *c, u64 now)
{
	return c->running ? now - c->start : c->held;
}

static u32 counter(const struct channel *c, u64 now)
{
	u64 passed = elapsed(c, now);
	u32 wrap = c->bcd ? 10000 : 65536;

	if (c->mode == 2)
		return c->reload - (u32)(passed % c->reload);
	if (c->mode == 3) /* two per tick, and so twice through the count in a period */
		return (c->reload - (u32)(passed % c->reload * 2 % c->reload)) & ~1u;
	return (u32)(c->reload + wrap - passed % wrap) % wrap;
}

static bool output(const struct channel *c, u64 now)
{
	u64 passed = elapsed(c, now);

	if (!c->loaded)
		return c->mode != 0;
	switch (c->mode) {
	case 0:
		return passed >= c->reload;
	case 1:
		return !c->running || passed >= c->reload;
	case 2:
		return !c->running || passed % c->reload != c->reload - 1;
	case 3:
		return !c->running || passed % c->reload < (c->reload + 1) / 2;
	default:
		return passed != c->reload;
	}
}

static u16 to_bcd(u32 value)
{
	return (u16)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 |
		     value / 1000 % 10 << 12);
}

static u32 from_bcd(u32 value)
{
	return (value & 15) + (value >> 4 & 15) * 10 + (value >> 8 & 15) * 100 +
	       (value >> 12 & 15) * 1000;
}

static u16 visible(const struct channel *c, u64 now)
{
	u32 value = counter(c, now);

	return c->bcd ? to_bcd(value) : (u16)value;
}

static void load(struct channel *c, u16 written, u64 now)
{
	u32 count = c->bcd ? from_bcd(written) : written;

	c->reload = count ? count : c->bcd ? 10000 : 65536;
	c->loaded = true;
	c->held = 0;
	c->start = now;
	c->running = !is_triggered(c) && c->gate;
}

static void set_gate(struct channel *c, bool gate, u64 now)
{
	if (gate == c->gate)
		return;
	c->gate = gate;
	if (!c->loaded)
		return;
	if (gate && (is_triggered(c) || is_periodic(c))) { /* starts afresh */
		c->start = now;
		c->running = true;
	} else if (gate) {
		c->start = now - c->held;
		c->running = true;
	} else if (!is_triggered(c)) {
		c->held = elapsed(c, now);
		c->running = false;
	}
}

/* --- the interrupt of channel 0 ----------------------------------------------------------------
 */

static void set_irq(struct vpit *pit, bool level)
{
	platform_irq(pit->p, LAYOUT_GSI_PIT, level);
}

/* Ticks (of the same clock as now) of the next rising edge of the output, ~0: none. */
static u64 next_edge(const struct vpit *pit, u64 now)
{
	const struct channel *c = &pit->channel[0];
	u64 passed = elapsed(c, now), shortest;

	if (!c->loaded || !c->running || is_triggered(c))
		return ~0ull;
	if (!is_periodic(c))
		return passed < c->reload ? c->start + c->reload : ~0ull;
	/* Edges that would come too fast are left out. */
	shortest = vclock_ticks(&pit->clock, vtime_shortest(pit->p));
	return c->start + ((passed + shortest) / c->reload + 1) * c->reload;
}

static void schedule(struct vpit *pit)
{
	u64 edge = next_edge(pit, pit_now(pit));

	if (edge == ~0ull)
		vtimer_stop(&pit->timer);
	else
		vtimer_arm(&pit->timer, vclock_tsc(&pit->clock, edge));
}

static void expired(struct timer *timer)
{
	struct vpit *pit = container_of(timer, struct vpit, timer.timer);

	ticket_lock(&pit->lock);
	if (vtimer_due(&pit->timer)) {
		if (is_periodic(&pit->channel[0]))
			set_irq(pit, false);
		set_irq(pit, true);
		schedule(pit);
	}
	ticket_unlock(&pit->lock);
}

/* --- ports; all with the lock held -------------------------------------------------------------
 */

static void latch_count(struct vpit *pit, struct channel *c)
{
	if (c->count_latched)
		return;
	c->latched = visible(c, pit_now(pit));
	c->count_latched = true;
}

static void latch_status(struct vpit *pit, struct channel *c)
{
	if (c->status_latched)
		return;
	c->status = (u8)((output(c, pit_now(pit)) ? 0x80 : 0) | (c->loaded ? 0 : 0x40) |
			 c->access << 4 | c->mode << 1 | (c->bcd ? 1 : 0));
	c->status_latched = true;
}

static void read_back(struct vpit *pit, u8 value)
{
	for (unsigned i = 0; i < 3; i++) {
		if (!(value >> (i + 1) & 1))
			continue;
		if (!(value & 0x20))
			latch_count(pit, &pit->channel[i]);
		if (!(value & 0x10))
			latch_status(pit, &pit->channel[i]);
	}
}

static void write_control(struct vpit *pit, u8 value)
{
	unsigned select = value >> 6, mode = value >> 1 & 7;
	struct channel *c;

	if (select == 3) {
		read_back(pit, value);
		return;
	}
	c = &pit->channel[select];
	if ((value >> 4 & 3) == LATCH) {
		latch_count(pit, c);
		return;
	}
	c->access = value >> 4 & 3;
	c->mode = (u8)(mode > 5 ? mode - 4 : mode); /* 6 and 7 are other names of 2 and 3 */
	c->bcd = value & 1;
	c->loaded = c->running = false;
	c->held = 0;
	c->write_high = c->read_high = false;
	c->count_latched = c->status_latched = false;
	if (select == 0) {
		set_irq(pit, false);
		schedule(pit);
	}
}

static void write_count(struct vpit *pit, unsigned index, u8 value)
{
	struct channel *c = &pit->channel[index];
	u16 count;

	if (c->access == BOTH && !c->write_high) {
		c->low = value;
		c->write_high = true;
		return;
	}
	if (c->access == BOTH)
		count = (u16)(c->low | value << 8);
	else
		count = c->access == HIGH ? (u16)(value << 8) : value;
	c->write_high = false;
	load(c, count, pit_now(pit));
	if (index == 0) {
		if (c->mode == 0)
			set_irq(pit, false);
		schedule(pit);
	}
}

static u8 read_count(struct vpit *pit, struct channel *c)
{
	u16 count;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	count = c->count_latched ? c->latched : visible(c, pit_now(pit));
	if (c->access != BOTH) {
		c->count_latched = false;
		return (u8)(c->access == HIGH ? count >> 8 : count);
	}
	c->read_high = !c->read_high;
	if (c->read_high)
		return (u8)count;
	c->count_latched = false;
	return (u8)(count >> 8);
}

static u64 pit_read(void *dev, u64 offset, unsigned size)
{
	struct vpit *pit = dev;
	u8 value;

	(void)size;
	if (offset > 2)
		return 0xff; /* the control word cannot be read */
	ticket_lock(&pit->lock);
	value = read_count(pit, &pit->channel[offset]);
	ticket_unlock(&pit->lock);
	return value;
}

static void pit_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpit *pit = dev;

	(void)size;
	ticket_lock(&pit->lock);
	if (offset > 2)
		write_control(pit, (u8)value);
	else
		write_count(pit, (unsigned)offset, (u8)value);
	ticket_unlock(&pit->lock);
}

static u64 portb_read(void *dev, u64 offset, unsigned size)
{
	struct vpit *pit = dev;
	u64 now;
	u8 value;

	(void)offset;
	(void)size;
	ticket_lock(&pit->lock);
	now = pit_now(pit);
	value = pit->portb;
	if (now / REFRESH_TICKS & 1)
		value |= PORTB_REFRESH;
	if (output(&pit->channel[2], now))
		value |= PORTB_OUT;
	ticket_unlock(&pit->lock);
	return value;
}

static void portb_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpit *pit = dev;

	(void)offset;
	(void)size;
	ticket_lock(&pit->lock);
	pit->portb = value & PORTB_WRITABLE;
	set_gate(&pit->channel[2], value & PORTB_GATE, pit_now(pit));
	ticket_unlock(&pit->lock);
}

static const struct bus_ops pit_ops = {pit_read, pit_write};
static const struct bus_ops portb_ops = {portb_read, portb_write};

/* --- life cycle --------------------------------------------------------------------------------
 */

void vpit_reset(struct vpit *pit)
{
	ticket_lock(&pit->lock);
	memset(pit->channel, 0, sizeof(pit->channel));
	for (unsigned i = 0; i < 3; i++) {
		pit->channel[i].reload = 65536;
		pit->channel[i].access = BOTH;
		pit->channel[i].gate = i != 2;
	}
	pit->portb = 0;
	vtimer_stop(&pit->timer);
	ticket_unlock(&pit->lock);
}

int vpit_create(struct platform *p)
{
	struct vpit *pit = heap_alloc(sizeof(*pit));
	const struct bus_range timer = {0x40, 4, &pit_ops, pit, "pit", true};
	const struct bus_range portb = {0x61, 1, &portb_ops, pit, "port 61h", true};
	int err;

	if (!pit)
		return trace_err(ERR_NOMEM, "no memory for the interval timer");
	pit->p = p;
	p->pit = pit;
	vclock_init(&pit->clock, p->tsc_hz, VPIT_HZ);
	vtimer_init(&pit->timer, p, expired);
	vpit_reset(pit);
	err = bus_add(&p->ports, &timer);
	return err ? err : bus_add(&p->ports, &portb);
}

void vpit_destroy(struct vpit *pit)
{
	if (!pit)
		return;
	vtimer_destroy(&pit->timer);
	heap_free(pit);
}
