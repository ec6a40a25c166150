/* SPDX-License-Identifier: BSD-2-Clause */
/* The composition root: what happens at boot, in this order. */
#include "arch/x86/console/early.h"
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/percpu_init.h"
#include "arch/x86/cpu/tables.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/smp/smp.h"
#include "boot/core/boot.h"
#include "kernel/console/console.h"
#include "kernel/lib/assert.h"
#include "kernel/log/log.h"
#include "kernel/sched/sched.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"
#include "version.h"

#define EARLY_PORT 0x3f8

extern const struct shell_command *const shell_cmds_start[], *const shell_cmds_end[];

__noreturn void boot_main(u64 handoff_phys);

static const struct sched_ops sched_ops = {
    .kick = smp_kick,
    .idle = smp_idle,
    .irq_window = irq_window,
};

static __noreturn void assert_to_panic(const char *file, int line, const char *text)
{
	panic("%s:%d: %s", file, line, text);
}

static void log_loader_phases(void)
{
	for (u32 i = 0; i < boot.handoff.stamps.count; i++) {
		const struct handoff_stamp *s = boot_table_entry(&boot.handoff.stamps, i);

		if (i == 0)
			time_set_epoch(s->tsc);
		log_phase_at(s->name, s->tsc);
	}
}

static void log_processor(void)
{
	const struct cpu_features *f = cpu_features();
	char text[120];

	log_info("cpu: %s, family %x model %x stepping %x", f->brand[0] ? f->brand : f->vendor,
		 f->family, f->model, f->stepping);
	cpu_mitigations_describe(text, sizeof(text));
	log_info("cpu: %s", text);
	cpu_weaknesses_describe(text, sizeof(text));
	if (text[0])
		log_warn("cpu: no means against%s: update the microcode, or trust all guests",
			 text);
}

void boot_main(u64 handoff_phys)
{
	percpu_init_boot();
	tables_load();
	early_console_probe(EARLY_PORT);
	assert_set_handler(assert_to_panic);
	boot_take_handoff(handoff_phys);

	boot_console_init();
	log_loader_phases();
	log_info("Hanok %s", HANOK_VERSION);
	boot_log_messages();
	cpu_features_init();
	log_processor();
	log_phase("console");

	boot_memory_init();
	boot_memory_map();
	boot_console_remap();
	xsave_init_cpu();
	log_phase("memory");

	boot_acpi_init();
	boot_console_find();
	log_phase("acpi");

	boot_time_init();
	boot_irq_init();
	log_phase("time and interrupts");

	boot_pci_init();
	log_phase("devices");

	sched_setup(&sched_ops);
	boot_virt_init();
	boot_smp_start();
	log_phase("processors");

	boot_memory_reclaim();
	boot_console_start();
	shell_init(shell_cmds_start, shell_cmds_end);
	boot_guests_start();
	log_phase("virtual machines");

	shell_start();
	log_phase("shell");
	sched_loop();
}
