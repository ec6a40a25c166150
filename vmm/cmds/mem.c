/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `mem`: where the machine's RAM is, and what of it the hypervisor occupies. */
#include "vmm/cmds/mem.h"

#include "arch/x86/mm/host.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/shell/shell.h"
#include "vmm/vm/vm.h"

static struct mem_machine machine;

void mem_set_machine(const struct mem_machine *facts)
{
	machine = *facts;
}

static void print_bytes(struct shell *sh, const char *what, u64 bytes)
{
	shell_printf(sh, "%-34s %10llu KiB\n", what, (unsigned long long)bytes >> 10);
}

/* RAM and overhead of the VMs that are built. */
static void sum_vms(u64 *ram, u64 *overhead)
{
	struct list *it;

	*ram = *overhead = 0;
	list_for_each (it, vm_list()) {
		const struct vm *vm = list_entry(it, struct vm, link);

		if (!vm->built)
			continue;
		*ram += vm->memory.size;
		*overhead += vm->overhead_bytes;
	}
}

/* What is neither free nor for guests, by difference, so that nothing is left out. */
static void print_hypervisor(struct shell *sh, const struct buddy_stats *pages, u64 guests)
{
	struct heap_stats heap;
	u64 total = machine.ram - machine.files - guests - pages->free_pages * PAGE_SIZE;
	u64 tables = host_space_tables() * PAGE_SIZE, held, known;

	heap_get_stats(&heap);
	held = (heap.slab_pages + heap.large_pages) * PAGE_SIZE;
	known = machine.image + pages->metadata_bytes + tables + held;
	print_bytes(sh, "hypervisor", total);
	print_bytes(sh, "  image", machine.image);
	print_bytes(sh, "  page allocator's metadata", pages->metadata_bytes);
	print_bytes(sh, "  its own page tables", tables);
	print_bytes(sh, "  heap", held);
	print_bytes(sh, "  other pages, never freed ones", total > known ? total - known : 0);
}

static void print_counters(struct shell *sh, const struct buddy_stats *pages)
{
	struct heap_stats heap;

	heap_get_stats(&heap);
	shell_printf(sh, "heap: %llu objects, %llu bytes, at most %llu bytes so far\n",
		     (unsigned long long)heap.objects, (unsigned long long)heap.used_bytes,
		     (unsigned long long)heap.peak_bytes);
	shell_printf(sh, "failed: %llu page and %llu heap allocations, %llu wrong frees\n",
		     (unsigned long long)pages->failures, (unsigned long long)heap.failures,
		     (unsigned long long)(pages->bad_frees + heap.bad_frees));
}

static void print_vms(struct shell *sh)
{
	struct list *it;

	list_for_each (it, vm_list()) {
		const struct vm *vm = list_entry(it, struct vm, link);

		if (vm->built)
			shell_printf(sh, "vm %-20s %10llu KiB, overhead %llu KiB\n", vm->name,
				     (unsigned long long)vm->memory.size >> 10,
				     (unsigned long long)vm->overhead_bytes >> 10);
	}
}

static int mem_command(struct shell *sh, int argc, char **argv)
{
	struct buddy_stats pages;
	u64 ram, overhead;

	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	page_stats(&pages);
	sum_vms(&ram, &overhead);
	print_bytes(sh, "RAM", machine.ram);
	print_bytes(sh, "  free", pages.free_pages * PAGE_SIZE);
	print_bytes(sh, "  guests' RAM", ram);
	print_bytes(sh, "  overhead of guests", overhead);
	print_bytes(sh, "  files of guests", machine.files);
	print_hypervisor(sh, &pages, ram + overhead);
	print_bytes(sh, "besides, kept by the firmware", machine.firmware);
	print_vms(sh);
	print_counters(sh, &pages);
	return 0;
}

SHELL_COMMAND(
    mem, "", "show memory, and what each VM costs",
    "The hypervisor's part is everything that is neither free nor a guest's. A VM's overhead\n"
    "is what it takes besides its RAM: page tables, devices, virtual CPUs. Files are kept for\n"
    "the next start of their VM.",
    mem_command, NULL);
