/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `vm` command. */
#include <string.h>

#include "kernel/console/console.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"
#include "vmm/cmds/vm_set.h"
#include "vmm/exit/exit.h"
#include "vmm/vcpu/vcpu.h"

struct vm_verb {
	const char *name;
	int (*fn)(struct shell *sh, struct vm *vm);
};

static int not_now(struct shell *sh, const struct vm *vm, const char *verb)
{
	shell_printf(sh, "vm %s: cannot %s while it is %s\n", vm->name, verb,
		     vm_state_name(vm->state));
	return ERR_BUSY;
}

static int do_start(struct shell *sh, struct vm *vm)
{
	return vm_start(vm) ? not_now(sh, vm, "start") : 0;
}

static int do_stop(struct shell *sh, struct vm *vm)
{
	return vm_request(vm, VM_ACTION_STOP) ? not_now(sh, vm, "stop") : 0;
}

static int do_shutdown(struct shell *sh, struct vm *vm)
{
	bool held = vm_hold(vm), runs = held && vm->state == VM_RUNNING;

	if (runs)
		platform_power_button(&vm->platform);
	if (held)
		vm_release(vm);
	if (!runs)
		return not_now(sh, vm, "shut down");
	shell_printf(sh, "vm %s: power button pressed; a guest that ignores it: vm stop %s\n",
		     vm->name, vm->name);
	return 0;
}

static int do_pause(struct shell *sh, struct vm *vm)
{
	return vm_request(vm, VM_ACTION_PAUSE) ? not_now(sh, vm, "pause") : 0;
}

static int do_resume(struct shell *sh, struct vm *vm)
{
	return vm_resume(vm) ? not_now(sh, vm, "resume") : 0;
}

static int do_reset(struct shell *sh, struct vm *vm)
{
	return vm_request(vm, VM_ACTION_RESET) ? not_now(sh, vm, "reset") : 0;
}

static int do_console(struct shell *sh, struct vm *vm)
{
	int err;

	shell_printf(sh, "attached to %s; Ctrl-] detaches\n", vm->name);
	err = console_attach(&vm->console);
	if (err)
		shell_printf(sh, "vm %s: the console is in use\n", vm->name);
	return err;
}

static void info_line(void *ctx, const char *text)
{
	shell_printf(ctx, "%s\n", text);
}

/* The exits of all vCPUs by kind. */
static void info_exits(struct shell *sh, const struct vm *vm)
{
	for (unsigned kind = 0; kind < VIRT_EXIT_KINDS; kind++) {
		u64 count = 0;

		for (u32 i = 0; i < vm->cpus; i++)
			count += vm->vcpus[i]->exits[kind];
		if (count)
			shell_printf(sh, "  exits %-14s %llu\n", exit_names[kind],
				     (unsigned long long)count);
	}
}

static void info_memory(struct shell *sh, const struct vm *vm)
{
	const struct radix_stats *s = &vm->memory.nested.stats;

	shell_printf(
	    sh, "  memory %llu MiB at host %#llx, leaves: %llu x 1G, %llu x 2M, %llu x 4K\n",
	    (unsigned long long)(vm->memory.size >> 20), (unsigned long long)vm->memory.ram.v,
	    (unsigned long long)s->leaves[RADIX_1G], (unsigned long long)s->leaves[RADIX_2M],
	    (unsigned long long)s->leaves[RADIX_4K]);
	shell_printf(sh, "  overhead %llu KiB\n", (unsigned long long)(vm->overhead_bytes >> 10));
}

/* What of the paravirtual interface the vCPU uses, and what came of it. */
static void info_pv(struct shell *sh, const struct vcpu *v)
{
	const struct vcpu_pv *pv = &v->pv;

	shell_printf(sh, "  paravirtual:%s%s%s; stolen %llu ms, EOIs without exit %llu\n",
		     v->msrs.kvm_clock & 1 ? " clock" : "", pv->steal_msr & 1 ? " steal-time" : "",
		     pv->eoi_msr & 1 ? " eoi" : "", (unsigned long long)(pv_stolen_ns(v) / 1000000),
		     (unsigned long long)vlapic_pv_eois(v->lapic));
	shell_printf(sh,
		     "  kicks sent %llu, halts ended by one %llu, yields %llu, spins %llu, "
		     "boosts %llu, TLB flushes put off %llu\n",
		     (unsigned long long)pv->kicks, (unsigned long long)pv->kicked,
		     (unsigned long long)pv->yields, (unsigned long long)pv->spins,
		     (unsigned long long)pv->boosts, (unsigned long long)pv->flushes);
}

