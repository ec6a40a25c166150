/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/iommu/vtd_model.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/iommu/vtd_regs.h"
#include "kernel/mm/page.h"

#define IOTLB_ENTRIES 64
#define CONTEXT_ENTRIES 16
#define IRQ_ENTRIES 8

struct vtd_model vtd_model;

/* What the core sees, and what is in memory behind its caches. */
static u8 *seen, *memory;
static u8 used[MODEL_PAGES];
static int fail_after;

/* Of each unit; those of the one that is at work. */
static struct registers {
	u32 gsts, fectl, fsts;
	u64 rtaddr, iqa, iqh, iqt, irta, record_low, record_high;
} units[MODEL_UNITS], *at_work = units;
#define regs (*at_work)

static struct {
	bool valid;
	u16 bdf;
	u64 low, high;
} contexts[CONTEXT_ENTRIES];

static struct {
	bool valid, write;
	u16 domain;
	u64 page, to;
} iotlb[IOTLB_ENTRIES];
static u32 context_next, iotlb_next;

static struct {
	bool valid;
	u16 index;
	u64 low, high;
} irqs[IRQ_ENTRIES];
static u32 irq_next;

void model_reset(u64 cap, u64 ecap)
{
	static u8 *block;

	if (!block)
		block = aligned_alloc(GIB(1) >> 8, 2 * MODEL_PAGES * PAGE_SIZE);
	seen = block;
	memory = block + MODEL_PAGES * PAGE_SIZE;
	memset(block, 0, 2 * MODEL_PAGES * PAGE_SIZE);
	memset(used, 0, sizeof(used));
	memset(units, 0, sizeof(units));
	memset(contexts, 0, sizeof(contexts));
	memset(iotlb, 0, sizeof(iotlb));
	memset(irqs, 0, sizeof(irqs));
	fail_after = -1;
	vtd_model = (struct vtd_model){.cap = cap, .ecap = ecap};
}

/* Memory of the core: pages of `seen`, whose address is their physical one. */
static int take(u32 pages, hpa_t *out)
{
	if (fail_after >= 0 && !fail_after--) {
		fail_after = 0;
		return ERR_NOMEM;
	}
	for (u32 at = 0; at + pages <= MODEL_PAGES; at += pages) {
		u32 n = 0;

		while (n < pages && !used[at + n])
			n++;
		if (n < pages)
			continue;
		memset(used + at, 1, pages);
		*out = HPA((uintptr_t)seen + at * PAGE_SIZE);
		return 0;
	}
	return ERR_NOMEM;
}

int page_alloc_zeroed(unsigned order, unsigned flags, hpa_t *out)
{
	int err = take(1u << order, out);

	(void)flags;
	if (!err)
		memset((void *)(uintptr_t)out->v, 0, PAGE_SIZE << order);
	return err;
}

int page_alloc_range_flags(u64 bytes, u64 align, unsigned flags, hpa_t *out)
{
	(void)align;
	(void)flags;
	return take((u32)(bytes / PAGE_SIZE), out);
}

static void give(hpa_t page, u64 pages)
{
	memset(used + (page.v - (uintptr_t)seen) / PAGE_SIZE, 0, pages);
	/* What was there is somebody else's now. */
	memset((void *)(uintptr_t)page.v, 0xa5, pages * PAGE_SIZE);
	memset(memory + (page.v - (uintptr_t)seen), 0xa5, pages * PAGE_SIZE);
}

int page_free(hpa_t page, unsigned order)
{
	give(page, 1u << order);
	return 0;
}

int page_free_range(hpa_t base, u64 bytes)
{
	give(base, bytes / PAGE_SIZE);
	return 0;
}

void *page_virt(hpa_t page)
{
	return (void *)(uintptr_t)page.v;
}

u32 model_pages_used(void)
{
	u32 n = 0;

	for (u32 i = 0; i < MODEL_PAGES; i++)
		n += used[i];
	return n;
}

void model_fail_after(int n)
{
	fail_after = n;
}

void vtd_host_writeback(const void *line)
{
	size_t at = (size_t)((const u8 *)line - seen);

	if (at < MODEL_PAGES * PAGE_SIZE)
		memcpy(memory + at, seen + at, 64);
}

/* What the unit reads. */
static u64 load(u64 address)
{
	u64 at = address - (uintptr_t)seen;

	if (at >= MODEL_PAGES * PAGE_SIZE) {
		vtd_model.malformed++;
		return 0;
	}
	vtd_model.steps++;
	return *(u64 *)((vtd_model.ecap & VTD_ECAP_COHERENT ? seen : memory) + at);
}

