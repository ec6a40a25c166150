/* SPDX-License-Identifier: BSD-2-Clause */
/* The run-time of the test guests: console, traps, local APIC, a second CPU. No libc. */
#ifndef TESTS_GUEST_LIB_GUEST_H
#define TESTS_GUEST_LIB_GUEST_H

#include "kernel/lib/types.h"

/* The guest's own code; returns to a final cli; hlt. */
void guest_main(void);
/* What the second CPU runs. */
void ap_main(void);

/* Multiboot 1 information, as far as the guests use it (Multiboot Specification 3.3). */
struct multiboot_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
} __packed;
struct multiboot_module {
	u32 start, end, string, reserved;
} __packed;
#define MULTIBOOT_BOOT_MAGIC 0x2badb002
extern u32 boot_magic, boot_info;
const struct multiboot_info *multiboot_info(void);
/* Does the command line hold this word? */
bool cmdline_has(const char *word);

/* Console: COM1. %s %u %x %llx-like: print_* keep it simple. */
void print(const char *text);
void print_dec(u64 value);
void print_hex(u64 value);
void print_line(const char *name, u64 value); /* "name value\n" */

/* Vectors: a handler, or NULL for "print and halt". For faults a fixup may be armed: the
 * next exception continues there. */
struct trap {
	u64 r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax, vector, error, rip, cs, rflags, rsp, ss;
};
typedef void (*trap_fn)(struct trap *trap);
void traps_load(void);
void trap_handler(struct trap *trap);
void trap_set(unsigned vector, trap_fn fn);
extern volatile u64 trap_fixup; /* address to go on at, 0: none */
extern volatile u64 trap_seen;  /* vector + 1 of the last exception that took the fixup */

/* Local APIC in x2APIC mode. */
void apic_enable(void);
static inline u64 rdmsr(u32 msr);
static inline void wrmsr(u32 msr, u64 value);
#define X2APIC_EOI 0x80b
#define X2APIC_SVR 0x80f
#define X2APIC_ICR 0x830
#define X2APIC_LVT_TIMER 0x832
static inline void apic_eoi(void);
static inline void apic_ipi(u32 dest, u32 vector);

/* Start the CPU with APIC ID 1 in ap_main(); or another one below AP_MAX, once the one before has
 * reached ap_main(). */
#define AP_MAX 8
void ap_launch(void);
void ap_launch_id(u32 id);

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (u64)hi << 32 | lo;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline void apic_eoi(void)
{
	wrmsr(X2APIC_EOI, 0);
}

static inline void apic_ipi(u32 dest, u32 vector)
{
	wrmsr(X2APIC_ICR, (u64)dest << 32 | 0x4000 | vector);
}

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void cpuid_regs(u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(sub));
}

/* As systems do: all of the extended state that there is. */
static inline void cpu_use_all_state(void)
{
	u32 a, b, c, d;

	cpuid_regs(0xd, 0, &a, &b, &c, &d);
	if (a)
		__asm__ volatile("xsetbv" ::"a"(a), "d"(d), "c"(0));
}

/* Whether the processor has AMD's virtualization, and its hypercall instruction, not Intel's. */
static inline bool cpu_is_amd(void)
{
	u32 a, b, c, d;

	cpuid_regs(0, 0, &a, &b, &c, &d);
	return b == 0x68747541 || b == 0x6f677948; /* "Auth"enticAMD, "Hygo"nGenuine */
}

/* Hypercall with arguments in RBX, RCX, RDX and RSI, those of KVM's interface. */
static inline u64 hypercall_args(bool amd, u64 number, u64 a0, u64 a1, u64 a2, u64 a3)
{
	u64 result;

	if (amd)
		__asm__ volatile("vmmcall"
				 : "=a"(result)
				 : "a"(number), "b"(a0), "c"(a1), "d"(a2), "S"(a3)
				 : "memory");
	else
		__asm__ volatile("vmcall"
				 : "=a"(result)
				 : "a"(number), "b"(a0), "c"(a1), "d"(a2), "S"(a3)
				 : "memory");
	return result;
}

static inline u64 hypercall(bool amd, u64 number)
{
	u64 result;

	if (amd)
		__asm__ volatile("vmmcall" : "=a"(result) : "a"(number) : "memory");
	else
		__asm__ volatile("vmcall" : "=a"(result) : "a"(number) : "memory");
	return result;
}

#endif
