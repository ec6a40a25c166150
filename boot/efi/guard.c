/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/guard.h"

#include "boot/efi/print.h"

#define MSR_FS_BASE 0xc0000100u

static struct {
	u8 below[0x28];
	u64 canary;
} area __aligned(64);

static u64 msr_read(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static void msr_write(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

u64 guard_enter(void)
{
	u64 saved = msr_read(MSR_FS_BASE);

	area.canary = __builtin_ia32_rdtsc() << 8;
	msr_write(MSR_FS_BASE, (u64)(uintptr_t)&area);
	return saved;
}

void guard_leave(u64 saved)
{
	msr_write(MSR_FS_BASE, saved);
}

void __stack_chk_fail(void);
__noreturn void __stack_chk_fail(void)
{
	print_line("hanok: a stack overflow while the configuration was read: "
		   "check hanok.dtb, then restart the machine");
	for (;;)
		__asm__ volatile("cli; hlt");
}
