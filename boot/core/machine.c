/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks, interrupt controllers and processors. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/irq/ioapic.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/smp/smp.h"
#include "arch/x86/virt.h"
#include "boot/core/boot.h"
#include "drivers/acpi/dmar.h"
#include "kernel/sched/sched.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

/* Where PCs have their only I/O APIC when no table says otherwise. */
#define IOAPIC_USUAL 0xfec00000

void boot_time_init(void)
{
	const struct acpi_gas *pm = &boot.fadt.pm_timer;
	struct time_sources sources = {0};

	if (boot.has_fadt && pm->space == ACPI_SPACE_IO)
		sources.pm_timer_port = pm->address;
	time_init(&sources);
	tsc_set_khz(time_tsc_khz());
}

static void ioapics_by_madt(void)
{
	for (u32 i = 0; i < boot.madt.ioapic_count; i++)
		if (ioapic_add(boot.madt.ioapics[i].id, boot.madt.ioapics[i].phys,
			       boot.madt.ioapics[i].gsi_base))
			log_err("irq: I/O APIC %u is left out", boot.madt.ioapics[i].id);
	for (u32 i = 0; i < boot.madt.override_count; i++) {
		const struct madt_override *o = &boot.madt.overrides[i];

		ioapic_add_override(o->irq, o->gsi, o->trigger == MADT_TRIGGER_LEVEL,
				    o->polarity == MADT_POLARITY_LOW);
	}
}

/* What VT-d's table says against x2APIC is about firmware that cannot live with it. */
static void x2apic_choose(void)
{
	struct dmar dmar;

	if (dmar_read(&boot.acpi, &dmar))
		return;
	if (dmar.x2apic_opt_out)
		lapic_avoid_x2apic();
	dmar_free(&dmar);
}

void boot_irq_init(void)
{
	static const struct timer_ops timer_ops = {.program = lapic_timer_set};

	irq_mask_8259();
	x2apic_choose();
	irq_vector_set(IRQ_VECTOR_TIMER, timer_irq, NULL);
	lapic_init_cpu();
	lapic_timer_calibrate(time_tsc_khz());
	timer_set_ops(&timer_ops);
	if (boot.has_madt)
		ioapics_by_madt();
	else if (ioapic_add(0, HPA(IOAPIC_USUAL), 0))
		log_err("irq: no I/O APIC, devices are polled");
	log_info("irq: %s, timer %s, %u interrupt lines", lapic_is_x2apic() ? "x2APIC" : "xAPIC",
		 lapic_timer_kind(), ioapic_gsi_count());
}

/* Every processor but the first one, on its own stack. */
static __noreturn void cpu_main(void)
{
	if (virt && virt->cpu_on()) {
		log_err("cpu %u: virtualization cannot be turned on: update the firmware",
			cpu_id());
		boot_virt_missing();
	}
	sched_loop();
}

static u32 ids_by_madt(u32 *ids, u32 capacity)
{
	u32 count = 0;

	for (u32 i = 0; i < boot.madt.cpu_count; i++)
		if (boot.madt.cpus[i].enabled)
			count = smp_list_add(ids, count, capacity, boot.madt.cpus[i].apic_id);
	return count;
}

static u32 ids_by_firmware(u32 *ids, u32 capacity)
{
	u32 count = 0;

	for (u32 i = 0; i < boot.handoff.cpus.count; i++) {
		const struct handoff_cpu *c = boot_table_entry(&boot.handoff.cpus, i);

		if (c->flags & HANDOFF_CPU_ENABLED)
			count = smp_list_add(ids, count, capacity, c->apic_id);
	}
	return count;
}

void boot_smp_start(void)
{
	u32 capacity = MAX(boot.madt.cpu_count, boot.handoff.cpus.count);
	unsigned order = pages_order(capacity * sizeof(u32));
	u32 *ids = pages_alloc(order);
	struct smp_plan plan = {
	    .apic_ids = ids,
	    .trampoline = HPA(boot.handoff.trampoline_phys),
	    .entry = cpu_main,
	};

	smp_init();
	if (ids)
		plan.count = boot.has_madt && boot.madt.cpu_count ? ids_by_madt(ids, capacity)
								  : ids_by_firmware(ids, capacity);
	smp_start(&plan);
	log_info("smp: %u of %u processors are up", cpu_count(), MAX(plan.count, 1u));
	pages_free(ids, order);
}
