/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One exit between two marks (xchg %bx, %bx, where Bochs' debugger stops), after the same
 * exit was taken often enough for everything to be warm. tests/bench/path lists what ran.
 */
#include "tests/guest/lib/guest.h"

#define IOAPIC 0xfec00000ull
#define VECTOR_TIMER 0x40
#define VECTOR_IPI 0x41
#define MSR_TSC_DEADLINE 0x6e0

static volatile u64 timer_fired, ipi_taken, ap_ready;
static volatile bool ap_halts;
static bool amd;

static void on_timer(struct trap *trap)
{
	(void)trap;
	timer_fired++;
	apic_eoi();
}

static void on_ipi(struct trap *trap)
{
	(void)trap;
	ipi_taken++;
	apic_eoi();
}

void ap_main(void)
{
	apic_enable();
	__asm__ volatile("sti");
	ap_ready = 1;
	while (!ap_halts)
		__asm__ volatile("pause");
	for (;;)
		__asm__ volatile("hlt");
}

static void do_cpuid(void)
{
	u32 a, b, c, d;

	cpuid_regs(0, 0, &a, &b, &c, &d);
}

static void do_hypercall(void)
{
	hypercall(amd, 0x1234);
}

static void do_rdmsr(void)
{
	(void)rdmsr(0x1b);
}

static void do_out(void)
{
	outb(0x3ff, 0);
}

static void do_mmio_write(void)
{
	*(volatile u32 *)IOAPIC = 0;
}

static void do_timer(void)
{
	u64 seen = timer_fired;

	wrmsr(MSR_TSC_DEADLINE, 1);
	while (timer_fired == seen)
		;
}

static void do_ipi(void)
{
	u64 seen = ipi_taken;

	apic_ipi(1, VECTOR_IPI);
	while (ipi_taken == seen)
		;
}

/* With time for the other CPU to reach its HLT. */
static void rest(void)
{
	u64 since = rdtsc();

	while (rdtsc() - since < 20000)
		;
}

/* ipi-again: while the target is still busy with the last one, as in tests/guest/exits.c. */
static void pause(void)
{
	if (!cmdline_has("ipi-again"))
		rest();
}

static void start_other(void)
{
	ap_halts = cmdline_has("ipi-halted");
	ap_launch();
	while (!ap_ready)
		;
}

void guest_main(void)
{
	static const struct {
		const char *word;
		void (*fn)(void);
	} exits[] = {
	    {"cpuid", do_cpuid},     {"hypercall", do_hypercall},   {"rdmsr", do_rdmsr},
	    {"out", do_out},         {"mmio-write", do_mmio_write}, {"timer", do_timer},
	    {"ipi-running", do_ipi}, {"ipi-halted", do_ipi},        {"ipi-again", do_ipi},
	};

	amd = cpu_is_amd();
	trap_set(VECTOR_TIMER, on_timer);
	trap_set(VECTOR_IPI, on_ipi);
	apic_enable();
	wrmsr(X2APIC_LVT_TIMER, 2u << 17 | VECTOR_TIMER);
	__asm__ volatile("sti");
	for (size_t i = 0; i < ARRAY_SIZE(exits); i++) {
		if (!cmdline_has(exits[i].word))
			continue;
		if (exits[i].fn == do_ipi)
			start_other();
		for (unsigned n = 0; n < 100; n++) {
			pause();
			exits[i].fn();
		}
		pause();
		__asm__ volatile("xchg %bx, %bx");
		exits[i].fn();
		__asm__ volatile("xchg %bx, %bx");
	}
	print("PATH done\n");
}
