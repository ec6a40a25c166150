/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "kernel/log/log.h"
#include "kernel/time/time.h"

/* The names are copied: those of the loader are in memory that is freed. */
static struct log_phase {
	char name[24];
	u64 tsc;
} log_phases[LOG_PHASES];
static u32 log_phase_count;

void log_phase_at(const char *name, u64 tsc)
{
	u32 index = __atomic_fetch_add(&log_phase_count, 1, __ATOMIC_RELAXED);

	if (index >= LOG_PHASES)
		return;
	strncpy(log_phases[index].name, name, sizeof(log_phases[index].name) - 1);
	log_phases[index].tsc = tsc;
}

void log_phase(const char *name)
{
	log_phase_at(name, time_tsc());
}

void log_phase_for_each(void (*fn)(void *ctx, const char *name, u64 tsc, u64 ticks), void *ctx)
{
	u32 count = MIN(__atomic_load_n(&log_phase_count, __ATOMIC_RELAXED), LOG_PHASES);

	for (u32 i = 0; i < count; i++) {
		const struct log_phase *phase = &log_phases[i];
		u64 before = i ? log_phases[i - 1].tsc : phase->tsc;

		fn(ctx, phase->name, phase->tsc, phase->tsc - before);
	}
}
