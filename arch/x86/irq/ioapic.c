/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/irq/ioapic.h"

#include "arch/x86/cpu/spin.h"
#include "arch/x86/mm/mmio.h"
#include "arch/x86/mm/pages.h"
#include "kernel/lib/err.h"

/* Intel 82093AA: an index and a data register. */
#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA 0x10
#define IOAPIC_SIZE 0x20
#define IOAPIC_REG_VERSION 0x01
#define IOAPIC_REG_ENTRY(n) (0x10 + 2 * (n))
#define ENTRY_LOW BIT(13)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASKED BIT(16)
#define ENTRY_APIC_SHIFT 56
#define APIC_ID_MAX 254
#define ISA_IRQS 16
#define IOAPICS_MAX (PAGE_SIZE / sizeof(struct ioapic))

struct ioapic {
	char *regs;
	u8 id;
	u32 gsi_base, count;
};

static struct ioapic *ioapics; /* a page of them */
static u32 ioapic_total;
static struct spin ioapic_lock;
static struct ioapic_isa isa[ISA_IRQS];
static const struct ioapic_remapping *remapping;
static u32 isa_overridden; /* a bit per ISA interrupt */

static u32 reg_read(const struct ioapic *io, u32 reg)
{
	mmio_write32(io->regs + IOAPIC_INDEX, reg);
	return mmio_read32(io->regs + IOAPIC_DATA);
}

static void reg_write(const struct ioapic *io, u32 reg, u32 value)
{
	mmio_write32(io->regs + IOAPIC_INDEX, reg);
	mmio_write32(io->regs + IOAPIC_DATA, value);
}

/* Version 0x11 to 0x20 are I/O APICs; all ones and zero are nothing at all. */
static bool version_sane(u32 version)
{
	u32 number = version & 0xff, lines = (version >> 16 & 0xff) + 1;

	return number >= 0x10 && number <= 0x2f && lines >= 16 && lines <= 240;
}

void ioapic_remap(const struct ioapic_remapping *by)
{
	remapping = by;
}

int ioapic_add(u8 id, hpa_t address, u32 gsi_base)
{
	struct ioapic io = {.id = id, .gsi_base = gsi_base};
	u32 version;

	if (!ioapics)
		ioapics = pages_alloc(0);
	if (!ioapics || ioapic_total == IOAPICS_MAX)
		return trace_err(ERR_NOMEM, "ioapic: no memory for one more");
	io.regs = mmio_map(address, IOAPIC_SIZE, MEM_UC);
	if (!io.regs)
		return ERR_NOMEM;
	version = reg_read(&io, IOAPIC_REG_VERSION);
	if (!version_sane(version))
		return trace_err(ERR_IO, "ioapic: nothing usable at %llx (version %x)",
				 (unsigned long long)address.v, version);
	io.count = (version >> 16 & 0xff) + 1;
	for (u32 line = 0; line < io.count; line++)
		reg_write(&io, IOAPIC_REG_ENTRY(line), ENTRY_MASKED);
	ioapics[ioapic_total++] = io;
	return 0;
}

void ioapic_add_override(u8 isa_irq, u32 gsi, bool level, bool low)
{
	if (isa_irq >= ISA_IRQS)
		return;
	isa[isa_irq] = (struct ioapic_isa){.gsi = gsi, .level = level, .low = low};
	isa_overridden |= 1u << isa_irq;
}

struct ioapic_isa ioapic_isa_lookup(u8 isa_irq)
{
	if (isa_irq < ISA_IRQS && (isa_overridden & 1u << isa_irq))
		return isa[isa_irq];
	return (struct ioapic_isa){.gsi = isa_irq};
}

static const struct ioapic *ioapic_of(u32 gsi)
{
	for (u32 i = 0; i < ioapic_total; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].count)
			return &ioapics[i];
	return NULL;
}

/* The part of an entry that says where to. */
static int entry_destination(const struct ioapic *io, u8 vector, u32 apic_id, bool level, u64 *out)
{
	if (remapping)
		return remapping->entry(io->id, vector, apic_id, level, out);
	if (apic_id > APIC_ID_MAX)
		return trace_err(ERR_RANGE, "ioapic: cannot reach APIC id %u", apic_id);
	*out = (u64)apic_id << ENTRY_APIC_SHIFT;
	return 0;
}

int ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool low)
{
	const struct ioapic *io = ioapic_of(gsi);
	u64 entry;
	u32 reg;
	int err;

	if (!io)
		return trace_err(ERR_NOENT, "ioapic: no interrupt line %u", gsi);
	err = entry_destination(io, vector, apic_id, level, &entry);
	if (err)
		return err;
	entry |= vector | (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW : 0);
	reg = IOAPIC_REG_ENTRY(gsi - io->gsi_base);
	spin_lock(&ioapic_lock);
	reg_write(io, reg, ENTRY_MASKED);
	reg_write(io, reg + 1, (u32)(entry >> 32));
	reg_write(io, reg, (u32)entry);
	spin_unlock(&ioapic_lock);
	return 0;
}

int ioapic_route_isa(u8 isa_irq, u8 vector, u32 apic_id)
{
	struct ioapic_isa line = ioapic_isa_lookup(isa_irq);

	return ioapic_route(line.gsi, vector, apic_id, line.level, line.low);
}

static void ioapic_set_mask(u32 gsi, bool masked)
{
	const struct ioapic *io = ioapic_of(gsi);
	u32 reg, entry;

	if (!io)
		return;
	reg = IOAPIC_REG_ENTRY(gsi - io->gsi_base);
	spin_lock(&ioapic_lock);
	entry = reg_read(io, reg);
	reg_write(io, reg, masked ? entry | ENTRY_MASKED : entry & ~ENTRY_MASKED);
	spin_unlock(&ioapic_lock);
}

void ioapic_mask(u32 gsi)
{
	ioapic_set_mask(gsi, true);
}

void ioapic_unmask(u32 gsi)
{
	ioapic_set_mask(gsi, false);
}

u32 ioapic_gsi_count(void)
{
	u32 count = 0;

	for (u32 i = 0; i < ioapic_total; i++)
		count = MAX(count, ioapics[i].gsi_base + ioapics[i].count);
	return count;
}
