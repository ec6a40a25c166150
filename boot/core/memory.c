/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "arch/x86/cpu/panic.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/host.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/smp/smp.h"
#include "boot/core/boot.h"
#include "kernel/mm/bootmem.h"
#include "kernel/mm/page.h"
#include "vmm/cmds/mem.h"

/* What the direct map contains: memory that behaves as such. */
static const bool is_ram[HANDOFF_MEM_TYPES] = {
    [HANDOFF_MEM_USABLE] = true,  [HANDOFF_MEM_ACPI_RECLAIM] = true, [HANDOFF_MEM_ACPI_NVS] = true,
    [HANDOFF_MEM_RUNTIME] = true, [HANDOFF_MEM_LOADER] = true,       [HANDOFF_MEM_CORE] = true,
    [HANDOFF_MEM_HANDOFF] = true, [HANDOFF_MEM_FILE] = true,
};

static const struct handoff_mem *mem_entry(u32 i)
{
	return boot_table_entry(&boot.handoff.mem, i);
}

static bool mem_is(const struct handoff_mem *m, enum handoff_mem_type type)
{
	return m->type == type;
}

/* All of arch's own pages are below 4 GiB: CR3 of a starting CPU must be. */
static void *arch_alloc(unsigned order)
{
	hpa_t pa;

	return page_alloc_zeroed(order, PAGE_BELOW_4G, &pa) ? NULL : hpa_to_virt(pa);
}

static void arch_free(void *pages, unsigned order)
{
	page_free(virt_to_hpa(pages), order);
}

static const struct page_ops arch_ops = {.alloc = arch_alloc, .free = arch_free};

/* Room for the list of regions, cut off the first usable one that has it: the
 * list is needed before there is an allocator. */
static struct mem_region *regions_place(u64 bytes, u32 *from)
{
	for (u32 i = 0; i < boot.handoff.mem.count; i++) {
		const struct handoff_mem *m = mem_entry(i);

		if (mem_is(m, HANDOFF_MEM_USABLE) && m->base >= MIB(1) && m->length > bytes) {
			*from = i;
			return hpa_to_virt(HPA(m->base));
		}
	}
	panic("no usable memory in the loader's memory map");
}

void boot_memory_init(void)
{
	/* Carving the allocator's own tables may split regions. */
	u32 capacity = boot.handoff.mem.count + 8;
	u64 bytes = ALIGN_UP(capacity * sizeof(struct mem_region), PAGE_SIZE);
	u32 from, count = 0;
	struct mem_region *regions = regions_place(bytes, &from);
	static struct bootmem bm;

	for (u32 i = 0; i < boot.handoff.mem.count; i++) {
		const struct handoff_mem *m = mem_entry(i);
		u64 cut = i == from ? bytes : 0;

		if (mem_is(m, HANDOFF_MEM_USABLE))
			regions[count++] = (struct mem_region){m->base + cut, m->length - cut};
	}
	bootmem_init(&bm, regions, count, capacity);
	if (page_init(&bm, DIRECT_BASE))
		panic("no memory for the page allocator");
	pages_register(&arch_ops);
}

/* RAM of all kinds, neighbours merged; returns how many ranges. */
static u32 ram_list(struct host_ram *ram)
{
	u32 count = 0;

	for (u32 i = 0; i < boot.handoff.mem.count; i++) {
		const struct handoff_mem *m = mem_entry(i);

		if (m->type >= HANDOFF_MEM_TYPES || !is_ram[m->type])
			continue;
		if (count && ram[count - 1].base + ram[count - 1].size == m->base)
			ram[count - 1].size += m->length;
		else
			ram[count++] = (struct host_ram){m->base, m->length};
	}
	return count;
}

void boot_memory_map(void)
{
	unsigned order = pages_order(boot.handoff.mem.count * sizeof(struct host_ram));
	struct host_ram *ram = pages_alloc(order);

	if (!ram || host_space_init(ram, ram_list(ram)))
		panic("no memory for page tables");
	host_space_enter();
	pages_free(ram, order);
	if (smp_alloc_exception_stacks(this_cpu()))
		panic("no memory for exception stacks");
	smp_use_exception_stacks();
}

/* Kept by the firmware whoever runs: it is in the direct map, but nobody else's. */
static bool mem_is_firmware(const struct handoff_mem *m)
{
	return mem_is(m, HANDOFF_MEM_RUNTIME) || mem_is(m, HANDOFF_MEM_ACPI_NVS);
}

static void tell_mem_command(void)
{
	struct mem_machine facts = {.image = boot.handoff.core.size};

	for (u32 i = 0; i < boot.handoff.mem.count; i++) {
		const struct handoff_mem *m = mem_entry(i);

		if (mem_is_firmware(m))
			facts.firmware += m->length;
		else if (m->type < HANDOFF_MEM_TYPES && is_ram[m->type])
			facts.ram += m->length;
		if (mem_is(m, HANDOFF_MEM_FILE))
			facts.files += m->length;
	}
	facts.files -= ALIGN_UP(boot.handoff.config.size, PAGE_SIZE);
	mem_set_machine(&facts);
}

/* The map itself lies in memory of type HANDOFF and is read while that is given
 * away, so that goes last and its bounds are taken before. */
void boot_memory_reclaim(void)
{
	u64 bytes = 0;

	for (u32 i = 0; i < boot.handoff.mem.count; i++) {
		const struct handoff_mem *m = mem_entry(i);

		if (mem_is(m, HANDOFF_MEM_LOADER) && m->base >= MIB(1) &&
		    !page_add(HPA(m->base), m->length))
			bytes += m->length;
	}
	log_info("memory: %llu KiB of the loader's are free again",
		 (unsigned long long)bytes >> 10);
	tell_mem_command();
}
