/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/irq/lapic.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic_reg.h"
#include "arch/x86/mm/mmio.h"
#include "kernel/lib/klog.h"

#define LAPIC_SIZE 0x400
#define ICR_SPINS 1000000

static bool x2apic, avoid_x2apic;
static char *registers; /* xAPIC mode */

u32 lapic_read(unsigned reg)
{
	return x2apic ? rdmsr(MSR_X2APIC_BASE + reg / 16) : mmio_read32(registers + reg);
}

void lapic_write(unsigned reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_BASE + reg / 16, value);
	else
		mmio_write32(registers + reg, value);
}

void lapic_avoid_x2apic(void)
{
	avoid_x2apic = !(rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_X2APIC);
	if (avoid_x2apic)
		log_info("irq: no x2APIC, as the firmware wants it");
}

/* x2APIC can only be entered from xAPIC mode, and need not be left. */
static void lapic_choose_mode(void)
{
	u64 base = rdmsr(MSR_IA32_APIC_BASE) | APIC_BASE_ENABLE;

	if (cpu_features()->x2apic && !avoid_x2apic) {
		wrmsr(MSR_IA32_APIC_BASE, base);
		wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_X2APIC);
		x2apic = true;
		return;
	}
	wrmsr(MSR_IA32_APIC_BASE, base);
	if (!registers)
		registers = mmio_map(HPA(base & 0xffffff000), LAPIC_SIZE, MEM_UC);
}

static void lapic_error(void *arg)
{
	static struct klog_limit limit;

	(void)arg;
	lapic_write(LAPIC_ESR, 0);
	klog_limited(&limit, KLOG_WARN, "cpu %u: local APIC error %x", cpu_id(),
		     lapic_read(LAPIC_ESR));
}

/* LINT0 is for the 8259s, which are masked; LINT1 is NMI on all PCs. */
static void lapic_init_lvts(void)
{
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LVT_MODE_NMI);
	lapic_write(LAPIC_LVT_ERROR, IRQ_VECTOR_ERROR);
	lapic_timer_init_cpu();
}

void lapic_init_cpu(void)
{
	lapic_choose_mode();
	if (!x2apic && !registers) {
		log_err("no memory to map the local APIC: no interrupts");
		return;
	}
	lapic_write(LAPIC_SVR, LAPIC_SVR_ENABLE | IRQ_VECTOR_SPURIOUS);
	lapic_write(LAPIC_TPR, 0);
	lapic_init_lvts();
	this_cpu()->apic_id = lapic_id();
	if (cpu_id() == 0)
		irq_vector_set(IRQ_VECTOR_ERROR, lapic_error, NULL);
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

u32 lapic_id(void)
{
	u32 id = lapic_read(LAPIC_ID);

	return x2apic ? id : id >> 24;
}

void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

/* A write to the x2APIC orders nothing: what the target is to see must be out
 * before (SDM vol. 3, 11.12.3). */
static void lapic_command(u32 apic_id, u32 command)
{
	if (x2apic) {
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC_BASE + LAPIC_ICR / 16, (u64)apic_id << 32 | command);
		return;
	}
	if (!registers)
		return;
	for (int spins = 0; (lapic_read(LAPIC_ICR) & ICR_BUSY) && spins < ICR_SPINS; spins++)
		cpu_relax();
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR, command);
}

void lapic_ipi(u32 apic_id, u8 vector)
{
	lapic_command(apic_id, vector | ICR_ASSERT);
}

void lapic_ipi_nmi(u32 apic_id)
{
	lapic_command(apic_id, ICR_MODE_NMI | ICR_ASSERT);
}

void lapic_ipi_init(u32 apic_id)
{
	lapic_command(apic_id, ICR_MODE_INIT | ICR_ASSERT);
}

void lapic_ipi_startup(u32 apic_id, u8 page)
{
	lapic_command(apic_id, ICR_MODE_STARTUP | ICR_ASSERT | page);
}
