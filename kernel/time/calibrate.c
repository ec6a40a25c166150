/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/time/calibrate.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/io.h"

#define CALIBRATE_ROUNDS 3
/* A device is given up after that many reads of its register, some 0.2 s with real ports, and that
 * many ticks: where reads cost nothing, in an emulator that counts instructions, they would
 * be over too soon. */
#define CALIBRATE_POLLS 200000u
#define CALIBRATE_TICKS 100000000u

#define PIT_HZ 1193182u
#define PIT_COUNT (PIT_HZ / 100)
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_CMD_CH2_MODE0 0xb0
#define PORT_B 0x61
#define PORT_B_GATE2 BIT(0)
#define PORT_B_SPEAKER BIT(1)
#define PORT_B_OUT2 BIT(5)

#define PM_TIMER_HZ 3579545u
#define PM_TIMER_COUNT (PM_TIMER_HZ / 100)
#define PM_TIMER_MASK 0xffffffu /* the upper 8 bits may not exist */
#define PM_TIMER_READINGS 8
#define PM_TIMER_ROUNDS 6

#define HYPERVISOR_LEAF 0x40000000u
#define HYPERVISOR_LEAF_TSC 0x40000010u

u64 calibrate_cpuid(void)
{
	u32 max = cpuid(0, 0).eax;
	struct cpuid_regs ratio;

	if (max < 0x15)
		return 0;
	ratio = cpuid(0x15, 0);
	if (!ratio.eax || !ratio.ebx)
		return 0;
	if (ratio.ecx)
		return (u64)ratio.ecx * ratio.ebx / ratio.eax;
	return max < 0x16 ? 0 : (u64)(cpuid(0x16, 0).eax & 0xffff) * 1000000;
}

u64 calibrate_hypervisor(void)
{
	if (!(cpuid(1, 0).ecx & BIT(31)))
		return 0;
	if (cpuid(HYPERVISOR_LEAF, 0).eax < HYPERVISOR_LEAF_TSC)
		return 0;
	return (u64)cpuid(HYPERVISOR_LEAF_TSC, 0).eax * 1000;
}

static bool given_up(u32 polls, u64 start)
{
	return polls >= CALIBRATE_POLLS && time_tsc() - start >= CALIBRATE_TICKS;
}

/* Ticks while channel 2 counts PIT_COUNT down once, 0: it does not. */
static u64 pit_measure(void)
{
	u8 port_b = io_in8(PORT_B) & ~(PORT_B_SPEAKER | PORT_B_GATE2);
	u64 start, end;
	u32 polls = 0;

	io_out8(PORT_B, port_b | PORT_B_GATE2);
	io_out8(PIT_COMMAND, PIT_CMD_CH2_MODE0);
	io_out8(PIT_CHANNEL_2, PIT_COUNT & 0xff);
	io_out8(PIT_CHANNEL_2, PIT_COUNT >> 8);
	start = time_tsc();
	while (!(io_in8(PORT_B) & PORT_B_OUT2) && !given_up(polls, start))
		polls++;
	end = time_tsc();
	io_out8(PORT_B, port_b);
	/* An output that is high at once is a port that nobody drives. */
	return polls < 16 || given_up(polls, start) ? 0 : end - start;
}

/* A count of the PM timer, and the TSC halfway through reading it. */
struct pm_reading {
	u32 count;
	u64 tsc;
};

/* Whatever holds us up in the middle of a reading makes it take longer: the shortest of a few is
 * the exact one. */
static struct pm_reading pm_timer_read(u16 port)
{
	struct pm_reading best = {0, 0};
	u64 shortest = ~0ull;

	for (unsigned i = 0; i < PM_TIMER_READINGS; i++) {
		u64 before = time_tsc();
		u32 count = io_in32(port) & PM_TIMER_MASK;
		u64 took = time_tsc() - before;

		if (took < shortest) {
			shortest = took;
			best = (struct pm_reading){count, before + took / 2};
		}
	}
	return best;
}

/* The rate over 10 ms or however much longer it took; 0: the timer does not advance. */
static u64 pm_timer_measure(u16 port)
{
	struct pm_reading first = pm_timer_read(port), last = first;

	for (u32 polls = 0; ((last.count - first.count) & PM_TIMER_MASK) < PM_TIMER_COUNT;
	     polls++) {
		if (given_up(polls, first.tsc))
			return 0;
		last.count = io_in32(port);
	}
	last = pm_timer_read(port);
	return (last.tsc - first.tsc) * PM_TIMER_HZ / ((last.count - first.count) & PM_TIMER_MASK);
}

/* SMIs and a host below only ever make a measurement longer: the least is the best. */
u64 calibrate_pit(void)
{
	u64 best = ~0ull;

	for (unsigned i = 0; i < CALIBRATE_ROUNDS; i++) {
		u64 ticks = pit_measure();

		if (!ticks)
			return 0;
		best = MIN(best, ticks);
	}
	return best * PIT_HZ / PIT_COUNT;
}

static bool agree(u64 a, u64 b)
{
	return (a > b ? a - b : b - a) <= b / 1000;
}

/* Two that agree: in one alone the timer may have wrapped meanwhile. */
u64 calibrate_pm_timer(u16 port)
{
	u64 previous = 0;

	for (unsigned i = 0; port && i < PM_TIMER_ROUNDS; i++) {
		u64 hz = pm_timer_measure(port);

		if (!hz)
			return 0;
		if (agree(hz, previous))
			return hz;
		previous = hz;
	}
	return 0;
}
