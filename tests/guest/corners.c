/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Corners of what a virtual CPU must keep or do right around exits. Needs two vCPUs, best
 * on one processor, so that they take turns. Output: "CORNER name 1" for what is right.
 */
#include "tests/guest/lib/guest.h"

#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_WAKE 0x40
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_PAT 0x277
#define MSR_TSC_DEADLINE 0x6e0
#define LVT_TSC_DEADLINE (2u << 17)
#define ICR_NMI 0x400u
#define TURNS 20

static volatile u64 steps, step_rip[16], woken, ap_good, ap_done;

static void on_debug(struct trap *trap)
{
	if (steps < 16)
		step_rip[steps] = trap->rip;
	steps++;
}

static void on_wake(struct trap *trap)
{
	(void)trap;
	woken++;
	apic_eoi();
}

/* Single-stepping sees the end of an instruction that the hypervisor emulates. */
static void single_step(void)
{
	u64 behind;

	steps = 0;
	__asm__ volatile("lea 1f(%%rip), %0\n\t"
			 "pushfq\n\t"
			 "orq $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "cpuid\n"
			 "1:\tnop\n\t"
			 "pushfq\n\t"
			 "andq $~0x100, (%%rsp)\n\t"
			 "popfq"
			 : "=&r"(behind)
			 : "a"(0), "c"(0)
			 : "rbx", "rdx", "memory", "cc");
	print_line("CORNER step-over-exit",
		   steps >= 2 && step_rip[0] == behind && step_rip[1] == behind + 1);
	steps = 0;
	__asm__ volatile(".byte 0xf1\n\tlea (%%rip), %0" : "=r"(behind)::"memory");
	print_line("CORNER int1", steps == 1 && step_rip[0] == behind - 7);
}

static void data_breakpoint(void)
{
	static volatile u32 watched;
	u64 dr6;

	steps = 0;
	__asm__ volatile("mov %0, %%db0\n\tmov %1, %%db7" ::"r"(&watched), "r"(0xd0402ull));
	watched = 1;
	cpuid_regs(0, 0, &(u32){0}, &(u32){0}, &(u32){0}, &(u32){0});
	__asm__ volatile("mov %%db6, %0\n\tmov %1, %%db7" : "=&r"(dr6) : "r"(0x400ull));
	print_line("CORNER watchpoint", steps == 1 && (dr6 & 1));
}

/* The interrupt that ends HLT comes before CLI, although STI shadows HLT. */
static void halt_in_shadow(void)
{
	u64 good = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		u64 before = woken;

		wrmsr(MSR_TSC_DEADLINE, rdtsc() + (i & 1 ? 1 : 5000));
		__asm__ volatile("sti; hlt; cli" ::: "memory");
		good += woken == before + 1;
	}
	print_line("CORNER halt-in-shadow", good == TURNS);
}

/* Ticks: in an emulator that counts instructions, few of them do; where time is the host's, by
 * its rate, they are milliseconds, and the host may pause. */
static u64 ticks(u64 few, u64 ms)
{
	u32 khz, b, c, d;

	cpuid_regs(0x40000010, 0, &khz, &b, &c, &d);
	return khz > 500000 ? khz * ms : few;
}

/* A deadline comes in time although every exit before it is handled at once. */
static void deadline_between_exits(void)
{
	u64 good = 0, late = ticks(12000, 100);

	__asm__ volatile("sti");
	for (unsigned i = 0; i < TURNS; i++) {
		u64 start = rdtsc(), before = woken;

		wrmsr(MSR_TSC_DEADLINE, start + 8000);
		while (woken == before) {
			u64 t = rdtsc();

			cpuid_regs(0, 0, &(u32){0}, &(u32){0}, &(u32){0}, &(u32){0});
			while (rdtsc() - t < 5000 && woken == before)
				;
		}
		good += rdtsc() - start < 8000 + late;
	}
	__asm__ volatile("cli");
	print_line("CORNER deadline-between-exits", good == TURNS);
}

