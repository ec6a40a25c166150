/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual pair of 8259A interrupt controllers. */
#include "vmm/vdev/vpic.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/platform.h"

#define CASCADE 2

/* Initialization words still to come at the data port, in their order. */
enum init_step { READY, ICW2, ICW3, ICW4 };

struct chip {
	u8 lines, irr, isr, imr;
	u8 level; /* ELCR: inputs that are level-triggered */
	u8 level_valid;
	u8 base;   /* vector of input 0 */
	u8 lowest; /* input with the lowest priority */
	enum init_step step;
	bool single, wants_icw4;
	bool auto_eoi, auto_rotate;
	bool special_mask, nested; /* nested: special fully nested mode */
	bool poll, read_isr;
};

struct vpic {
	struct ticketlock lock;
	struct platform *p;
	struct chip chip[2]; /* master, slave */
};

/* --- one chip ----------------------------------------------------------------------------------
 */

/* The input with the highest priority among the set bits, or -1. */
static int chip_first(const struct chip *c, u8 inputs)
{
	for (unsigned i = 1; inputs && i <= 8; i++) {
		unsigned input = (c->lowest + i) & 7;

		if (inputs >> input & 1)
			return (int)input;
	}
	return -1;
}

static unsigned chip_rank(const struct chip *c, int input)
{
	return ((unsigned)input - c->lowest - 1) & 7;
}

/* The input whose request is to be serviced now, or -1. */
static int chip_request(const struct chip *c, bool master)
{
	int wanted = chip_first(c, c->irr & (u8)~c->imr);
	u8 blocking = c->isr;
	int served;

	if (wanted < 0 || c->step != READY)
		return -1;
	if (c->special_mask)
		blocking &= (u8)~c->imr;
	/* The slave may interrupt itself: its chip decides. */
	if (master && c->nested && wanted == CASCADE)
		blocking &= (u8) ~(1u << CASCADE);
	served = chip_first(c, blocking);
	return served < 0 || chip_rank(c, wanted) < chip_rank(c, served) ? wanted : -1;
}

static void chip_set(struct chip *c, unsigned input, bool asserted)
{
	u8 bit = (u8)(1u << input);

	if (c->level & bit)
		c->irr = asserted ? c->irr | bit : c->irr & (u8)~bit;
	else if (asserted && !(c->lines & bit))
		c->irr |= bit;
	c->lines = asserted ? c->lines | bit : c->lines & (u8)~bit;
}

static void chip_accept(struct chip *c, int input)
{
	u8 bit = (u8)(1u << input);

	if (!(c->level & bit))
		c->irr &= (u8)~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->auto_rotate)
		c->lowest = (u8)input;
}

static void chip_eoi(struct chip *c, int input, bool rotate)
{
	if (input < 0)
		return;
	c->isr &= (u8) ~(1u << input);
	if (rotate)
		c->lowest = (u8)input;
}

/* OCW2: end of interrupt and rotation. */
static void chip_ocw2(struct chip *c, u8 value)
{
	bool specific = value & 0x40, eoi = value & 0x20, rotate = value & 0x80;
	u8 served = c->special_mask ? c->isr & (u8)~c->imr : c->isr;

	if (eoi)
		chip_eoi(c, specific ? value & 7 : chip_first(c, served), rotate);
	else if (!specific)
		c->auto_rotate = rotate;
	else if (rotate)
		c->lowest = value & 7;
}

/* OCW3: polling, special mask, which register is read. */
static void chip_ocw3(struct chip *c, u8 value)
{
	if (value & 0x40)
		c->special_mask = value & 0x20;
	if (value & 0x04)
		c->poll = true;
	if (value & 0x02)
		c->read_isr = value & 0x01;
}

static void chip_icw1(struct chip *c, u8 value)
{
	/* The edge sense is reset: lines that are high do not count until they rise again. */
	c->irr = c->lines & c->level;
	c->isr = c->imr = 0;
	c->lowest = 7;
	c->auto_eoi = c->auto_rotate = c->special_mask = c->nested = false;
	c->poll = c->read_isr = false;
	c->single = value & 0x02;
	c->wants_icw4 = value & 0x01;
	c->step = ICW2;
}

static void chip_command(struct chip *c, u8 value)
{
	if (value & 0x10)
		chip_icw1(c, value);
	else if (value & 0x08)
		chip_ocw3(c, value);
	else
		chip_ocw2(c, value);
}

static void chip_data(struct chip *c, u8 value)
{
	enum init_step last = c->wants_icw4 ? ICW4 : READY;

	switch (c->step) {
	case READY:
		c->imr = value;
		break;
	case ICW2:
		c->base = value & 0xf8;
		c->step = c->single ? last : ICW3;
		break;
	case ICW3: /* how the two are wired is fixed */
		c->step = last;
		break;
	case ICW4:
		c->auto_eoi = value & 0x02;
		c->nested = value & 0x10;
		c->step = READY;
		break;
	}
}

/* --- the pair; all with the lock held ----------------------------------------------------------
 */

static void update(struct vpic *pic)
{
	struct chip *master = &pic->chip[0], *slave = &pic->chip[1];
	bool intr, was = pic->p->intr;

	/* The slave's INT keeps the cascade input's request as long as it lasts. */
	if (chip_request(slave, false) >= 0)
		master->irr |= 1u << CASCADE;
	else
		master->irr &= (u8) ~(1u << CASCADE);
	intr = chip_request(master, true) >= 0;
	__atomic_store_n(&pic->p->intr, intr, __ATOMIC_RELEASE);
	if (intr && !was)
		pic->p->host->kick(pic->p->vm, 0);
}

