/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other processors: SDM vol. 3, 9.4 (INIT-SIPI-SIPI). */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/percpu_init.h"
#include "arch/x86/cpu/tables.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/host.h"
#include "arch/x86/mm/radix.h"
#include "arch/x86/smp/smp.h"
#include "kernel/lib/err.h"

#define XAPIC_ID_MAX 254
#define STACK_SIZE KIB(16)
#define IST_STACK_SIZE KIB(8)
#define INIT_DELAY_US 10000
#define SIPI_DELAY_US 200
#define SIPI_TRIES 2
#define ONLINE_WAIT_US 100000

/* The variables in trampoline.S. */
struct trampoline {
	u64 root;
	struct cpu *cpu;
	void (*entry)(void);
	u32 far32[2];
	u32 far64[2];
	u16 gdt_limit;
	u32 gdt_base;
} __packed;
extern const char trampoline_start[], trampoline_end[], trampoline_vars[];

static void (*cpu_entry)(void);

/* First C code of a started CPU, on its own stack. */
static void cpu_start(void)
{
	struct cpu *cpu = this_cpu();

	tables_load();
	smp_use_exception_stacks();
	host_space_enter();
	lapic_init_cpu();
	xsave_init_cpu();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	while (cpu_count() <= cpu->id)
		cpu_relax();
	cpu_entry();
	panic("a processor's entry returned");
}

int smp_alloc_exception_stacks(struct cpu *cpu)
{
	for (u32 i = 0; i < ARRAY_SIZE(cpu->ist_top); i++) {
		cpu->ist_top[i] = host_stack_alloc(IST_STACK_SIZE);
		if (!cpu->ist_top[i])
			return ERR_NOMEM;
	}
	return 0;
}

void smp_use_exception_stacks(void)
{
	const struct cpu *cpu = this_cpu();

	for (u32 i = 0; i < ARRAY_SIZE(cpu->ist_top); i++)
		tables_set_ist(IST_NMI + i, cpu->ist_top[i]);
}

static struct trampoline *trampoline_install(hpa_t page)
{
	char *copy = hpa_to_virt(page);
	struct trampoline *vars = (void *)(copy + (trampoline_vars - trampoline_start));

	memcpy(copy, trampoline_start, trampoline_end - trampoline_start);
	vars->root = host_space_root();
	vars->entry = cpu_start;
	vars->far32[0] += page.v;
	vars->far64[0] += page.v;
	vars->gdt_base += page.v;
	return vars;
}

static bool cpu_wait_online(const struct cpu *cpu, u64 us)
{
	u64 start = rdtsc(), ticks = us * tsc_khz() / 1000;

	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (rdtsc() - start > ticks)
			return false;
		cpu_relax();
	}
	return true;
}

static bool cpu_wake(const struct cpu *cpu, hpa_t page)
{
	lapic_ipi_init(cpu->apic_id);
	tsc_delay_us(INIT_DELAY_US);
	for (int tries = 0; tries < SIPI_TRIES; tries++) {
		lapic_ipi_startup(cpu->apic_id, page.v >> PAGE_SHIFT);
		if (cpu_wait_online(cpu, tries ? ONLINE_WAIT_US : SIPI_DELAY_US))
			return true;
	}
	return false;
}

/* False: out of memory, or it does not answer. What it got stays allocated, as it
 * may still come to life and use it. */
static bool cpu_bring_up(u32 apic_id, hpa_t page, struct trampoline *vars)
{
	struct cpu *cpu = percpu_create(apic_id);

	if (!cpu || smp_alloc_exception_stacks(cpu)) {
		log_err("smp: no memory for the processor with APIC id %u", apic_id);
		return false;
	}
	cpu->stack_top = host_stack_alloc(STACK_SIZE);
	if (!cpu->stack_top) {
		log_err("smp: no memory for the processor with APIC id %u", apic_id);
		return false;
	}
	vars->cpu = cpu;
	if (!cpu_wake(cpu, page)) {
		log_err("smp: the processor with APIC id %u does not answer, left out", apic_id);
		lapic_ipi_init(apic_id);
		return false;
	}
	percpu_publish(cpu);
	return true;
}

static void cpus_bring_up(const struct smp_plan *plan)
{
	struct trampoline *vars = trampoline_install(plan->trampoline);

	for (u32 i = 0; i < plan->count; i++)
		if (!lapic_is_x2apic() && plan->apic_ids[i] > XAPIC_ID_MAX)
			log_err(
			    "smp: processor with APIC ID %u is left out: only x2APIC reaches it",
			    plan->apic_ids[i]);
		else if (plan->apic_ids[i] != this_cpu()->apic_id)
			cpu_bring_up(plan->apic_ids[i], plan->trampoline, vars);
}

u32 smp_start(const struct smp_plan *plan)
{
	cpu_entry = plan->entry;
	if (plan->count < 2)
		return cpu_count();
	if (!plan->trampoline.v) {
		log_err("smp: no memory below 1 MiB to start the other processors with");
		return cpu_count();
	}
	if (percpu_reserve(plan->count + 1) ||
	    host_map_identity(plan->trampoline, PAGE_SIZE, RADIX_RX)) {
		log_err("smp: no memory to start the other processors");
		return cpu_count();
	}
	cpus_bring_up(plan);
	host_unmap_identity(plan->trampoline, PAGE_SIZE);
	return cpu_count();
}
