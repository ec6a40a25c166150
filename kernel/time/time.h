/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the TSC, counted from the machine's start, and its rate.
 *
 * Everything in the core that waits or measures counts TSC ticks; nanoseconds
 * are for people and for guests. The TSC is assumed invariant and synchronous
 * over processors (all machines with VT-x and EPT of the last decade).
 */
#ifndef KERNEL_TIME_TIME_H
#define KERNEL_TIME_TIME_H

#include "arch/x86/cpu/cpu.h"
#include "kernel/lib/types.h"
#include "kernel/time/scale.h"

/* The TSC now. Host tests may replace the clock. */
#ifdef HANOK_HOST
u64 time_tsc(void);
__attribute__((weak)) u64 time_tsc(void)
{
	return rdtsc();
}
#else
static inline u64 time_tsc(void)
{
	return rdtsc();
}
#endif

/* Facts that boot/core knows about the clocks of this machine. */
struct time_sources {
	u16 pm_timer_port; /* ACPI PM timer's I/O port (ACPI 4.8.3.3), 0: none */
	bool no_pit;       /* there is no i8254 at ports 0x40 to 0x43 */
};

/*
 * Find the TSC's rate: CPUID leaf 15h (with 16h), then the leaf 0x40000010 of a
 * hypervisor below us, then measuring against the PIT or the ACPI PM timer.
 * Logs the rate and how it was found. Takes at most 60 ms; on the boot
 * processor, once, before the first timer. Never fails: with no clock at all,
 * 1 GHz is assumed, with an error in the log.
 */
void time_init(const struct time_sources *sources);

/* The TSC value that counts as time 0 (the loader's first stamp). Before time_init(). */
void time_set_epoch(u64 tsc);

/* Nanoseconds since the epoch; 0 before time_init(). Any context. */
u64 time_now_ns(void);

/* The TSC's rate, in Hz and in kHz; 0 before time_init(). */
u64 time_tsc_hz(void);
u64 time_tsc_khz(void);

/* How the rate was found, a short English phrase; "unknown" before time_init(). */
const char *time_method(void);

/* Nanoseconds since the epoch of an absolute TSC value. */
u64 time_tsc_to_ns(u64 tsc);

/* A number of ticks in nanoseconds, rounded down. */
u64 time_ticks_to_ns(u64 ticks);

/* A number of nanoseconds in ticks, rounded up: a deadline that is computed with
 * it is never early. Saturates at ~0. */
u64 time_ns_to_ticks(u64 ns);
static inline u64 time_us_to_ticks(u64 us)
{
	return time_ns_to_ticks(us * 1000);
}
static inline u64 time_ms_to_ticks(u64 ms)
{
	return time_ns_to_ticks(ms * 1000000);
}

/* Busy-wait at least us microseconds. Only for hardware that has to be waited
 * for at boot, since nothing else runs on this processor meanwhile. */
void time_delay_us(u64 us);

#endif