static bool context_load(u16 bdf, u64 *low, u64 *high)
{
	u64 root;

	for (u32 i = 0; i < CONTEXT_ENTRIES; i++) {
		if (contexts[i].valid && contexts[i].bdf == bdf) {
			*low = contexts[i].low;
			*high = contexts[i].high;
			return true;
		}
	}
	root = load(regs.rtaddr + PCI_BUS(bdf) * 16);
	if (!(root & 1))
		return false;
	*low = load((root & ~0xfffull) + (bdf & 0xff) * 16);
	*high = load((root & ~0xfffull) + (bdf & 0xff) * 16 + 8);
	if (!(*low & 1))
		return false;
	contexts[context_next].valid = true;
	contexts[context_next].bdf = bdf;
	contexts[context_next].low = *low;
	contexts[context_next].high = *high;
	context_next = (context_next + 1) % CONTEXT_ENTRIES;
	return true;
}

static bool walk(u64 table, unsigned levels, u64 address, bool write, u64 *to)
{
	u64 reserved = ~(0x000ffffffffff000ull | 0xfffull);

	if (address >> (12 + 9 * levels))
		return false;
	for (unsigned level = levels; level; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		u64 entry = load(table + (address >> shift & 511) * 8);

		if (entry & reserved || (level > 3 && entry & 0x80) ||
		    (level == 3 && entry & 0x80 && !(vtd_model.cap & VTD_CAP_1G)) ||
		    (level == 2 && entry & 0x80 && !(vtd_model.cap & VTD_CAP_2M)))
			vtd_model.malformed++;
		if (!(entry & (write ? 2 : 1)))
			return false;
		if (level == 1 || entry & 0x80) {
			*to = (entry & 0x000ffffffffff000ull & ~((1ull << shift) - 1)) |
			      (address & ((1ull << shift) - 1));
			return true;
		}
		table = entry & 0x000ffffffffff000ull;
	}
	return false;
}

/* One record; more are lost until it is cleared (7.2.1). */
static void record(u16 bdf, u8 reason, u64 low, bool read)
{
	if (regs.record_high >> 63)
		return;
	regs.record_low = low;
	regs.record_high = BIT(63) | (u64)read << 62 | (u64)reason << 32 | bdf;
}

static bool translate(u16 bdf, u64 address, bool write, u64 *to)
{
	u64 low, high;
	u16 domain;

	vtd_model.steps = 0;
	if (!(regs.gsts & VTD_GCMD_TE)) {
		*to = address;
		return true;
	}
	if (!context_load(bdf, &low, &high))
		return false;
	if (low & 0xffe || high & ~0xffff07ull)
		vtd_model.malformed++;
	domain = (u16)(high >> 8);
	for (u32 i = 0; i < IOTLB_ENTRIES; i++) {
		if (iotlb[i].valid && iotlb[i].domain == domain && iotlb[i].write == write &&
		    iotlb[i].page == address >> 12) {
			*to = iotlb[i].to | (address & 0xfff);
			return true;
		}
	}
	if (!walk(low & ~0xfffull, (unsigned)(high & 7) + 2, address, write, to))
		return false;
	iotlb[iotlb_next].valid = true;
	iotlb[iotlb_next].write = write;
	iotlb[iotlb_next].domain = domain;
	iotlb[iotlb_next].page = address >> 12;
	iotlb[iotlb_next].to = *to & ~0xfffull;
	iotlb_next = (iotlb_next + 1) % IOTLB_ENTRIES;
	return true;
}

bool model_dma(u16 bdf, u64 address, bool write, u64 *to)
{
	bool through;

	at_work = &units[vtd_model.unit];
	through = translate(bdf, address, write, to);
	if (!through)
		record(bdf, write ? 5 : 6, address & ~0xfffull, !write);
	return through;
}

static void invalidate_contexts(u64 d)
{
	unsigned granularity = d >> 4 & 3;

	for (u32 i = 0; i < CONTEXT_ENTRIES; i++)
		if (granularity == 1 || (granularity == 3 && contexts[i].bdf == (u16)(d >> 32) &&
					 (u16)(contexts[i].high >> 8) == (u16)(d >> 16)))
			contexts[i].valid = false;
}

static void invalidate_iotlb(u64 d)
{
	unsigned granularity = d >> 4 & 3;

	for (u32 i = 0; i < IOTLB_ENTRIES; i++)
		if (granularity == 1 || (granularity == 2 && iotlb[i].domain == (u16)(d >> 16)))
			iotlb[i].valid = false;
}

/* 5.1.4: 0x20 and up are fault reasons. */
static unsigned irq_entry(u16 index, u64 *low, u64 *high)
{
	u64 at = (regs.irta & ~0xfffull) + index * 16ull;

	if (index >= 2u << (regs.irta & 15))
		return 0x21;
	for (u32 i = 0; i < IRQ_ENTRIES; i++) {
		if (irqs[i].valid && irqs[i].index == index) {
			*low = irqs[i].low;
			*high = irqs[i].high;
			return 0;
		}
	}
	*low = load(at);
	*high = load(at + 8);
	if (!(*low & 1))
		return 0x22;
	irqs[irq_next].valid = true;
	irqs[irq_next].index = index;
	irqs[irq_next].low = *low;
	irqs[irq_next].high = *high;
	irq_next = (irq_next + 1) % IRQ_ENTRIES;
	return 0;
}

