/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does what it should not; the command line says what:
 * msrs vmx ports mmio triple-fault halt-off cr flood. Whatever survives says "HOSTILE done".
 */
#include "tests/guest/lib/guest.h"

/* Run one instruction that may fault: vector + 1 of the exception, 0 if none. */
#define TRY(insn, ...)                                                       \
	({                                                                   \
		trap_seen = 0;                                               \
		__asm__ volatile("lea 1f(%%rip), %%r11\n\t"                  \
				 "mov %%r11, trap_fixup\n\t" insn "\n1:\n\t" \
				 "movq $0, trap_fixup" ::__VA_ARGS__         \
				 : "r11", "memory", "rax", "rdx");           \
		trap_seen;                                                   \
	})

static void read_msrs(u32 first, u32 last)
{
	u64 faults = 0, read = 0;

	for (u32 msr = first; msr <= last; msr++) {
		if (TRY("rdmsr", "c"(msr)))
			faults++;
		else
			read++;
	}
	print_line("HOSTILE msrs-readable", read);
	print_line("HOSTILE msrs-refused", faults);
}

static void all_msrs(void)
{
	read_msrs(0, 0x1fff);
	read_msrs(0xc0000000, 0xc0001fff);
}

/* SVM's, where the processor has these instead. */
static void svm_instructions(void)
{
	u64 wrong = 0;

	wrong += TRY("xor %%eax, %%eax; vmrun %%rax", "c"(0)) != 7;
	wrong += TRY("xor %%eax, %%eax; vmload %%rax", "c"(0)) != 7;
	wrong += TRY("xor %%eax, %%eax; vmsave %%rax", "c"(0)) != 7;
	wrong += TRY("stgi", "c"(0)) != 7;
	wrong += TRY("clgi", "c"(0)) != 7;
	wrong += TRY("xor %%eax, %%eax; skinit %%eax", "c"(0)) != 7;
	wrong += TRY("xor %%eax, %%eax; invlpga %%rax, %%ecx", "c"(0)) != 7;
	print_line("HOSTILE vmx-not-refused", wrong);
}

static void vmx_instructions(void)
{
	static u64 operand;
	u64 wrong = 0;

	if (cpu_is_amd()) {
		svm_instructions();
		return;
	}
	wrong += TRY("vmxon %0", "m"(operand)) != 7;
	wrong += TRY("vmclear %0", "m"(operand)) != 7;
	wrong += TRY("vmptrld %0", "m"(operand)) != 7;
	wrong += TRY("vmptrst %0", "m"(operand)) != 7;
	wrong += TRY("vmxoff", "m"(operand)) != 7;
	wrong += TRY("vmlaunch", "m"(operand)) != 7;
	wrong += TRY("vmresume", "m"(operand)) != 7;
	wrong += TRY("vmread %%rax, %%rdx", "m"(operand)) != 7;
	wrong += TRY("vmwrite %%rax, %%rdx", "m"(operand)) != 7;
	wrong += TRY("xor %%eax, %%eax; invept %0, %%rax", "m"(operand)) != 7;
	wrong += TRY("xor %%eax, %%eax; invvpid %0, %%rax", "m"(operand)) != 7;
	print_line("HOSTILE vmx-not-refused", wrong);
}

static void all_ports(void)
{
	/* Not those by which a guest turns itself off. */
	for (u32 port = 0; port < 0x10000; port++) {
		u32 value;

		if (port == 0x64 || port == 0x92 || port == 0xcf9 || (port & ~0x7fu) == 0x600)
			continue;
		__asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(port));
		if (port < 0x3f8 || port > 0x3ff)
			__asm__ volatile("outl %0, %w1" ::"a"(value), "d"(port));
		outb((u16)port == 0x3f8 ? 0x80 : (u16)port, inb((u16)port));
	}
}

static void unmapped_mmio(void)
{
	volatile u64 *p = (volatile u64 *)0xd0000000ull;
	u64 wrong = 0;

	for (u64 i = 0; i < MIB(64) / 8; i += 64) {
		p[i] = i;
		wrong += p[i] != ~0ull;
	}
	print_line("HOSTILE mmio-not-ones", wrong);
}

static void control_registers(void)
{
	u64 refused = 0;

	refused += TRY("mov %0, %%cr0", "r"(0x80000000ull)) == 14;    /* PG without PE */
	refused += TRY("mov %0, %%cr4", "r"(0x2000ull | 0x20)) == 14; /* VMXE */
	refused += TRY("mov %0, %%cr4", "r"(0ull)) == 14;             /* no PAE in long mode */
	refused += TRY("mov %0, %%cr4", "r"(~0ull)) == 14;
	refused += TRY("xor %%eax, %%eax; xor %%edx, %%edx; xsetbv", "c"(0)) == 14;
	refused += TRY("mov $-1, %%eax; mov %%eax, %%edx; xsetbv", "c"(0)) == 14;
	/* Half of AMX's state, AVX without SSE, and no paging in 64-bit code. */
	refused += TRY("mov $0x20007, %%eax; xor %%edx, %%edx; xsetbv", "c"(0)) == 14;
	refused += TRY("mov $5, %%eax; xor %%edx, %%edx; xsetbv", "c"(0)) == 14;
	refused +=
	    TRY("mov %%cr0, %%rax; bts $30, %%rax; btr $31, %%rax; mov %%rax, %%cr0", "c"(0)) == 14;
	print_line("HOSTILE cr-refused-of-9", refused);
}

static void triple_fault(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed none = {0, 0};

	print("HOSTILE now\n");
	__asm__ volatile("lidt %0; ud2" ::"m"(none));
}

/* Exits as fast as can be, for ever. */
static void flood(void)
{
	u32 a, b, c, d;

	print("HOSTILE now\n");
	for (;;) {
		cpuid_regs(0, 0, &a, &b, &c, &d);
		outb(0x80, 0);
	}
}

void guest_main(void)
{
	static const struct {
		const char *word;
		void (*fn)(void);
	} deeds[] = {
	    {"msrs", all_msrs},      {"vmx", vmx_instructions}, {"ports", all_ports},
	    {"mmio", unmapped_mmio}, {"cr", control_registers}, {"triple-fault", triple_fault},
	    {"flood", flood},
	};

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (!cmdline_has(deeds[i].word))
			continue;
		deeds[i].fn();
		print("HOSTILE did ");
		print(deeds[i].word);
		print("\n");
	}
	print("HOSTILE done\n");
}
