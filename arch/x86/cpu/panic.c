/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch/x86/console/early.h"
#include "arch/x86/cpu/backtrace.h"
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/smp/smp.h"

#define PANIC_NOBODY (~0u)
/* The CPU that panics; another that does meanwhile only stops. */
static u32 panic_owner = PANIC_NOBODY;
static bool panic_nested;

static const struct panic_ops early_ops = {
    .begin = early_console_panic,
    .write = early_console_write,
};
static const struct panic_ops *panic_ops = &early_ops;

void panic_register(const struct panic_ops *ops)
{
	panic_ops = ops;
}

static __printf(1, 2) void panic_print(const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	panic_ops->write(line, strlen(line));
}

struct named_register {
	const char *name;
	u64 value;
};

static void panic_print_list(const struct named_register *regs, u32 count)
{
	for (u32 i = 0; i < count; i++)
		panic_print("%s %016llx%s", regs[i].name, (unsigned long long)regs[i].value,
			    i % 4 == 3 || i == count - 1 ? "\n" : "  ");
}

static void panic_print_registers(const struct trap_frame *f)
{
	const struct named_register regs[] = {
	    {"rip", f->rip},     {"rsp", f->rsp},     {"rfl", f->rflags},  {"rax", f->rax},
	    {"rbx", f->rbx},     {"rcx", f->rcx},     {"rdx", f->rdx},     {"rsi", f->rsi},
	    {"rdi", f->rdi},     {"rbp", f->rbp},     {"r8 ", f->r8},      {"r9 ", f->r9},
	    {"r10", f->r10},     {"r11", f->r11},     {"r12", f->r12},     {"r13", f->r13},
	    {"r14", f->r14},     {"r15", f->r15},     {"cr0", cr0_read()}, {"cr2", cr2_read()},
	    {"cr3", cr3_read()}, {"cr4", cr4_read()},
	};

	panic_print_list(regs, ARRAY_SIZE(regs));
}

/* Of a panic without a trap: those that our own calls have not changed since. */
static void panic_print_own_registers(u64 rip)
{
	u64 rflags = 0;

	__asm__ volatile("pushfq; pop %0" : "=r"(rflags));
	const struct named_register regs[] = {
	    {"rip", rip},        {"rsp", (u64)__builtin_frame_address(0)},
	    {"rfl", rflags},     {"gs ", (u64)this_cpu()},
	    {"cr0", cr0_read()}, {"cr2", cr2_read()},
	    {"cr3", cr3_read()}, {"cr4", cr4_read()},
	};

	panic_print_list(regs, ARRAY_SIZE(regs));
}

static void panic_print_call(void *ctx, u64 address, const char *name, u64 offset)
{
	(void)ctx;
	panic_print("  %016llx %s+0x%llx\n", (unsigned long long)address, name,
		    (unsigned long long)offset);
}

/* The first caller owns the panic; a second CPU stops, a panic inside of the
 * panic halts after one line. */
static void panic_enter(void)
{
	u32 nobody = PANIC_NOBODY;

	__asm__ volatile("cli");
	if (!__atomic_compare_exchange_n(&panic_owner, &nobody, this_cpu()->id, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (nobody != this_cpu()->id)
			smp_stop_self();
		if (panic_nested)
			cpu_halt_forever();
		/* Perhaps the output itself is broken. */
		panic_nested = true;
		panic_ops = &early_ops;
	}
	panic_ops->begin();
}

/* rip: where it was called, without a frame. */
static __noreturn void panic_finish(const struct trap_frame *frame, void *rip, const char *fmt,
				    va_list ap)
{
	char text[160];

	panic_enter();
	vsnprintf(text, sizeof(text), fmt, ap);
	panic_print("\n*** HANOK PANIC: %s\n", text);
	if (panic_nested)
		cpu_halt_forever();
	panic_print("cpu %u (apic %x), %u of %u others stopped\n", this_cpu()->id,
		    this_cpu()->apic_id, smp_stop_others(), cpu_count() - 1);
	if (frame)
		panic_print_registers(frame);
	else
		panic_print_own_registers((u64)rip);
	panic_print("backtrace:\n");
	if (frame) {
		backtrace_symbolize(frame->rip, panic_print_call, NULL);
		backtrace_walk(frame->rbp, panic_print_call, NULL);
	} else {
		backtrace_walk((u64)__builtin_frame_address(0), panic_print_call, NULL);
	}
	panic_print("the machine has to be reset\n");
	cpu_halt_forever();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_finish(NULL, __builtin_return_address(0), fmt, ap);
}

void panic_frame(const struct trap_frame *frame, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_finish(frame, NULL, fmt, ap);
}

/* Called by what the compiler's stack protector inserts. */
__noreturn void __stack_chk_fail(void);
__noreturn void __stack_chk_fail(void)
{
	panic("stack smashed, found in %p", __builtin_return_address(0));
}
