/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `cpu` command. */
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/virt.h"
#include "kernel/lib/err.h"
#include "kernel/log/log.h"
#include "kernel/sched/sched.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"

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

SHELL_COMMAND(
    cpu, "", "show the processors and what they do",
    "GUESTS, WORK and IDLE are shares of the time since boot: in virtual CPUs, in work\n"
    "items, halted. SWITCHES: from one virtual CPU to another. KICKS: interrupts sent to\n"
    "other processors. STEALS: virtual CPUs taken over from busy processors. READY:\n"
    "virtual CPUs that wait.",
    cpu_command, NULL);