static void info_vcpu(struct shell *sh, struct vcpu *v)
{
	u64 run_ns = time_ticks_to_ns(sched_run_ticks(&v->sched));
	unsigned longest = 0;

	for (unsigned kind = 0; kind < VIRT_EXIT_KINDS; kind++)
		if (v->longest[kind] > v->longest[longest])
			longest = kind;

	shell_printf(sh, "vcpu %u: %s, cpu %u, ran %llu.%03llu s, longest exit %s %llu ticks\n",
		     v->index, vcpu_activity_name(v), v->sched.cpu,
		     (unsigned long long)(run_ns / 1000000000),
		     (unsigned long long)(run_ns / 1000000 % 1000), exit_names[longest],
		     (unsigned long long)v->longest[longest]);
	info_pv(sh, v);
	/* While the VM runs, one that has parked already may be on its way somewhere else. */
	if (v->activity == VCPU_PARKED && v->vm->state != VM_RUNNING)
		vcpu_describe(v, info_line, sh);
}

static int do_info(struct shell *sh, struct vm *vm)
{
	shell_printf(sh, "vm %s: %s, %u vcpus, %u MiB, started %u %s\n", vm->name,
		     vm_state_name(vm->state), vm->cpus, vm->config->memory_mib, vm->starts,
		     vm->starts == 1 ? "time" : "times");
	shell_printf(sh, "  kernel %s, initrd %s\n", vm->config->kernel,
		     vm->config->initrd ? vm->config->initrd : "none");
	shell_printf(sh, "  bootargs %s\n", vm->config->bootargs);
	if (vm->crash[0])
		shell_printf(sh, "  crashed: vcpu %u: %s\n", vm->crash_vcpu, vm->crash);
	if (!vm_hold(vm))
		return 0;
	info_memory(sh, vm);
	info_exits(sh, vm);
	for (u32 i = 0; i < vm->cpus; i++)
		info_vcpu(sh, vm->vcpus[i]);
	vm_release(vm);
	return 0;
}

static const struct vm_verb verbs[] = {
    {"start", do_start},   {"stop", do_stop},   {"shutdown", do_shutdown}, {"pause", do_pause},
    {"resume", do_resume}, {"reset", do_reset}, {"console", do_console},   {"info", do_info},
};

static int list_vms(struct shell *sh)
{
	struct list *it;

	shell_printf(sh, "%-20s %-10s %5s %9s  %s\n", "NAME", "STATE", "VCPUS", "MEMORY", "KERNEL");
	list_for_each (it, vm_list()) {
		struct vm *vm = list_entry(it, struct vm, link);

		shell_printf(sh, "%-20s %-10s %5u %5u MiB  %s\n", vm->name,
			     vm_state_name(vm->state), vm->cpus, vm->config->memory_mib,
			     vm->config->kernel);
	}
	if (list_empty(vm_list()))
		shell_printf(sh, "no VM is configured; `log` says why, if there should be one\n");
	return 0;
}

static int vm_command(struct shell *sh, int argc, char **argv)
{
	struct vm *vm;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list_vms(sh);
	if (argc < 3)
		return ERR_INVAL;
	vm = vm_find(argv[2]);
	if (vm && !strcmp(argv[1], "set"))
		return vm_set_command(sh, vm, argc - 3, argv + 3);
	if (argc != 3)
		return ERR_INVAL;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		if (vm)
			return verbs[i].fn(sh, vm);
		shell_printf(sh, "there is no VM %s; `vm list` shows all\n", argv[2]);
		return ERR_NOENT;
	}
	return ERR_INVAL;
}

static void vm_complete(struct shell_completion *c, int argc, char **argv)
{
	struct list *it;

	if (argc == 2) {
		shell_complete_add(c, "list");
		shell_complete_add(c, "set");
		for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
			shell_complete_add(c, verbs[i].name);
	} else if (argc == 3) {
		list_for_each (it, vm_list())
			shell_complete_add(c, list_entry(it, struct vm, link)->name);
	} else if (argc == 4 && !strcmp(argv[1], "set")) {
		vm_set_complete(c);
	}
}

SHELL_COMMAND(vm,
	      "list | start|stop|shutdown|pause|resume|reset|console|info NAME | "
	      "set NAME weight|cap|pin|reserve VALUE",
	      "manage virtual machines",
	      "list              all VMs with their state\n"
	      "start NAME        build it and run it\n"
	      "stop NAME         end it at once, as by pulling its plug\n"
	      "shutdown NAME     press its ACPI power button\n"
	      "pause NAME        stand still; resume NAME goes on\n"
	      "reset NAME        as by its reset button\n"
	      "console NAME      attach the keyboard to its serial port; Ctrl-] detaches\n"
	      "info NAME         configuration, memory, exits; registers when it stands still\n"
	      "set NAME ...      its share of the processors from now on: weight 200; cap 50\n"
	      "                  (percent of a processor) or off; pin 0,2-3 or all; reserve\n"
	      "                  2000/10000 (microseconds of a period, per vCPU) or off",
	      vm_command, vm_complete);