static u8 acknowledge(struct vpic *pic)
{
	struct chip *master = &pic->chip[0], *slave = &pic->chip[1];
	int input = chip_request(master, true);

	if (input < 0)
		return master->base + 7;
	chip_accept(master, input);
	if (input != CASCADE)
		return (u8)(master->base + input);
	input = chip_request(slave, false);
	if (input < 0)
		return slave->base + 7;
	chip_accept(slave, input);
	return (u8)(slave->base + input);
}

u8 vpic_ack(struct vpic *pic)
{
	u8 vector;

	ticket_lock(&pic->lock);
	vector = acknowledge(pic);
	update(pic);
	ticket_unlock(&pic->lock);
	return vector;
}

void vpic_set(struct vpic *pic, unsigned irq, bool asserted)
{
	if (irq > 15 || irq == CASCADE)
		return;
	ticket_lock(&pic->lock);
	chip_set(&pic->chip[irq >> 3], irq & 7, asserted);
	update(pic);
	ticket_unlock(&pic->lock);
}

/* --- ports -------------------------------------------------------------------------------------
 */

static u8 read_poll(struct chip *c, bool master)
{
	int input = chip_request(c, master);

	c->poll = false;
	if (input < 0)
		return 0;
	chip_accept(c, input);
	return (u8)(0x80 | input);
}

static u64 chip_read(struct vpic *pic, unsigned index, u64 offset)
{
	struct chip *c = &pic->chip[index];
	u8 value;

	ticket_lock(&pic->lock);
	if (c->poll) {
		value = read_poll(c, index == 0);
		update(pic);
	} else if (offset) {
		value = c->imr;
	} else {
		value = c->read_isr ? c->isr : c->irr;
	}
	ticket_unlock(&pic->lock);
	return value;
}

static void chip_write(struct vpic *pic, unsigned index, u64 offset, u8 value)
{
	ticket_lock(&pic->lock);
	if (offset)
		chip_data(&pic->chip[index], value);
	else
		chip_command(&pic->chip[index], value);
	update(pic);
	ticket_unlock(&pic->lock);
}

static u64 master_read(void *dev, u64 offset, unsigned size)
{
	(void)size;
	return chip_read(dev, 0, offset);
}

static void master_write(void *dev, u64 offset, unsigned size, u64 value)
{
	(void)size;
	chip_write(dev, 0, offset, (u8)value);
}

static u64 slave_read(void *dev, u64 offset, unsigned size)
{
	(void)size;
	return chip_read(dev, 1, offset);
}

static void slave_write(void *dev, u64 offset, unsigned size, u64 value)
{
	(void)size;
	chip_write(dev, 1, offset, (u8)value);
}

static u64 elcr_read(void *dev, u64 offset, unsigned size)
{
	struct vpic *pic = dev;

	(void)size;
	return pic->chip[offset & 1].level;
}

static void elcr_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpic *pic = dev;
	struct chip *c = &pic->chip[offset & 1];

	(void)size;
	ticket_lock(&pic->lock);
	c->level = (u8)value & c->level_valid;
	c->irr = (c->irr & (u8)~c->level) | (c->lines & c->level);
	update(pic);
	ticket_unlock(&pic->lock);
}

static const struct bus_ops master_ops = {master_read, master_write};
static const struct bus_ops slave_ops = {slave_read, slave_write};
static const struct bus_ops elcr_ops = {elcr_read, elcr_write};

/* --- life cycle --------------------------------------------------------------------------------
 */

void vpic_reset(struct vpic *pic)
{
	ticket_lock(&pic->lock);
	memset(pic->chip, 0, sizeof(pic->chip));
	for (unsigned i = 0; i < 2; i++) {
		struct chip *c = &pic->chip[i];

		/* Without firmware nobody has programmed them: masked, at the vectors that
		 * the PC's firmware uses. */
		c->imr = 0xff;
		c->lowest = 7;
		c->base = i ? 0x70 : 0x08;
	}
	/* IRQ 0 to 2, 8 and 13 are always edges. 9 (SCI) and 10, 11 (PCI) are levels. */
	pic->chip[0].level_valid = 0xf8;
	pic->chip[1].level_valid = 0xde;
	pic->chip[1].level = 0x0e;
	__atomic_store_n(&pic->p->intr, false, __ATOMIC_RELEASE);
	ticket_unlock(&pic->lock);
}

int vpic_create(struct platform *p)
{
	struct vpic *pic = heap_alloc(sizeof(*pic));
	const struct bus_range ranges[] = {
	    {0x20, 2, &master_ops, pic, "pic", true},
	    {0xa0, 2, &slave_ops, pic, "pic", true},
	    {0x4d0, 2, &elcr_ops, pic, "elcr", true},
	};
	int err = 0;

	if (!pic)
		return trace_err(ERR_NOMEM, "no memory for the interrupt controllers");
	pic->p = p;
	p->pic = pic;
	vpic_reset(pic);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(ranges); i++)
		err = bus_add(&p->ports, &ranges[i]);
	return err;
}

void vpic_destroy(struct vpic *pic)
{
	heap_free(pic);
}