static unsigned remap(u16 bdf, u64 address, u32 data, struct model_irq *out)
{
	u64 low, high;
	unsigned reason;

	*out = (struct model_irq){.apic_id = (u32)(address >> 12 & 0xff), .vector = (u8)data};
	if (!(regs.gsts & VTD_GCMD_IRE))
		return 0;
	if (!(address & 1u << 4))
		return regs.gsts & VTD_GCMD_CFI && !(regs.irta & 1u << 11) ? 0 : 0x25;
	if (address & 3 || data)
		return 0x20;
	reason = irq_entry((u16)((address >> 5 & 0x7fff) | (address >> 2 & 1) << 15), &low, &high);
	if (reason)
		return reason;
	/* Reserved, or of no use here: FPD, DM, RH, DLM, IM; more bits of xAPIC's destination. */
	if (low & 0xff00ffeeull || high & ~0xfffffull ||
	    (!(regs.irta & 1u << 11) && low >> 32 & ~0xff00ull))
		vtd_model.malformed++;
	if ((high >> 18 & 3) != 1 || high >> 16 & 3)
		vtd_model.malformed++;
	if ((u16)high != bdf)
		return 0x26;
	out->vector = (u8)(low >> 16);
	out->level = low >> 4 & 1;
	out->apic_id = regs.irta & 1u << 11 ? (u32)(low >> 32) : (u32)(low >> 40 & 0xff);
	return 0;
}

unsigned model_irq(u16 bdf, u64 address, u32 data, struct model_irq *out)
{
	unsigned reason;

	at_work = &units[vtd_model.unit];
	reason = remap(bdf, address, data, out);
	if (reason)
		record(bdf, (u8)reason, (address >> 5 & 0x7fff) << 48, true);
	return reason;
}

static void invalidate_irqs(u64 d)
{
	for (u32 i = 0; i < IRQ_ENTRIES; i++)
		if (!(d & 1u << 4) || irqs[i].index == (u16)(d >> 32))
			irqs[i].valid = false;
}

static void descriptor(u64 low, u64 high)
{
	switch (low & 15) {
	case 1:
		invalidate_contexts(low);
		break;
	case 2:
		invalidate_iotlb(low);
		break;
	case 4:
		invalidate_irqs(low);
		break;
	case 5:
		if (!vtd_model.deaf_invalidations)
			*(u32 *)(uintptr_t)high = (u32)(low >> 32);
		break;
	default:
		vtd_model.malformed++;
	}
}

static void queue_run(void)
{
	while (regs.gsts & VTD_GCMD_QIE && regs.iqh != regs.iqt) {
		u64 at = (regs.iqa & ~0xfffull) + regs.iqh;

		descriptor(load(at), load(at + 8));
		regs.iqh = (regs.iqh + 16) % PAGE_SIZE;
	}
}

static void command(u32 value)
{
	u32 lasting = VTD_GCMD_TE | VTD_GCMD_QIE | VTD_GCMD_IRE | VTD_GCMD_CFI;

	if (vtd_model.deaf_commands)
		return;
	if (value & VTD_GCMD_TE && !(regs.gsts & VTD_GCMD_SRTP))
		vtd_model.malformed++;
	if (value & VTD_GCMD_IRE && !(regs.gsts & VTD_GCMD_SIRTP))
		vtd_model.malformed++;
	regs.gsts = (regs.gsts & ~lasting) | (value & (lasting | VTD_GCMD_SRTP | VTD_GCMD_SIRTP)) |
		    (regs.gsts & (VTD_GCMD_SRTP | VTD_GCMD_SIRTP));
	queue_run();
}

static void choose(const struct vtd_unit *u)
{
	at_work = &units[(u->scope->base.v - MODEL_BASE) / PAGE_SIZE % MODEL_UNITS];
}

u64 vtd_host_read(const struct vtd_unit *u, u32 reg, unsigned size)
{
	(void)size;
	choose(u);
	switch (reg) {
	case VTD_VER:
		return 0x10;
	case VTD_CAP:
		return vtd_model.cap;
	case VTD_ECAP:
		return vtd_model.ecap;
	case VTD_GSTS:
		return regs.gsts;
	default:
		if (reg == VTD_CAP_FRO(vtd_model.cap))
			return regs.record_low;
		if (reg == VTD_CAP_FRO(vtd_model.cap) + VTD_FRCD_HIGH)
			return regs.record_high;
		return 0;
	}
}

void vtd_host_write(const struct vtd_unit *u, u32 reg, unsigned size, u64 value)
{
	(void)size;
	choose(u);
	switch (reg) {
	case VTD_GCMD:
		command((u32)value);
		break;
	case VTD_RTADDR:
		regs.rtaddr = value;
		break;
	case VTD_IRTA:
		regs.irta = value;
		break;
	case VTD_IQA:
		regs.iqa = value;
		break;
	case VTD_IQT:
		regs.iqt = value;
		queue_run();
		break;
	default:
		if (reg == VTD_CAP_FRO(vtd_model.cap) + VTD_FRCD_HIGH && value & VTD_FRCD_F)
			regs.record_high = 0;
		break;
	}
}
