/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/nic/irq.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/tsc.h"

#define TRIES 100
#define PAUSE_US 10

bool nic_irq_arrives(const u64 *count, void (*trigger)(void *arg), void *arg)
{
	u64 before = __atomic_load_n(count, __ATOMIC_RELAXED);

	trigger(arg);
	for (u32 i = 0; i < TRIES; i++) {
		irq_window();
		if (__atomic_load_n(count, __ATOMIC_RELAXED) != before)
			return true;
		tsc_delay_us(PAUSE_US);
	}
	return false;
}
