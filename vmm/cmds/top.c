/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `top` command: what each VM gets, refreshed in place. */
#include <stdio.h>

#include "arch/x86/cpu/percpu.h"
#include "kernel/console/console.h"
#include "kernel/sched/sched.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"
#include "vmm/cmds/share.h"
#include "vmm/vcpu/vcpu.h"

#define PERIOD_MS 1000
#define LINES_MAX 20 /* of VMs: a screen */
#define HOME "\x1b[H"
#define TO_END_OF_LINE "\x1b[K\n"
#define TO_END_OF_SCREEN "\x1b[J"

typedef unsigned long long ull;

/* As of the last refresh; there is one shell. */
static u64 last_tsc;

void share_describe(const struct vm *vm, char *buf, size_t size)
{
	const struct config_sched *s = &vm->share;
	int used = snprintf(buf, size, "w%u", s->weight);

	if (s->cap_percent)
		used += snprintf(buf + used, size - (size_t)used, " cap%u%%", s->cap_percent);
	if (s->reserve_us)
		(void)snprintf(buf + used, size - (size_t)used, " res%u/%u", s->reserve_us,
			       s->period_us);
}

static ull tenths(u64 ticks, u64 period)
{
	return ticks * 1000 / MAX(period, 1u);
}

/* The VM's ticks since the last refresh, running and waiting. */
static void measure(struct vm *vm, u64 *ran, u64 *waited)
{
	u64 run = 0, wait = 0;

	if (vm_hold(vm)) {
		for (u32 i = 0; i < vm->cpus; i++) {
			run += sched_run_ticks(&vm->vcpus[i]->sched);
			wait += sched_wait_ticks(&vm->vcpus[i]->sched);
		}
		vm_release(vm);
	}
	/* Less than before: it was started anew. */
	*ran = run - (run < vm->shown_run ? 0 : vm->shown_run);
	*waited = wait - (wait < vm->shown_wait ? 0 : vm->shown_wait);
	vm->shown_run = run;
	vm->shown_wait = wait;
}

static void print_vm(struct shell *sh, struct vm *vm, u64 period)
{
	u64 ran, waited;
	char share[64];

	measure(vm, &ran, &waited);
	share_describe(vm, share, sizeof(share));
	shell_printf(sh, "%-20s %-9s %5u %5llu.%llu%% %5llu.%llu%%  %s" TO_END_OF_LINE, vm->name,
		     vm_state_name(vm->state), vm->cpus, tenths(ran, period) / 10,
		     tenths(ran, period) % 10, tenths(waited, period) / 10,
		     tenths(waited, period) % 10, share);
}

static bool refresh(struct shell *sh, void *ctx)
{
	u64 now = time_tsc(), period = now - last_tsc, idle = 0;
	static u64 last_idle;
	struct sched_cpu_stats s;
	struct list *it;
	u32 lines = 0;

	(void)ctx;
	last_tsc = now;
	for (u32 id = 0; id < cpu_count(); id++) {
		sched_cpu_stats(id, &s);
		idle += s.idle_ticks;
	}
	shell_printf(sh,
		     HOME "%u processors, %llu.%llu%% idle; any key ends" TO_END_OF_LINE
			  "%-20s %-9s %5s %8s %8s  %s" TO_END_OF_LINE,
		     cpu_count(), tenths(idle - last_idle, period * cpu_count()) / 10,
		     tenths(idle - last_idle, period * cpu_count()) % 10, "NAME", "STATE", "VCPUS",
		     "RUNS", "WAITS", "SHARE");
	last_idle = idle;
	list_for_each (it, vm_list()) {
		if (++lines > LINES_MAX)
			break;
		print_vm(sh, list_entry(it, struct vm, link), period);
	}
	shell_printf(sh, "%s" TO_END_OF_SCREEN, lines > LINES_MAX ? "...\n" : "");
	return true;
}

static int top_command(struct shell *sh, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	console_clear_screen();
	shell_set_live(sh, refresh, NULL, PERIOD_MS);
	return 0;
}

SHELL_COMMAND(top, "", "show what each VM gets, refreshed every second; any key ends",
	      "RUNS: percent of one processor's time that its virtual CPUs ran, together. WAITS:\n"
	      "that they were ready without getting a processor, their cap included. SHARE: as in\n"
	      "`sched`. The first picture counts from the VM's start.",
	      top_command, NULL);
