/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an exit costs: RDTSC before and after one instruction, median of ROUNDS; "nothing" is
 * such a pair with nothing in between, and contained in every figure. Needs two vCPUs for the
 * interrupts between processors. Output: "BENCH name ticks". tests/bench/run judges them, and
 * tests/bench/kvm-peer runs the same guest under KVM.
 */
#include "tests/guest/lib/guest.h"

#define ROUNDS 1000
#define VECTOR_TIMER 0x40
#define VECTOR_IPI 0x41
#define MSR_TSC_DEADLINE 0x6e0
#define IOAPIC 0xfec00000ull
#define LVT_TSC_DEADLINE (2u << 17)
/* The local APIC's page, in xAPIC mode. */
#define XAPIC 0xfee00000ull
#define XAPIC_EOI 0xb0
#define XAPIC_SVR 0xf0
#define XAPIC_ICR 0x300
#define ICR_SELF 0x44000u
/* What a target needs at most to reach HLT: some thousand ticks are enough. */
#define HALT_TICKS 20000

static u64 samples[ROUNDS];
static volatile u64 timer_fired, ipi_taken, ap_ready;
static volatile bool ap_halts, x2apic;

static u64 median(void)
{
	for (unsigned i = 1; i < ROUNDS; i++) {
		u64 value = samples[i];
		unsigned j = i;

		for (; j && samples[j - 1] > value; j--)
			samples[j] = samples[j - 1];
		samples[j] = value;
	}
	return samples[ROUNDS / 2];
}

static void report(const char *name)
{
	print("BENCH ");
	print_line(name, median());
}

#define MEASURE(name, code)                                \
	do {                                               \
		for (unsigned i_ = 0; i_ < ROUNDS; i_++) { \
			u64 t_ = rdtsc();                  \
			code;                              \
			samples[i_] = rdtsc() - t_;        \
		}                                          \
		report(name);                              \
	} while (0)

static void on_timer(struct trap *trap)
{
	(void)trap;
	timer_fired++;
	apic_eoi();
}

static void xapic_write(u32 reg, u32 value)
{
	*(volatile u32 *)(XAPIC + reg) = value;
}

static void on_ipi(struct trap *trap)
{
	(void)trap;
	ipi_taken++;
	if (x2apic)
		apic_eoi();
	else
		xapic_write(XAPIC_EOI, 0);
}

/* The spurious vector of apic_enable(): no EOI. Bochs 3.0 delivers it when a notification of
 * posted interrupts finds none. */
static void on_spurious(struct trap *trap)
{
	(void)trap;
}

void ap_main(void)
{
	apic_enable();
	ap_ready = 1;
	__asm__ volatile("sti");
	while (!ap_halts)
		__asm__ volatile("pause");
	ap_ready = 2;
	for (;;)
		__asm__ volatile("hlt");
}

static void fire_timer(void)
{
	u64 seen = timer_fired;

	wrmsr(MSR_TSC_DEADLINE, 1);
	while (timer_fired == seen)
		;
}

static void send_ipi(void)
{
	u64 seen = ipi_taken;

	apic_ipi(1, VECTOR_IPI);
	while (ipi_taken == seen)
		;
}

/* A vCPU that interrupts itself: ICR, delivery and EOI on one processor. */
static void send_self(void)
{
	u64 seen = ipi_taken;

	if (x2apic)
		wrmsr(X2APIC_ICR, ICR_SELF | VECTOR_IPI);
	else
		xapic_write(XAPIC_ICR, ICR_SELF | VECTOR_IPI);
	while (ipi_taken == seen)
		;
}

/* Give the other CPU time to get to its HLT before it is measured; that it got there shows
 * in `vm info`: an exit by HLT per round. */
static void send_ipi_to_halted(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 t = rdtsc();

		while (rdtsc() - t < HALT_TICKS)
			;
		t = rdtsc();
		send_ipi();
		samples[i] = rdtsc() - t;
	}
	report("ipi-halted");
}

static void cpus_talk(void)
{
	ap_launch();
	while (ap_ready != 1)
		;
	MEASURE("ipi-running", send_ipi());
	ap_halts = true;
	while (ap_ready != 2)
		;
	send_ipi_to_halted();
}

/* While the local APIC is as it is after reset: by its page. */
static void measure_xapic(void)
{
	xapic_write(XAPIC_SVR, 0x1ff);
	MEASURE("xapic-eoi", xapic_write(XAPIC_EOI, 0));
	__asm__ volatile("sti");
	MEASURE("xapic-ipi-self", send_self());
	__asm__ volatile("cli");
}

static void measure_x2apic(void)
{
	apic_enable();
	x2apic = true;
	MEASURE("x2apic-eoi", apic_eoi());
	__asm__ volatile("sti");
	MEASURE("x2apic-ipi-self", send_self());
	wrmsr(X2APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
	MEASURE("timer", fire_timer());
}

static void measure_instructions(void)
{
	volatile u32 *ioapic = (volatile u32 *)IOAPIC;
	bool amd = cpu_is_amd();
	u32 a, b, c, d;

	MEASURE("nothing", (void)0);
	MEASURE("cpuid-0", cpuid_regs(0, 0, &a, &b, &c, &d));
	MEASURE("cpuid-7", cpuid_regs(7, 0, &a, &b, &c, &d));
	MEASURE("hypercall", hypercall(amd, 0x1234));
	MEASURE("rdmsr", (void)rdmsr(0x1b));
	MEASURE("wrmsr", wrmsr(0x8b, 0));
	MEASURE("xsetbv", __asm__ volatile("xsetbv" ::"a"(1), "d"(0), "c"(0)));
	MEASURE("out", outb(0x3ff, 0)); /* the UART's scratch register */
	MEASURE("in", (void)inb(0x3ff));
	MEASURE("mmio-write", *ioapic = 0);
	MEASURE("mmio-read", (void)*ioapic);
}

void guest_main(void)
{
	u32 a, b, c, d;

	trap_set(VECTOR_TIMER, on_timer);
	trap_set(0xff, on_spurious);
	trap_set(VECTOR_IPI, on_ipi);
	measure_instructions();
	measure_xapic();
	measure_x2apic();
	cpuid_regs(1, 0, &a, &b, &c, &d);
	if ((b >> 16 & 0xff) > 1)
		cpus_talk();
	print("BENCH done\n");
}
