/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual I/O APIC. */
#include "vmm/vdev/vioapic.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vlapic.h"
#include "vmm/vm/layout.h"

/* MMIO offsets. */
#define IOREGSEL 0x00
#define IOWIN 0x10
#define IOEOI 0x40
/* Indirect registers. */
#define REG_ID 0x00
#define REG_VERSION 0x01
#define REG_ARBITRATION 0x02
#define REG_REDIRECTION 0x10
#define VERSION (0x20u | (VIOAPIC_INPUTS - 1) << 16)

/* Redirection table entry. */
#define RTE_VECTOR(rte) ((u8)(rte))
#define RTE_DELIVERY(rte) ((u8)((rte) >> 8 & 7))
#define RTE_LOGICAL BIT(11)
#define RTE_REMOTE_IRR BIT(14)
#define RTE_LEVEL BIT(15)
#define RTE_MASKED BIT(16)
#define RTE_DEST(rte) ((u32)((rte) >> 56))
#define RTE_WRITABLE 0xff0000000001afffull

struct vioapic {
	struct ticketlock lock;
	struct platform *p;
	u8 select;
	u32 id;
	u32 lines; /* inputs that are asserted */
	u64 rte[VIOAPIC_INPUTS];
};

/* --- delivery; all with the lock held ----------------------------------------------------------
 */

static void send(struct vioapic *io, u64 rte)
{
	struct vlapic_message m = {
	    .dest = RTE_DEST(rte),
	    .vector = RTE_VECTOR(rte),
	    .delivery = RTE_DELIVERY(rte),
	    .logical = rte & RTE_LOGICAL,
	    .level = rte & RTE_LEVEL,
	    .assert_ = true,
	};

	if (!m.logical && m.dest == 0xff)
		m.dest = ~0u;
	vlapic_deliver(io->p, NULL, &m);
}

/* A level-triggered entry sends once, and again after the EOI if the line still is asserted. */
static void service_level(struct vioapic *io, unsigned pin)
{
	u64 rte = io->rte[pin];

	if (!(io->lines & BIT(pin)) || rte & (RTE_MASKED | RTE_REMOTE_IRR))
		return;
	/* Only vectored interrupts are ended by an EOI; the others are edges (82093AA 3.2.4). */
	if (RTE_DELIVERY(rte) <= 1)
		io->rte[pin] |= RTE_REMOTE_IRR;
	send(io, rte);
}

void vioapic_set(struct vioapic *io, unsigned pin, bool asserted)
{
	u32 bit = 1u << (pin & 31);
	bool was;

	if (pin >= VIOAPIC_INPUTS)
		return;
	ticket_lock(&io->lock);
	was = io->lines & bit;
	io->lines = asserted ? io->lines | bit : io->lines & ~bit;
	if (asserted && io->rte[pin] & RTE_LEVEL)
		service_level(io, pin);
	else if (asserted && !was && !(io->rte[pin] & RTE_MASKED))
		send(io, io->rte[pin]); /* an edge at a masked input is lost */
	ticket_unlock(&io->lock);
}

static void end(struct vioapic *io, u8 vector)
{
	for (unsigned pin = 0; pin < VIOAPIC_INPUTS; pin++) {
		u64 rte = io->rte[pin];

		if (!(rte & RTE_REMOTE_IRR) || RTE_VECTOR(rte) != vector)
			continue;
		io->rte[pin] = rte & ~RTE_REMOTE_IRR;
		service_level(io, pin);
	}
}

void vioapic_eoi(struct vioapic *io, u8 vector)
{
	ticket_lock(&io->lock);
	end(io, vector);
	ticket_unlock(&io->lock);
}

/* --- registers; all with the lock held ---------------------------------------------------------
 */

static void write_rte(struct vioapic *io, unsigned pin, u64 value, u64 half)
{
	u64 rte = io->rte[pin], changed = RTE_WRITABLE & half;

	rte = (rte & ~changed) | (value & changed);
	if (!(rte & RTE_LEVEL)) /* to edge and back is how old systems clear a stuck input */
		rte &= ~RTE_REMOTE_IRR;
	io->rte[pin] = rte;
	if (rte & RTE_LEVEL)
		service_level(io, pin);
}

static void write_window(struct vioapic *io, u32 value)
{
	unsigned index = io->select - REG_REDIRECTION;

	if (io->select == REG_ID)
		io->id = value & 0x0f000000;
	else if (io->select < REG_REDIRECTION || index / 2 >= VIOAPIC_INPUTS)
		return;
	else if (index & 1)
		write_rte(io, index / 2, (u64)value << 32, ~0ull << 32);
	else
		write_rte(io, index / 2, value, 0xffffffff);
}

static u32 read_window(const struct vioapic *io)
{
	unsigned index = io->select - REG_REDIRECTION;

	if (io->select == REG_ID || io->select == REG_ARBITRATION)
		return io->id;
	if (io->select == REG_VERSION)
		return VERSION;
	if (io->select < REG_REDIRECTION || index / 2 >= VIOAPIC_INPUTS)
		return 0;
	return (u32)(io->rte[index / 2] >> (index & 1 ? 32 : 0));
}

/* Registers are 32 bits wide and 16 bytes apart. Reads of a part give that part; the selector
 * and the EOI register are 8 bits wide in effect and take any write; the window wants 32 bits. */
static u64 mmio_read(void *dev, u64 offset, unsigned size)
{
	struct vioapic *io = dev;
	u64 reg = offset & ~0xfull, value = 0;

	(void)size;
	if ((offset & 0xf) > 3)
		return 0;
	ticket_lock(&io->lock);
	if (reg == IOREGSEL)
		value = io->select;
	else if (reg == IOWIN)
		value = read_window(io);
	ticket_unlock(&io->lock);
	return value >> (offset & 3) * 8;
}

static void mmio_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vioapic *io = dev;

	ticket_lock(&io->lock);
	if (offset == IOREGSEL)
		io->select = (u8)value;
	else if (offset == IOWIN && size >= 4)
		write_window(io, (u32)value);
	else if (offset == IOEOI)
		end(io, (u8)value);
	ticket_unlock(&io->lock);
}

static const struct bus_ops vioapic_ops = {mmio_read, mmio_write};

/* --- life cycle --------------------------------------------------------------------------------
 */

u8 vioapic_id(const struct platform *p)
{
	/* Behind the local APICs' where four bits allow it. */
	return p->cpus < 16 ? (u8)p->cpus : 0;
}

void vioapic_reset(struct vioapic *io)
{
	ticket_lock(&io->lock);
	io->select = 0;
	io->id = (u32)vioapic_id(io->p) << 24;
	io->lines = 0;
	for (unsigned pin = 0; pin < VIOAPIC_INPUTS; pin++)
		io->rte[pin] = RTE_MASKED;
	ticket_unlock(&io->lock);
}

int vioapic_create(struct platform *p)
{
	struct vioapic *io = heap_alloc(sizeof(*io));
	struct bus_range range = {LAYOUT_IOAPIC, VIOAPIC_SIZE, &vioapic_ops, io, "ioapic", false};

	if (!io)
		return trace_err(ERR_NOMEM, "no memory for an I/O APIC");
	io->p = p;
	p->ioapic = io;
	vioapic_reset(io);
	return bus_add(&p->mmio, &range);
}

void vioapic_destroy(struct vioapic *io)
{
	heap_free(io);
}
