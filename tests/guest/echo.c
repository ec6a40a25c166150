/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small guest that keeps answering: every line typed at its console comes back as
 * "ECHO line"; with `tick` on the command line it says "TICK n" every second. Its console
 * is interrupt driven through the I/O APIC, its time is the local APIC's deadline timer,
 * whose rate it measures against the ACPI timer. Some lines are orders:
 *	fill WORD	writes the first 8 characters of WORD all over its free RAM
 *	scan WORD	counts them in all of its RAM and the 64 MiB behind: "SCAN n"
 *	crash, reset, off, spin		triple fault; reset port; ACPI power-off; no more exits
 */
#include "tests/guest/lib/guest.h"

#define COM1 0x3f8
#define IOAPIC 0xfec00000ull
#define GSI_COM1 4
#define VECTOR_TIMER 0x40
#define VECTOR_COM1 0x41
#define MSR_TSC_DEADLINE 0x6e0
#define LVT_TSC_DEADLINE (2u << 17)
#define PM_BASE 0x600
#define PM_TIMER (PM_BASE + 8)
#define PM_TIMER_HZ 3579545
#define FIRST_FREE MIB(2) /* behind the guest itself, its boot information and modules */

static volatile bool typed, second_over;
static char line[80];
static unsigned length;
static u64 second;

static void on_com1(struct trap *trap)
{
	(void)trap;
	while (!typed && (inb(COM1 + 5) & 1)) {
		char c = (char)inb(COM1);

		typed = c == '\r' || c == '\n';
		if (!typed && length < sizeof(line) - 1)
			line[length++] = c;
	}
	apic_eoi();
}

static void on_timer(struct trap *trap)
{
	(void)trap;
	second_over = true;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + second);
	apic_eoi();
}

static u32 pm_timer(void)
{
	u32 value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(PM_TIMER));
	return value;
}

/* TSC ticks of a second. */
static u64 measure_second(void)
{
	u32 start = pm_timer();
	u64 tsc = rdtsc();

	while (pm_timer() - start < PM_TIMER_HZ / 100)
		;
	return (rdtsc() - tsc) * 100;
}

static void ioapic_write(u32 reg, u32 value)
{
	*(volatile u32 *)IOAPIC = reg;
	*(volatile u32 *)(IOAPIC + 0x10) = value;
}

static bool is_order(const char *order)
{
	const char *p = line;

	for (; *order; order++, p++)
		if (*p != *order)
			return false;
	return !*p || *p == ' ';
}

/* The 8 characters after the order's blank. */
static u64 pattern(void)
{
	u64 value;

	__builtin_memcpy(&value, line + 5, sizeof(value));
	return value;
}

/* RAM below 4 GiB, as far as it is mapped: its end. */
static u64 ram_end(void)
{
	return MIB(1) + (u64)multiboot_info()->mem_upper * 1024;
}

static void fill(void)
{
	u64 value = pattern();

	for (volatile u64 *p = (u64 *)FIRST_FREE; p < (u64 *)ram_end(); p++)
		*p = value;
	print("FILLED\n");
}

static void scan(void)
{
	u64 value = pattern(), found = 0;

	for (volatile u64 *p = (u64 *)FIRST_FREE; p < (u64 *)ram_end(); p++)
		found += *p == value;
	for (u64 at = ram_end(); at < ram_end() + MIB(64); at += KIB(4))
		found += *(volatile u64 *)at == value;
	print_line("SCAN", found);
}

static void crash(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed none = {0, 0};

	__asm__ volatile("lidt %0; ud2" ::"m"(none));
}

static void reset(void)
{
	outb(0xcf9, 6);
}

static void power_off(void)
{
	__asm__ volatile("outw %w0, %w1" ::"a"(5 << 10 | 1 << 13), "Nd"(PM_BASE + 4));
}

static void spin(void)
{
	__asm__ volatile("cli");
	for (;;)
		;
}

static void answer(void)
{
	static const struct {
		const char *word;
		void (*fn)(void);
	} orders[] = {
	    {"fill", fill},   {"scan", scan},     {"crash", crash},
	    {"reset", reset}, {"off", power_off}, {"spin", spin},
	};

	line[length] = 0;
	print("ECHO ");
	print(line);
	print("\n");
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		if (is_order(orders[i].word))
			orders[i].fn();
	length = 0;
	typed = false;
	on_com1(NULL); /* what came meanwhile */
}

static void set_up(void)
{
	trap_set(VECTOR_TIMER, on_timer);
	trap_set(VECTOR_COM1, on_com1);
	apic_enable();
	second = measure_second();
	wrmsr(X2APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
	if (cmdline_has("tick"))
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + second);
	ioapic_write(0x10 + 2 * GSI_COM1 + 1, 0);
	ioapic_write(0x10 + 2 * GSI_COM1, VECTOR_COM1);
	outb(COM1 + 2, 7); /* FIFOs */
	outb(COM1 + 4, 0xb);
	outb(COM1 + 1, 1); /* interrupt when something was received */
}

void guest_main(void)
{
	u64 ticks = 0;

	set_up();
	print("ECHO ready\n");
	for (;;) {
		__asm__ volatile("cli");
		if (typed)
			answer();
		if (second_over) {
			second_over = false;
			print_line("TICK", ++ticks);
		}
		/* Nothing comes between the two: STI holds interrupts off for one instruction. */
		if (!typed)
			__asm__ volatile("sti; hlt");
	}
}
