/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that C has no words for: CPUID, MSRs, control registers,
 * TSC, fences. With HANOK_HOST the privileged ones do not execute: MSRs go to
 * cpu_host_rdmsr/cpu_host_wrmsr (weak; a test may define its own).
 */
#ifndef ARCH_X86_CPU_CPU_H
#define ARCH_X86_CPU_CPU_H

#include "arch/x86/cpu/msr.h"
#include "kernel/lib/types.h"

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline void compiler_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Order earlier stores and loads before later ones, also towards devices. */
static inline void memory_barrier(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

/* Write back and invalidate the cache line that holds p. */
static inline void cache_line_flush(const void *p)
{
	__asm__ volatile("clflush (%0)" ::"r"(p) : "memory");
}

/* Control register bits, SDM vol. 3 ch. 2.5. */
#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)
#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_LA57 BIT(12)
#define CR4_VMXE BIT(13)
#define CR4_SMXE BIT(14)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)
#define CR4_CET BIT(23)

#define RFLAGS_CF BIT(0)
#define RFLAGS_FIXED BIT(1)
#define RFLAGS_ZF BIT(6)
#define RFLAGS_TF BIT(8)
#define RFLAGS_IF BIT(9)
#define RFLAGS_RF BIT(16)
#define RFLAGS_VM BIT(17)
#define RFLAGS_AC BIT(18)

#ifdef HANOK_HOST

u64 cpu_host_rdmsr(u32 msr);
void cpu_host_wrmsr(u32 msr, u64 value);
__attribute__((weak)) u64 cpu_host_rdmsr(u32 msr)
{
	(void)msr;
	return 0;
}
__attribute__((weak)) void cpu_host_wrmsr(u32 msr, u64 value)
{
	(void)msr;
	(void)value;
}

static inline u64 rdmsr(u32 msr)
{
	return cpu_host_rdmsr(msr);
}
static inline void wrmsr(u32 msr, u64 value)
{
	cpu_host_wrmsr(msr, value);
}
static inline __must_check int rdmsr_safe(u32 msr, u64 *value)
{
	*value = cpu_host_rdmsr(msr);
	return 0;
}
static inline __must_check int wrmsr_safe(u32 msr, u64 value)
{
	cpu_host_wrmsr(msr, value);
	return 0;
}
static inline __must_check int xsetbv_safe(u64 value)
{
	(void)value;
	return 0;
}

#define CPU_HOST_CR_(name)                         \
	static inline u64 name##_read(void)        \
	{                                          \
		return 0;                          \
	}                                          \
	static inline void name##_write(u64 value) \
	{                                          \
		(void)value;                       \
	}
CPU_HOST_CR_(cr0)
CPU_HOST_CR_(cr3)
CPU_HOST_CR_(cr4)
CPU_HOST_CR_(cr8)
CPU_HOST_CR_(cr2)
#undef CPU_HOST_CR_
static inline void invlpg(u64 va)
{
	(void)va;
}
static inline void irq_window(void)
{
}
/* Tests that sleep bring them along. */
void cpu_idle(void);
void cpu_monitor(const void *line);
void cpu_mwait(void);
static inline __noreturn void cpu_halt_forever(void)
{
	__builtin_trap();
}

#else

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* An entry of the fixup table: #GP or #UD at label 1 continues at label 2. */
#define EX_TABLE_ENTRY                      \
	".pushsection .ex_table, \"a\"\n\t" \
	".balign 8\n\t"                     \
	".quad 1b, 2b\n\t"                  \
	".popsection\n\t"

/* Like rdmsr; ERR_FAULT (-9) and *value = 0 when the processor refuses. */
static inline __must_check int rdmsr_safe(u32 msr, u64 *value)
{
	u32 lo = 0, hi = 0;
	int err = -9;

	__asm__ volatile("1: rdmsr\n\txor %2, %2\n2:\n\t" EX_TABLE_ENTRY
			 : "+a"(lo), "+d"(hi), "+r"(err)
			 : "c"(msr));
	*value = (u64)hi << 32 | lo;
	return err;
}

/* Like wrmsr; ERR_FAULT (-9) when the processor refuses. */
static inline __must_check int wrmsr_safe(u32 msr, u64 value)
{
	int err = -9;

	__asm__ volatile("1: wrmsr\n\txor %0, %0\n2:\n\t" EX_TABLE_ENTRY
			 : "+r"(err)
			 : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
	return err;
}

/* Set XCR0; ERR_FAULT (-9) when the processor refuses the combination. */
static inline __must_check int xsetbv_safe(u64 value)
{
	int err = -9;

	__asm__ volatile("1: xsetbv\n\txor %0, %0\n2:\n\t" EX_TABLE_ENTRY
			 : "+r"(err)
			 : "c"(0), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
	return err;
}

#define CPU_CR_(name)                                                            \
	static inline u64 name##_read(void)                                      \
	{                                                                        \
		u64 value;                                                       \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value)::"memory"); \
		return value;                                                    \
	}                                                                        \
	static inline void name##_write(u64 value)                               \
	{                                                                        \
		__asm__ volatile("mov %0, %%" #name ::"r"(value) : "memory");    \
	}
CPU_CR_(cr0)
CPU_CR_(cr2)
CPU_CR_(cr3)
CPU_CR_(cr4)
CPU_CR_(cr8)
#undef CPU_CR_

static inline void invlpg(u64 va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/* Take what interrupts are pending, then go on with interrupts off. */
static inline void irq_window(void)
{
	__asm__ volatile("sti; nop; cli" ::: "memory");
}

/* Sleep until an interrupt, take it, return with interrupts off. The caller
 * has checked with interrupts off that there is nothing to do. */
static inline void cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

/* Watch a cache line; then sleep in C1 until it is written, or an interrupt is pending,
 * which is not taken. With mwait_break of cpu_features(). */
static inline void cpu_monitor(const void *line)
{
	__asm__ volatile("monitor" ::"a"(line), "c"(0), "d"(0) : "memory");
}
static inline void cpu_mwait(void)
{
	__asm__ volatile("mwait" ::"a"(0), "c"(1) : "memory");
}

static inline __noreturn void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

#endif

/* Set XCR0 to a value known to be valid; reads it back by xgetbv. */
static inline void xsetbv(u64 value)
{
#ifndef HANOK_HOST
	__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
#else
	(void)value;
#endif
}

static inline u64 xgetbv(void)
{
#ifndef HANOK_HOST
	u32 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (u64)hi << 32 | lo;
#else
	return 0;
#endif
}

#endif
