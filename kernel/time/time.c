/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/time/time.h"

#include "arch/x86/cpu/cpu.h"
#include "kernel/lib/klog.h"
#include "kernel/time/calibrate.h"

#define NS_PER_S 1000000000ull
#define TIME_FALLBACK_HZ NS_PER_S

static u64 time_epoch;
static u64 time_hz;
static const char *time_how = "unknown";
static struct time_scale time_to_ns, time_to_ticks;

/* a and b agree to 1 %. */
static bool time_rates_agree(u64 a, u64 b)
{
	return (a > b ? a - b : b - a) <= b / 100;
}

static void time_set_rate(u64 hz, const char *how)
{
	time_hz = hz;
	time_how = how;
	time_to_ns = time_scale_make(hz, NS_PER_S);
	time_to_ticks = time_scale_make(NS_PER_S, hz);
}

/* The rate that the processor or a hypervisor states, 0 if neither does. */
static u64 time_stated(const char **how)
{
	u64 hz = calibrate_hypervisor();

	*how = "hypervisor's CPUID leaf 0x40000010";
	if (!hz) {
		hz = calibrate_cpuid();
		*how = "CPUID leaf 15h";
	}
	return hz;
}

static u64 time_measured(const struct time_sources *sources, const char **how)
{
	u64 hz = calibrate_pm_timer(sources->pm_timer_port);

	*how = "measured against the ACPI PM timer";
	if (!hz && !sources->no_pit) {
		hz = calibrate_pit();
		*how = "measured against the PIT";
	}
	return hz;
}

/* What is stated is exact but may be a lie (emulators copy CPUID leaves from real
 * processors); what is measured is true to 0.1 %. */
static void time_choose(const struct time_sources *sources)
{
	const char *how_stated, *how_measured;
	u64 stated = time_stated(&how_stated);
	u64 measured = time_measured(sources, &how_measured);

	if (stated && measured && !time_rates_agree(stated, measured)) {
		log_warn("time: %s says %llu kHz, but %llu kHz were %s: using these", how_stated,
			 (unsigned long long)stated / 1000, (unsigned long long)measured / 1000,
			 how_measured);
		stated = 0;
	}
	if (stated) {
		time_set_rate(stated, how_stated);
	} else if (measured) {
		time_set_rate(measured, how_measured);
	} else {
		time_set_rate(TIME_FALLBACK_HZ, "assumed");
		log_err("time: no clock tells the TSC's rate (no PIT, no PM timer): 1 GHz assumed, "
			"times will be wrong");
	}
}

void time_init(const struct time_sources *sources)
{
	time_choose(sources);
	log_info("time: TSC at %llu.%03llu MHz, %s", (unsigned long long)time_hz / 1000000,
		 (unsigned long long)time_hz / 1000 % 1000, time_how);
}

void time_set_epoch(u64 tsc)
{
	time_epoch = tsc;
}

u64 time_tsc_hz(void)
{
	return time_hz;
}

u64 time_tsc_khz(void)
{
	return time_hz / 1000;
}

const char *time_method(void)
{
	return time_how;
}

u64 time_ticks_to_ns(u64 ticks)
{
	return time_scale(&time_to_ns, ticks);
}

u64 time_tsc_to_ns(u64 tsc)
{
	return tsc > time_epoch ? time_ticks_to_ns(tsc - time_epoch) : 0;
}

u64 time_now_ns(void)
{
	return time_tsc_to_ns(time_tsc());
}

u64 time_ns_to_ticks(u64 ns)
{
	u64 ticks = time_scale(&time_to_ticks, ns);

	return ns && ticks != ~0ull ? ticks + 1 : ticks;
}

void time_delay_us(u64 us)
{
	u64 start = time_tsc();
	/* Before the rate is known, assume a fast processor: too long is harmless. */
	u64 ticks = time_hz ? time_us_to_ticks(us) : us * 4000;

	while (time_tsc() - start < ticks)
		cpu_relax();
}
