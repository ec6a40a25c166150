/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time as a guest sees it on all its vCPUs, by what KVM offers (Linux,
 * Documentation/virt/kvm/x86/msr.rst). The command line says what to look at:
 *
 *	monotonic	for ten minutes: do TSC and kvmclock ever show less than any vCPU has
 *			seen before? "MINUTE n", then "CLOCK checks n", "CLOCK back n". When all
 *			have found that they stood still for long, "GAP ms least most": for how
 *			long by the clock, and how many of 1000 parts of it they see as stolen. With
 *			"quick" a minute is three seconds.
 *	steal		burns, and tells from the instructions that it carried out how much time
 *			it got: "GOT permille STOLEN permille SUM permille" of what has passed
 *	minute		sleeps for a minute of the clock: "SLEPT ms"
 *	ticks		takes 1000 timer interrupts in a busy loop: "EOIS n", by the local APIC's
 *			register; with "pv-eoi" only those that the flag asks for
 */
#include "tests/guest/lib/guest.h"

#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01
#define MSR_KVM_STEAL_TIME 0x4b564d03
#define MSR_KVM_PV_EOI_EN 0x4b564d04
#define X2APIC_TIMER_INITIAL 0x838
#define X2APIC_TIMER_DIVIDE 0x83e
#define LVT_PERIODIC (1u << 17)
#define DIVIDE_BY_1 0xbu
#define VECTOR_TIMER 0x40
#define MS 1000000ull
#define MINUTE_NS (60000 * MS)
#define QUICK_NS (3000 * MS)
#define MINUTES 10
#define GAP_PART 6  /* of a minute: only a pause keeps a vCPU from looking for so long */
#define PIECE 20000 /* instructions between two looks at the clock */
#define PIECES 1000

struct clock_page {
	volatile u32 version;
	u32 pad0;
	volatile u64 tsc, ns;
	volatile u32 mul;
	volatile signed char shift;
	u8 flags, pad[2];
};

struct steal_page {
	volatile u64 ns;
	volatile u32 version;
	u32 rest[13];
};

static struct cpu {
	struct clock_page clock __aligned(64);
	struct steal_page steal __aligned(64);
	volatile u64 checks, back;
	volatile u64 gap_ms, gap_permille;
	volatile u32 eoi_unneeded;
	u64 last_ns, last_stolen;
} cpus[AP_MAX] __aligned(64);

static u32 cpu_total;
static u64 minute_ns = MINUTE_NS;
static volatile u32 started, running;
static volatile u64 latest_tsc, latest_ns;
static volatile u64 timers, eois;

/* --- clocks */

static u64 tsc(void)
{
	__asm__ volatile("lfence" ::: "memory");
	return rdtsc();
}

static u64 scale(const struct clock_page *c, u64 ticks)
{
	ticks = c->shift < 0 ? ticks >> -c->shift : ticks << c->shift;
	return (u64)((unsigned __int128)ticks * c->mul >> 32);
}

static u64 clock_ns(struct cpu *cpu)
{
	struct clock_page *c = &cpu->clock;
	u32 version;
	u64 ns;

	do {
		version = __atomic_load_n(&c->version, __ATOMIC_ACQUIRE);
		ns = c->ns + scale(c, tsc() - c->tsc);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != c->version);
	return ns;
}

static u64 stolen_ns(struct cpu *cpu)
{
	struct steal_page *s = &cpu->steal;
	u32 version;
	u64 ns;

	do {
		version = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);
		ns = s->ns;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != s->version);
	return ns;
}

static void clocks_enable(struct cpu *cpu)
{
	apic_enable();
	wrmsr(MSR_KVM_SYSTEM_TIME_NEW, (u64)&cpu->clock | 1);
	wrmsr(MSR_KVM_STEAL_TIME, (u64)&cpu->steal | 1);
	cpu->last_ns = clock_ns(cpu);
	cpu->last_stolen = stolen_ns(cpu);
}

/* --- monotonic */

