/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uses the processor as its command line says:
 *	(nothing)	counts for ever, on each of its processors
 *	wake		sleeps by the deadline timer, 1000 times, and prints how many ticks
 *			after the deadline its handler ran: "WAKE p50 p99 max"; with mark, a
 *			wake in the middle is between two marks for Bochs' debugger
 */
#include "tests/guest/lib/guest.h"

#define VECTOR_TIMER 0x40
#define MSR_TSC_DEADLINE 0x6e0
#define LVT_TSC_DEADLINE (2u << 17)
#define ROUNDS 1000
#define ICR_INIT 0x4500u
#define ICR_START 0x4608u /* at the page where ap_launch() has put the code */
#define WARM_UP 50
#define SLEEP_LEAST 30000

static volatile u64 counted, late;
static u64 deadline, samples[ROUNDS];
static bool marks;

static u32 started;

/* No stack from here on: the next one uses the same. */
void ap_main(void)
{
	__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED);
	for (;;)
		counted++;
}

static void start_others(u32 count)
{
	for (u32 id = 1; id < count; id++) {
		if (id == 1) {
			ap_launch();
		} else {
			wrmsr(X2APIC_ICR, (u64)id << 32 | ICR_INIT);
			wrmsr(X2APIC_ICR, (u64)id << 32 | ICR_START);
		}
		while (__atomic_load_n(&started, __ATOMIC_RELAXED) != id)
			__asm__ volatile("pause");
	}
}

static void on_timer(struct trap *trap)
{
	(void)trap;
	late = rdtsc() - deadline;
	if (marks)
		__asm__ volatile("xchg %bx, %bx");
	apic_eoi();
}

static void sort(u64 *values, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		u64 value = values[i];
		unsigned at = i;

		for (; at && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

/* Lengths that have nothing to do with anybody's slices. */
static u64 sleep_ticks(unsigned round)
{
	return SLEEP_LEAST + round * 7919ull % 30011;
}

static void sleep_once(unsigned round)
{
	late = 0;
	deadline = rdtsc() + sleep_ticks(round);
	if (marks)
		__asm__ volatile("xchg %bx, %bx");
	wrmsr(MSR_TSC_DEADLINE, deadline);
	while (!late)
		__asm__ volatile("sti; hlt; cli" ::: "memory");
}

static void measure_wakes(void)
{
	apic_enable();
	trap_set(VECTOR_TIMER, on_timer);
	wrmsr(X2APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
	for (unsigned i = 0; i < WARM_UP; i++)
		sleep_once(i);
	for (unsigned i = 0; i < ROUNDS; i++) {
		marks = i == ROUNDS / 2 && cmdline_has("mark");
		sleep_once(i);
		samples[i] = late;
	}
	sort(samples, ROUNDS);
	print("WAKE ");
	print_dec(samples[ROUNDS / 2]);
	print(" ");
	print_dec(samples[ROUNDS * 99 / 100]);
	print(" ");
	print_dec(samples[ROUNDS - 1]);
	print("\n");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void guest_main(void)
{
	u32 a, b, c, d;

	cpu_use_all_state();
	if (cmdline_has("wake"))
		measure_wakes();
	apic_enable();
	cpuid_regs(1, 0, &a, &b, &c, &d);
	start_others(b >> 16 & 0xff);
	__asm__ volatile("sti");
	print("BUSY\n");
	for (;;)
		counted++;
}
