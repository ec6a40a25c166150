/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `cpu` and `mem` commands. */
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/virt.h"
#include "kernel/lib/err.h"
#include "kernel/log/log.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/sched/sched.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"
#include "vmm/vm/vm.h"

static void print_cpu(struct shell *sh, u32 id, u64 uptime)
{
	struct sched_cpu_stats s;

	sched_cpu_stats(id, &s);
	shell_printf(sh, "%3u %7u %5llu%% %5llu%% %5llu%% %10llu %9llu %7llu %5u  %s\n", id,
		     cpu_by_id(id)->apic_id, (unsigned long long)(s.run_ticks * 100 / uptime),
		     (unsigned long long)(s.work_ticks * 100 / uptime),
		     (unsigned long long)(s.idle_ticks * 100 / uptime),
		     (unsigned long long)s.switches, (unsigned long long)s.kicks,
		     (unsigned long long)s.steals, s.ready, s.current ? s.current : "-");
}

static int cpu_command(struct shell *sh, int argc, char **argv)
{
	const struct cpu_features *f = cpu_features();
	u64 uptime = time_ns_to_ticks(time_now_ns());
	char text[120];

	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	shell_printf(sh, "%s, family %x model %x stepping %x\n", f->brand[0] ? f->brand : f->vendor,
		     f->family, f->model, f->stepping);
	shell_printf(sh, "TSC at %llu kHz (%s), timer %s, %s\n", (unsigned long long)time_tsc_khz(),
		     time_method(), lapic_timer_kind(), lapic_is_x2apic() ? "x2APIC" : "xAPIC");
	cpu_mitigations_describe(text, sizeof(text));
	shell_printf(sh, "%s\nvirtualization: %s\n", text, virt ? virt->name : "none");
	shell_printf(sh, "%3s %7s %6s %6s %6s %10s %9s %7s %5s  %s\n", "CPU", "APIC ID", "GUESTS",
		     "WORK", "IDLE", "SWITCHES", "KICKS", "STEALS", "READY", "RUNNING");
	for (u32 id = 0; id < cpu_count(); id++)
		print_cpu(sh, id, uptime + 1);
	return 0;
}

static u64 kib_of_pages(u64 pages)
{
	return pages * (PAGE_SIZE / 1024);
}

static void print_kib(struct shell *sh, const char *what, u64 kib)
{
	shell_printf(sh, "%-34s %10llu KiB\n", what, (unsigned long long)kib);
}

static int mem_command(struct shell *sh, int argc, char **argv)
{
	struct buddy_stats pages;
	struct heap_stats heap;
	struct list *it;

	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	page_stats(&pages);
	heap_get_stats(&heap);
	print_kib(sh, "RAM of the allocator", kib_of_pages(pages.total_pages));
	print_kib(sh, "  free", kib_of_pages(pages.free_pages));
	print_kib(sh, "  ranges (guests' RAM)", kib_of_pages(pages.range_pages));
	print_kib(sh, "  everything else",
		  kib_of_pages(pages.total_pages - pages.free_pages - pages.range_pages));
	print_kib(sh, "    heap, pages held", kib_of_pages(heap.slab_pages + heap.large_pages));
	print_kib(sh, "page allocator's metadata", pages.metadata_bytes / 1024);
	shell_printf(sh, "heap: %llu objects, %llu bytes, at most %llu bytes so far\n",
		     (unsigned long long)heap.objects, (unsigned long long)heap.used_bytes,
		     (unsigned long long)heap.peak_bytes);
	shell_printf(sh, "failed: %llu page and %llu heap allocations, %llu wrong frees\n",
		     (unsigned long long)pages.failures, (unsigned long long)heap.failures,
		     (unsigned long long)(pages.bad_frees + heap.bad_frees));
	list_for_each (it, vm_list()) {
		struct vm *vm = list_entry(it, struct vm, link);

		if (vm->built)
			shell_printf(sh, "vm %-20s %10llu KiB, overhead %llu KiB\n", vm->name,
				     (unsigned long long)vm->memory.size / 1024,
				     (unsigned long long)vm->overhead_bytes / 1024);
	}
	return 0;
}

SHELL_COMMAND(
    cpu, "", "show the processors and what they do",
    "GUESTS, WORK and IDLE are shares of the time since boot: in virtual CPUs, in work\n"
    "items, halted. SWITCHES: from one virtual CPU to another. KICKS: interrupts sent to\n"
    "other processors. STEALS: virtual CPUs taken over from busy processors. READY:\n"
    "virtual CPUs that wait.",
    cpu_command, NULL);
SHELL_COMMAND(mem, "", "show memory, and what each VM costs",
	      "A VM's overhead is what it takes besides its RAM: page tables, devices, virtual\n"
	      "CPUs.",
	      mem_command, NULL);