/* What is shown now must not be less than what anybody has been shown before. */
static bool went_back(volatile u64 *latest, u64 before, u64 now)
{
	u64 seen = before;

	while (seen < now && !__atomic_compare_exchange_n(latest, &seen, now, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return now < before;
}

static void check(struct cpu *cpu)
{
	u64 before = __atomic_load_n(&latest_tsc, __ATOMIC_SEQ_CST);

	cpu->back += went_back(&latest_tsc, before, tsc());
	before = __atomic_load_n(&latest_ns, __ATOMIC_SEQ_CST);
	cpu->back += went_back(&latest_ns, before, clock_ns(cpu));
	cpu->checks++;
}

static void look_for_gap(struct cpu *cpu)
{
	u64 now = clock_ns(cpu), stolen = stolen_ns(cpu), gap = now - cpu->last_ns;

	if (gap > minute_ns / GAP_PART) {
		cpu->gap_permille = (stolen - cpu->last_stolen) * 1000 / gap;
		cpu->gap_ms = gap / MS;
	}
	cpu->last_ns = now;
	cpu->last_stolen = stolen;
}

static void on_timer(struct trap *trap)
{
	(void)trap;
	timers++;
	apic_eoi();
}

/* Asleep most of the time, so that it wakes up here and there, and the minutes pass. */
static void stay(struct cpu *cpu)
{
	for (unsigned i = 0; i < 50; i++)
		check(cpu);
	look_for_gap(cpu);
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

/* Every so many microseconds, at the rate that leaf 0x40000010 tells in kHz. */
static void timer_start(u32 us)
{
	u32 a, khz, c, d;

	cpuid_regs(0x40000010, 0, &a, &khz, &c, &d);
	wrmsr(X2APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	wrmsr(X2APIC_LVT_TIMER, LVT_PERIODIC | VECTOR_TIMER);
	wrmsr(X2APIC_TIMER_INITIAL, (u64)us * khz / 1000);
}

static void monotonic_on(u32 id)
{
	clocks_enable(&cpus[id]);
	timer_start(10000 + id * 777);
	__atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
	while (running)
		stay(&cpus[id]);
	__atomic_fetch_sub(&started, 1, __ATOMIC_SEQ_CST);
}

void ap_main(void)
{
	u32 id = started;

	monotonic_on(id);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* When all have come out of it. */
static void print_gap(void)
{
	u64 least = ~0ull, most = 0;

	for (u32 id = 0; id < cpu_total; id++) {
		if (!cpus[id].gap_ms)
			return;
		least = cpus[id].gap_permille < least ? cpus[id].gap_permille : least;
		most = cpus[id].gap_permille > most ? cpus[id].gap_permille : most;
	}
	print("GAP ");
	print_dec(cpus[0].gap_ms);
	print(" ");
	print_dec(least);
	print(" ");
	print_dec(most);
	print("\n");
	for (u32 id = 0; id < cpu_total; id++)
		cpus[id].gap_ms = 0;
}

static void stay_minutes(struct cpu *cpu)
{
	u64 first = clock_ns(cpu);

	for (u64 minute = 1; minute <= MINUTES; minute++) {
		while (clock_ns(cpu) - first < minute * minute_ns) {
			stay(cpu);
			print_gap();
		}
		print_line("MINUTE", minute);
	}
}

static void monotonic(void)
{
	u64 checks = 0, back = 0;

	running = 1;
	clocks_enable(&cpus[0]);
	timer_start(10000);
	started = 1;
	for (u32 id = 1; id < cpu_total; id++) {
		ap_launch_id(id);
		while (started <= id)
			__asm__ volatile("pause");
	}
	print("CLOCK go\n");
	stay_minutes(&cpus[0]);
	running = 0;
	while (started > 1)
		__asm__ volatile("pause");
	for (u32 id = 0; id < cpu_total; id++) {
		checks += cpus[id].checks;
		back += cpus[id].back;
	}
	print_line("CLOCK checks", checks);
	print_line("CLOCK back", back);
}

/* --- steal */

/* Instructions, not ticks: they must be done, by a processor. */
static void burn(u32 instructions)
{
	u32 rounds = instructions / 2;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(rounds)::"cc");
}

static u64 ticks_of_piece(void)
{
	u64 least = ~0ull;

	for (unsigned i = 0; i < 100; i++) {
		u64 start = tsc();

		burn(PIECE);
		start = tsc() - start;
		if (start < least)
			least = start;
	}
	return least;
}

static void print_permille(const char *name, u64 part, u64 whole)
{
	print(name);
	print_dec(whole ? (part * 1000 + whole / 2) / whole : 0);
}

static void steal(void)
{
	struct cpu *cpu = &cpus[0];
	u64 piece, start, stolen, passed;

	clocks_enable(cpu);
	piece = ticks_of_piece();
	print("STEAL go\n");
	stolen = stolen_ns(cpu);
	start = tsc();
	for (unsigned i = 0; i < PIECES; i++)
		burn(PIECE);
	passed = tsc() - start;
	stolen = stolen_ns(cpu) - stolen;
	print_permille("GOT ", piece * PIECES, passed);
	passed = scale(&cpu->clock, passed);
	print_permille(" STOLEN ", stolen, passed);
	print_permille(" SUM ", scale(&cpu->clock, piece * PIECES) + stolen, passed);
	print("\n");
}

/* --- minute, ticks */

static void minute(void)
{
	u64 start;

	clocks_enable(&cpus[0]);
	timer_start(100000);
	start = clock_ns(&cpus[0]);
	print("MINUTE go\n");
	while (clock_ns(&cpus[0]) - start < minute_ns)
		__asm__ volatile("sti; hlt; cli" ::: "memory");
	print_line("SLEPT", (clock_ns(&cpus[0]) - start) / MS);
}

static void on_tick(struct trap *trap)
{
	(void)trap;
	timers++;
	/* One instruction, which the hypervisor cannot come between. */
	if (__atomic_fetch_and(&cpus[0].eoi_unneeded, ~1u, __ATOMIC_SEQ_CST) & 1)
		return;
	eois++;
	apic_eoi();
}

static void ticks(void)
{
	apic_enable();
	trap_set(VECTOR_TIMER, on_tick);
	if (cmdline_has("pv-eoi"))
		wrmsr(MSR_KVM_PV_EOI_EN, (u64)&cpus[0].eoi_unneeded | 1);
	timer_start(1000);
	__asm__ volatile("sti" ::: "memory");
	while (timers < 1000)
		__asm__ volatile("" ::: "memory");
	__asm__ volatile("cli" ::: "memory");
	print_line("EOIS", eois);
}

static u32 count_cpus(void)
{
	u32 a, b, c, d;

	cpuid_regs(1, 0, &a, &b, &c, &d);
	a = b >> 16 & 0xff;
	return a && a <= AP_MAX ? a : 1;
}

void guest_main(void)
{
	cpu_total = count_cpus();
	if (cmdline_has("quick"))
		minute_ns = QUICK_NS;
	trap_set(VECTOR_TIMER, on_timer);
	if (cmdline_has("monotonic"))
		monotonic();
	else if (cmdline_has("steal"))
		steal();
	else if (cmdline_has("minute"))
		minute();
	else if (cmdline_has("ticks"))
		ticks();
	for (;;)
		__asm__ volatile("cli; hlt");
}