static void cache_control(void)
{
	u64 old, now, pat = rdmsr(MSR_PAT);

	__asm__ volatile("mov %%cr0, %0" : "=r"(old));
	__asm__ volatile("mov %0, %%cr0" ::"r"(old | 1ull << 30) : "memory");
	__asm__ volatile("mov %%cr0, %0" : "=r"(now));
	__asm__ volatile("wbinvd; mov %0, %%cr0" ::"r"(old) : "memory");
	print_line("CORNER cache-disable", now == (old | 1ull << 30));
	wrmsr(MSR_PAT, 0x0706050401000104ull);
	print_line("CORNER pat", rdmsr(MSR_PAT) == 0x0706050401000104ull);
	wrmsr(MSR_PAT, pat);
	__asm__ volatile("clts; mov %%cr0, %0" : "=r"(now));
	print_line("CORNER clts", !(now & 8));
}

static volatile u64 nmis, nmi_depth, nmi_nested;

static void nmi_self(void)
{
	apic_ipi(0, ICR_NMI);
}

/* One that comes inside the handler waits for its IRET, whatever exits in between. */
static void on_nmi(struct trap *trap)
{
	(void)trap;
	nmi_nested += nmi_depth++ != 0;
	if (nmis++ == 0)
		nmi_self();
	cpuid_regs(0, 0, &(u32){0}, &(u32){0}, &(u32){0}, &(u32){0});
	nmi_depth--;
}

static void nmis_wait_for_iret(void)
{
	u64 good = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		u64 start = rdtsc();

		nmis = nmi_nested = 0;
		nmi_self();
		while (nmis < 2 && rdtsc() - start < ticks(100000, 100))
			;
		good += nmis == 2 && !nmi_nested;
	}
	print_line("CORNER nmi-waits-for-iret", good == TURNS);
	/* Neither the shadow of STI nor interrupts that are on are in its way. */
	good = 0;
	for (unsigned i = 0; i < TURNS; i++) {
		u64 before = woken;

		nmis = 1;
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + 1);
		__asm__ volatile("sti; wrmsr" ::"c"(X2APIC_ICR), "a"(ICR_NMI | 0x4000), "d"(0)
				 : "memory");
		good += nmis == 2 && woken == before + 1;
		__asm__ volatile("cli");
	}
	print_line("CORNER nmi-in-shadow", good == TURNS);
}

/* Fill what no exit saves with values of this CPU's own, and look whether they stay. */
static u64 registers_stay(u64 seed)
{
	u64 good = 0, turn = ticks(500000, 30);

	wrmsr(MSR_STAR, seed << 32);
	wrmsr(MSR_LSTAR, seed + 1);
	wrmsr(MSR_FMASK, seed & 0xff);
	wrmsr(MSR_KERNEL_GS_BASE, seed + 2);
	for (unsigned i = 0; i < TURNS; i++) {
		u64 xmm, dr3, cr2, t = rdtsc();

		__asm__ volatile("movq %0, %%xmm7\n\tmov %0, %%db3\n\tmov %0, %%cr2" ::"r"(seed));
		/* Long enough for the other CPU to have its turn. */
		while (rdtsc() - t < turn)
			cpuid_regs(0, 0, &(u32){0}, &(u32){0}, &(u32){0}, &(u32){0});
		__asm__ volatile("movq %%xmm7, %0\n\tmov %%db3, %1\n\tmov %%cr2, %2"
				 : "=r"(xmm), "=r"(dr3), "=r"(cr2));
		good += xmm == seed && dr3 == seed && cr2 == seed &&
			rdmsr(MSR_STAR) == seed << 32 && rdmsr(MSR_LSTAR) == seed + 1 &&
			rdmsr(MSR_FMASK) == (seed & 0xff) && rdmsr(MSR_KERNEL_GS_BASE) == seed + 2;
	}
	return good == TURNS;
}

void ap_main(void)
{
	apic_enable();
	ap_good = registers_stay(0x5a5a00);
	ap_done = 1;
	for (;;)
		__asm__ volatile("hlt");
}

void guest_main(void)
{
	u64 cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | 0x608)); /* DE, OSFXSR, OSXMMEXCPT */
	traps_load();
	trap_set(VECTOR_DB, on_debug);
	trap_set(VECTOR_NMI, on_nmi);
	trap_set(VECTOR_WAKE, on_wake);
	apic_enable();
	wrmsr(X2APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_WAKE);
	single_step();
	data_breakpoint();
	halt_in_shadow();
	deadline_between_exits();
	nmis_wait_for_iret();
	cache_control();
	ap_launch();
	print_line("CORNER registers-of-cpu0", registers_stay(0xa5a500));
	while (!ap_done)
		__asm__ volatile("pause");
	print_line("CORNER registers-of-cpu1", ap_good);
	print("CORNER done\n");
}
