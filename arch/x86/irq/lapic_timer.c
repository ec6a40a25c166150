/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/irq/lapic_ratio.h"
#include "arch/x86/irq/lapic_reg.h"

#define CALIBRATE_PER_SECOND 1000 /* measured for one millisecond */
#define DEADLINE_NEVER (~0ull)

/* One-shot ticks per TSC tick, 32.32; assumes the same rate until measured. */
static u64 lapic_per_tsc = 1ull << 32;

void lapic_timer_init_cpu(void)
{
	u32 mode = cpu_features()->tsc_deadline ? LVT_TIMER_TSC_DEADLINE : 0;

	lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_TIMER_DIVIDE_BY_1);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	lapic_write(LAPIC_LVT_TIMER, IRQ_VECTOR_TIMER | mode);
	/* Between the LVT's write to memory and the MSR's (SDM vol. 3, 11.5.4.1). */
	memory_barrier();
}

const char *lapic_timer_kind(void)
{
	return cpu_features()->tsc_deadline ? "tsc-deadline" : "one-shot";
}

void lapic_timer_calibrate(u64 tsc_khz)
{
	u64 ticks = tsc_khz * 1000 / CALIBRATE_PER_SECOND;
	u64 start;
	u32 left;

	if (cpu_features()->tsc_deadline)
		return;
	lapic_write(LAPIC_LVT_TIMER, IRQ_VECTOR_TIMER | LVT_MASKED);
	start = rdtsc();
	lapic_write(LAPIC_TIMER_INITIAL, ~0u);
	while (rdtsc() - start < ticks)
		cpu_relax();
	left = lapic_read(LAPIC_TIMER_CURRENT);
	lapic_per_tsc = lapic_timer_ratio(~0u - left, rdtsc() - start);
	lapic_timer_init_cpu();
}

void lapic_timer_set(u64 tsc_deadline)
{
	u64 now;

	if (cpu_features()->tsc_deadline) {
		wrmsr(MSR_IA32_TSC_DEADLINE,
		      tsc_deadline == DEADLINE_NEVER ? 0 : MAX(tsc_deadline, 1ull));
		return;
	}
	if (tsc_deadline == DEADLINE_NEVER) {
		lapic_write(LAPIC_TIMER_INITIAL, 0);
		return;
	}
	now = rdtsc();
	lapic_write(LAPIC_TIMER_INITIAL,
		    lapic_timer_count(tsc_deadline > now ? tsc_deadline - now : 0, lapic_per_tsc));
}
