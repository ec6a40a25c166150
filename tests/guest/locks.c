/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lock-holder preemption: all vCPUs take one ticket lock, again and again, for a while;
 * how many locks there were, and how long the longest wait for one was.
 *
 *	kick	halt after SPINS rounds, and kick the next in line (KVM_HC_KICK_CPU)
 *	dense	a lock that is held for a quarter of the time instead of a twentieth
 *	short	for half a second, instead of two
 *	burn	take no lock, only use the processors, for ever
 *
 * Without a word it is a classic ticket lock: spin until it is one's turn. Output, at the end:
 * "ROUND ticks" that one takes from one lock to the next without others, "TICKS", "WORST ticks",
 * "HALTS count", "LOCKS count".
 */
#include "tests/guest/lib/guest.h"

#define MS 2000
#define MS_SHORT 500
/* Instructions inside of the lock, and from one to the next. */
#define INSIDE 500
#define OUTSIDE 9500
#define OUTSIDE_DENSE 1500
#define SPINS 1000
#define KVM_HC_KICK_CPU 5
#define VECTOR_IPI 0x41
#define NOBODY 0

/* head: whose turn it is, tail: the next ticket. */
static struct {
	volatile u32 head;
	volatile u32 tail __aligned(64);
	volatile u32 asleep; /* that may be halted */
} lock __aligned(64);

static struct cpu {
	volatile u32 waits; /* the ticket that it halts for + 1, or NOBODY */
	u64 locks, worst, halts;
} cpus[AP_MAX] __aligned(64);

static bool amd, kicks, burns;
static u32 cpu_total, outside = OUTSIDE;
static volatile u32 ready, go, finished;
static volatile u64 until;
static u64 ticks;

static u32 add(volatile u32 *p, u32 n)
{
	return __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST);
}

/* Before and after the competition nobody spins: that would count as time spent on locks. */
static void on_ipi(struct trap *trap)
{
	(void)trap;
	apic_eoi();
}

static void halt_until(volatile u32 *p, u32 value)
{
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != value)
		__asm__ volatile("sti; hlt; cli" ::: "memory");
}

/* Instructions, not ticks: they must be done, by a processor. */
static void work(u32 instructions)
{
	u32 rounds = instructions / 2;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(rounds)::"cc");
}

/* Halt until kicked, with interrupts off; what is before the HLT may be too late for a kick, which
 * then must not be lost. */
static void sleep_for(struct cpu *c, u32 ticket)
{
	add(&lock.asleep, 1);
	__atomic_store_n(&c->waits, ticket + 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&lock.head, __ATOMIC_SEQ_CST) != ticket) {
		c->halts++;
		__asm__ volatile("hlt" ::: "memory");
	}
	c->waits = NOBODY;
	add(&lock.asleep, ~0u);
}

static void take(struct cpu *c)
{
	u32 ticket = add(&lock.tail, 1), spins = 0;

	while (lock.head != ticket) {
		__asm__ volatile("pause");
		if (kicks && ++spins == SPINS) {
			sleep_for(c, ticket);
			return;
		}
	}
}

static void release(void)
{
	u32 next = add(&lock.head, 1) + 1;

	if (!kicks || !lock.asleep)
		return;
	for (u32 i = 0; i < cpu_total; i++)
		if (cpus[i].waits == next + 1)
			hypercall_args(amd, KVM_HC_KICK_CPU, 0, i, 0, 0);
}

static void round(struct cpu *c)
{
	u64 start = rdtsc(), waited;

	take(c);
	waited = rdtsc() - start;
	work(INSIDE);
	release();
	c->locks++;
	if (waited > c->worst)
		c->worst = waited;
	work(outside);
}

static void compete(struct cpu *c)
{
	while (rdtsc() < until)
		round(c);
	if (add(&finished, 1) + 1 == cpu_total)
		apic_ipi(0, VECTOR_IPI);
}

/* What a round takes that nobody disturbs. */
static u64 measure_round(void)
{
	u64 least = ~0ull;

	for (unsigned i = 0; i < 100; i++) {
		struct cpu scratch = {.locks = 0};
		u64 start = rdtsc();

		round(&scratch);
		start = rdtsc() - start;
		if (start < least)
			least = start;
	}
	return least;
}

/* With interrupts on, though none comes: Bochs does not leave a guest that has them off. */
static void run(u32 id)
{
	__asm__ volatile("sti" ::: "memory");
	while (burns)
		work(1000000);
	compete(&cpus[id]);
}

void ap_main(void)
{
	u32 id;

	apic_enable();
	id = add(&ready, 1);
	apic_ipi(0, VECTOR_IPI);
	halt_until(&go, 1);
	run(id);
}

static u64 tsc_khz(void)
{
	u32 khz, b, c, d;

	cpuid_regs(0x40000010, 0, &khz, &b, &c, &d);
	return khz;
}

static u32 count_cpus(void)
{
	u32 a, b, c, d;

	cpuid_regs(1, 0, &a, &b, &c, &d);
	return b >> 16 & 0xff;
}

static void report(void)
{
	u64 locks = 0, worst = 0, halts = 0;

	for (u32 i = 0; i < cpu_total; i++) {
		locks += cpus[i].locks;
		halts += cpus[i].halts;
		if (cpus[i].worst > worst)
			worst = cpus[i].worst;
	}
	print_line("TICKS", ticks);
	print_line("WORST", worst);
	print_line("HALTS", halts);
	print_line("LOCKS", locks);
}

void guest_main(void)
{
	amd = cpu_is_amd();
	kicks = cmdline_has("kick");
	burns = cmdline_has("burn");
	if (cmdline_has("dense"))
		outside = OUTSIDE_DENSE;
	ticks = (cmdline_has("short") ? MS_SHORT : MS) * tsc_khz();
	cpu_total = count_cpus();
	if (!cpu_total || cpu_total > AP_MAX)
		cpu_total = 1;
	trap_set(VECTOR_IPI, on_ipi);
	apic_enable();
	ready = 1;
	for (u32 id = 1; id < cpu_total; id++) {
		ap_launch_id(id);
		halt_until(&ready, id + 1);
	}
	print_line("ROUND", measure_round());
	print("LOCKS go\n");
	until = rdtsc() + ticks;
	go = 1;
	for (u32 id = 1; id < cpu_total; id++)
		apic_ipi(id, VECTOR_IPI);
	run(0);
	halt_until(&finished, cpu_total);
	report();
}
