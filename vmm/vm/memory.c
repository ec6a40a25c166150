/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/memory.h"

#include <string.h>

#include "arch/x86/mm/direct.h"
#include "kernel/mm/page.h"
#include "vmm/vm/layout.h"

static int table_alloc(void *ctx, hpa_t *page)
{
	(void)ctx;
	return page_alloc_zeroed(0, 0, page);
}

static void table_free(void *ctx, hpa_t page)
{
	(void)ctx;
	page_free(page, 0);
}

static void *table_virt(void *ctx, hpa_t page)
{
	(void)ctx;
	return hpa_to_virt(page);
}

static const struct radix_mem_ops table_ops = {
    .alloc = table_alloc,
    .free = table_free,
    .virt = table_virt,
};

static u64 low_size(const struct vm_memory *m)
{
	return MIN(m->size, LAYOUT_LOW_RAM_END);
}

/* The parts of guest RAM as vmm/vm/layout.h has them. The VGA hole's RAM stays unused. */
bool vm_memory_part(const struct vm_memory *m, u32 i, struct vm_ram *out)
{
	u64 low = low_size(m), hole_end = LAYOUT_VGA_HOLE + LAYOUT_VGA_HOLE_SIZE;
	const struct vm_ram parts[] = {
	    {0, 0, MIN(low, LAYOUT_VGA_HOLE)},
	    {hole_end, hole_end, low > hole_end ? low - hole_end : 0},
	    {LAYOUT_HIGH_RAM_BASE, low, m->size - low},
	};

	if (i >= ARRAY_SIZE(parts) || !parts[i].size)
		return false;
	*out = parts[i];
	return true;
}

/* How much is mapped at once: so that no leaf is split by it, and there are at most 512. */
#define LEAVES 256
static u64 slice_end(const struct vm_memory *m, u64 from)
{
	u64 leaf = from < MIB(2) ? PAGE_SIZE : from < GIB(1) ? MIB(2) : GIB(1);
	u64 end = ALIGN_UP(from + 1, LEAVES * MIN(leaf, MAX(virt_caps.max_leaf, PAGE_SIZE)));

	if (from < LAYOUT_VGA_HOLE)
		end = MIN(end, LAYOUT_VGA_HOLE);
	return MIN(end, from < low_size(m) ? low_size(m) : m->size);
}

/* The VGA hole's RAM stays unused. */
int vm_memory_map(struct vm_memory *m)
{
	u64 low = low_size(m), from = m->mapped, end, gpa;
	int err;

	if (from == LAYOUT_VGA_HOLE)
		from += LAYOUT_VGA_HOLE_SIZE;
	end = slice_end(m, from);
	gpa = from < low ? from : LAYOUT_HIGH_RAM_BASE + from - low;
	err = radix_map(&m->nested, gpa, HPA(m->ram.v + from), end - from, RADIX_RWX, MEM_WB);
	m->mapped = end;
	return err ? err : end < m->size;
}

int vm_memory_map_device(struct vm_memory *m, u64 gpa, hpa_t regs, u64 size)
{
	int err;

	ticket_lock(&m->lock);
	err = radix_map(&m->nested, gpa, regs, size, RADIX_RW, MEM_UC);
	ticket_unlock(&m->lock);
	return err;
}

int vm_memory_unmap_device(struct vm_memory *m, u64 gpa, u64 size)
{
	int err;

	ticket_lock(&m->lock);
	err = radix_unmap(&m->nested, gpa, size);
	ticket_unlock(&m->lock);
	return err;
}

static void add_e820(struct vm_memory *m, u64 addr, u64 end, enum e820_type type)
{
	if (end > addr)
		m->e820[m->e820_count++] = (struct e820_entry){addr, end - addr, type};
}

static void build_e820(struct vm_memory *m)
{
	u64 low = low_size(m);

	m->e820_count = 0;
	add_e820(m, 0, LAYOUT_VGA_HOLE, E820_RAM);
	add_e820(m, LAYOUT_BIOS, LAYOUT_BIOS + LAYOUT_BIOS_SIZE, E820_RESERVED);
	add_e820(m, LAYOUT_BIOS + LAYOUT_BIOS_SIZE, low, E820_RAM);
	add_e820(m, LAYOUT_ECAM, LAYOUT_ECAM + MIB(LAYOUT_ECAM_BUSES), E820_RESERVED);
	add_e820(m, LAYOUT_HIGH_RAM_BASE, LAYOUT_HIGH_RAM_BASE + m->size - low, E820_RAM);
}

int vm_memory_create(struct vm_memory *m, u64 size)
{
	int err;

	m->size = size;
	m->mapped = 0;
	err = page_alloc_range(size, 0, &m->ram);
	if (err)
		return trace_err(err, "no %llu MiB of contiguous memory left for a VM; see `mem`",
				 (unsigned long long)(size >> 20));
	err = radix_init(&m->nested, virt->nested_format, &table_ops, NULL);
	if (err) {
		page_free_range(m->ram, size);
		m->ram = HPA(0);
		return err;
	}
	radix_limit_leaf(&m->nested, virt_caps.max_leaf >= GIB(1)   ? RADIX_1G
				     : virt_caps.max_leaf >= MIB(2) ? RADIX_2M
								    : RADIX_4K);
	build_e820(m);
	return 0;
}

void vm_memory_destroy(struct vm_memory *m)
{
	if (!m->ram.v)
		return;
	radix_destroy(&m->nested);
	if (!m->lost)
		page_free_range(m->ram, m->size);
	m->lost = false;
	m->ram = HPA(0);
}

void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len)
{
	u64 low = low_size(m), high = m->size - low;
	u64 hole_end = LAYOUT_VGA_HOLE + LAYOUT_VGA_HOLE_SIZE;
	u64 offset;

	if (likely(gpa.v < low)) {
		if (unlikely(len > low - gpa.v))
			return NULL;
		if (unlikely(gpa.v < hole_end && gpa.v + len > LAYOUT_VGA_HOLE))
			return NULL;
		offset = gpa.v;
	} else {
		if (gpa.v < LAYOUT_HIGH_RAM_BASE || gpa.v - LAYOUT_HIGH_RAM_BASE >= high ||
		    len > high - (gpa.v - LAYOUT_HIGH_RAM_BASE))
			return NULL;
		offset = low + gpa.v - LAYOUT_HIGH_RAM_BASE;
	}
	return (u8 *)hpa_to_virt(m->ram) + offset;
}

int vm_memory_read(const struct vm_memory *m, gpa_t gpa, void *to, u64 len)
{
	const void *p = vm_memory_ptr(m, gpa, len);

	if (!p)
		return ERR_FAULT;
	memcpy(to, p, len);
	return 0;
}

int vm_memory_write(const struct vm_memory *m, gpa_t gpa, const void *from, u64 len)
{
	void *p = vm_memory_ptr(m, gpa, len);

	if (!p)
		return ERR_FAULT;
	memcpy(p, from, len);
	return 0;
}

static void *load_map(void *ctx, gpa_t gpa, u64 len)
{
	return vm_memory_ptr(ctx, gpa, len);
}

const struct guest_mem_ops vm_memory_load_ops = {.map = load_map};
