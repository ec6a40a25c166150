/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `sched` command. */
#include "kernel/sched/sched.h"

#include <stdio.h>
#include <string.h>

#include "arch/x86/cpu/percpu.h"
#include "kernel/sched/longest.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"
#include "vmm/cmds/share.h"
#include "vmm/exit/longest.h"
#include "vmm/vcpu/vcpu.h"

#define VCPUS_PER_STEP 4

typedef unsigned long long ull;

/* The job that prints; there is one shell. */
static struct {
	u32 vm, vcpu;
} at;

static u64 to_us(u64 ticks)
{
	return time_ticks_to_ns(ticks) / 1000;
}

static void print_cpus(struct shell *sh)
{
	struct sched_cpu_stats s;

	shell_printf(sh, "%s, slices of %llu us\n", sched_policy_name(), (ull)sched_slice_us());
	shell_printf(sh, "%3s %5s %9s %12s %12s %10s %9s %8s  %s\n", "CPU", "READY", "RESERVED",
		     "GUESTS (us)", "IDLE (us)", "SWITCHES", "KICKS", "STEALS", "RUNNING");
	for (u32 id = 0; id < cpu_count(); id++) {
		sched_cpu_stats(id, &s);
		shell_printf(sh, "%3u %5u %8u%% %12llu %12llu %10llu %9llu %8llu  %s\n", id,
			     s.ready, sched_reserved_percent(id), (ull)to_us(s.run_ticks),
			     (ull)to_us(s.idle_ticks), (ull)s.switches, (ull)s.kicks, (ull)s.steals,
			     s.current ? s.current : "-");
	}
	shell_printf(sh, "%-20s %3s %-20s %9s %12s %12s %21s %6s %6s %6s %5s\n", "VCPU", "CPU",
		     "SHARE", "GOT", "RAN (us)", "WAITED (us)", "WAKE p50/p99/max (us)", "WAKES",
		     "KICKS", "YIELDS", "MOVES");
}

/* Thousandths of a percent of a processor since it was last shown. */
static ull got(struct vcpu *v)
{
	u64 now = time_tsc(), run = sched_run_ticks(&v->sched);
	u64 parts = (run - v->shown_run) * 100000 / MAX(now - v->shown_at, 1u);

	v->shown_run = run;
	v->shown_at = now;
	return parts;
}

static void print_vcpu(struct shell *sh, struct vcpu *v)
{
	const struct sched_stats *s = &v->sched.stats;
	char name[48], share[64], wake[48];
	ull parts = got(v);

	snprintf(name, sizeof(name), "%s/%u", v->vm->name, v->index);
	share_describe(v->vm, share, sizeof(share));
	snprintf(wake, sizeof(wake), "%llu/%llu/%llu", (ull)to_us(sched_latency(s, 500)),
		 (ull)to_us(sched_latency(s, 990)), (ull)to_us(s->latency_max));
	shell_printf(
	    sh, "%-20s %3u %-20s %4llu.%03llu%% %12llu %12llu %21s %6llu %6llu %6llu %5llu\n", name,
	    v->sched.cpu, share, parts / 1000, parts % 1000, (ull)to_us(sched_run_ticks(&v->sched)),
	    (ull)to_us(sched_wait_ticks(&v->sched)), wake, (ull)s->wakes, (ull)s->kicks,
	    (ull)s->yields, (ull)s->migrations);
}

static struct vm *vm_at(u32 index)
{
	struct list *it;

	list_for_each (it, vm_list())
		if (!index--)
			return list_entry(it, struct vm, link);
	return NULL;
}

static bool print_vcpus(struct shell *sh, void *ctx)
{
	(void)ctx;
	for (u32 printed = 0; printed < VCPUS_PER_STEP; printed++) {
		struct vm *vm = vm_at(at.vm);

		if (!vm)
			return false;
		if (at.vcpu < vm->cpus && vm_hold(vm)) {
			print_vcpu(sh, vm->vcpus[at.vcpu++]);
			vm_release(vm);
		} else {
			at.vm++;
			at.vcpu = 0;
		}
	}
	return true;
}

static void print_longest(void *ctx, const char *path, const char *what, u64 ticks, u64 count)
{
	shell_printf(ctx, "%-8s %-28s %10llu %10llu %12llu\n", path, what, (ull)ticks,
		     (ull)(time_ticks_to_ns(ticks) / 1000), (ull)count);
}

/* What cannot be interrupted, and how long it took at most. */
static int latency(struct shell *sh)
{
	shell_printf(sh, "%-8s %-28s %10s %10s %12s\n", "PATH", "WHAT", "TICKS", "US", "TIMES");
	exit_longest_for_each(print_longest, sh);
	longest_for_each(print_longest, sh);
	return 0;
}

static int sched_command(struct shell *sh, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "latency"))
		return latency(sh);
	if (argc != 1)
		return ERR_INVAL;
	print_cpus(sh);
	at.vm = at.vcpu = 0;
	shell_set_job(sh, print_vcpus, NULL);
	return 0;
}

static void sched_complete(struct shell_completion *c, int argc, char **argv)
{
	(void)argv;
	if (argc == 2)
		shell_complete_add(c, "latency");
}

SHELL_COMMAND(
    sched, "[latency]", "show how the processors are shared",
    "With no argument: each processor, then each virtual CPU of VMs that are built. SHARE\n"
    "is what it was given: w for the VM's weight, cap in percent of a processor, res for\n"
    "what is reserved. GOT: percent of a processor since `sched` showed it last, at first\n"
    "since the machine's start. RAN and WAITED: with a processor, and ready without one. WAKE: "
    "from\n"
    "a wake to running, half of them and 99 % within so long, to a power of two. KICKS:\n"
    "interrupts to bring it out of its guest. MOVES: from one processor to another.\n"
    "latency           the longest time that each path took which nothing interrupts",
    sched_command, sched_complete);
