/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two vCPUs that share one processor: how many ticks lie between the last instruction of one and
 * the first one of the other, for each way that a turn ends. Each stamps a word with the TSC; who
 * finds a new stamp of the other one has just begun its turn.
 *	slice	the turn ends by itself
 *	halt	the first vCPU halts until its timer fires; the second never does
 *	yield	each gives its turn to the other (KVM_HC_SCHED_YIELD)
 * Output: "TURN name p50 p99 max". A way named on the command line has marks around a turn in the
 * middle (xchg %bx, %bx): tests/bench/path.
 */
#include "tests/guest/lib/guest.h"

#define ROUNDS 200
#define WARM_UP 20
#define VECTOR_TIMER 0x40
#define MSR_TSC_DEADLINE 0x6e0
#define LVT_TSC_DEADLINE (2u << 17)
#define HC_SCHED_YIELD 11
/* Long enough for the other one to run, and not to be a slice of anybody. */
#define SLEEP_TICKS 20011

enum way { BY_SLICE, BY_HALT, BY_YIELD };

static u64 samples[ROUNDS];
/* The last stamp of each; turns seen since the way was chosen. */
static volatile u64 stamps[2], turns;
static volatile enum way way;
static volatile bool marks;
static bool amd;

static void mark(void)
{
	if (marks && turns - WARM_UP - ROUNDS / 2 < 2)
		__asm__ volatile("xchg %bx, %bx");
}

/* A turn of me has begun, and the other one's ended so long ago. */
static void count(u64 me, u64 ticks)
{
	/* Of a halt only how it ends the turn counts: the other end is a wake. */
	if (way == BY_HALT && !me)
		return;
	if (turns >= WARM_UP && turns < WARM_UP + ROUNDS)
		samples[turns - WARM_UP] = ticks;
	turns++;
	mark();
}

static void end_turn(u64 me)
{
	if (way == BY_HALT && !me) {
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + SLEEP_TICKS);
		stamps[me] = rdtsc();
		__asm__ volatile("sti; hlt; cli" ::: "memory");
	} else if (way == BY_YIELD) {
		stamps[me] = rdtsc();
		hypercall_args(amd, HC_SCHED_YIELD, 1 - me, 0, 0, 0);
	}
}

/* The other one has run since if it has stamped. Wherever this is interrupted, a stamp is at most
 * a few instructions too old. */
static void step(u64 me)
{
	static u64 last[2];
	u64 now = rdtsc(), other = stamps[1 - me];

	if (other > last[me] && now > other)
		count(me, now - other);
	last[me] = stamps[me] = now;
	end_turn(me);
}

void ap_main(void)
{
	cpu_use_all_state();
	for (;;)
		step(1);
}

static void on_timer(struct trap *trap)
{
	(void)trap;
	apic_eoi();
}

static void sort(void)
{
	for (unsigned i = 1; i < ROUNDS; i++) {
		u64 value = samples[i];
		unsigned at = i;

		for (; at && samples[at - 1] > value; at--)
			samples[at] = samples[at - 1];
		samples[at] = value;
	}
}

static void report(const char *name)
{
	sort();
	print("TURN ");
	print(name);
	print(" ");
	print_dec(samples[ROUNDS / 2]);
	print(" ");
	print_dec(samples[ROUNDS * 99 / 100]);
	print(" ");
	print_dec(samples[ROUNDS - 1]);
	print("\n");
}

static void measure(enum way by, const char *name)
{
	marks = cmdline_has(name);
	way = by;
	turns = 0;
	while (turns < WARM_UP + ROUNDS)
		step(0);
	report(name);
}

void guest_main(void)
{
	amd = cpu_is_amd();
	cpu_use_all_state();
	trap_set(VECTOR_TIMER, on_timer);
	apic_enable();
	wrmsr(X2APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
	ap_launch();
	measure(BY_SLICE, "slice");
	measure(BY_HALT, "halt");
	measure(BY_YIELD, "yield");
	print("TURNS done\n");
}
