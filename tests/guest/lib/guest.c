/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/guest/lib/guest.h"

#define COM1 0x3f8
#define SIPI_PAGE 0x8000ull
#define MSR_APIC_BASE 0x1b

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
} __packed;

extern char trap_stubs[], ap_start[], ap_start_end[];
extern u32 ap_stack;
static struct idt_gate idt[256];
static trap_fn handlers[256];
volatile u64 trap_fixup, trap_seen;

/* The compiler may call these. */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n)
{
	void *p = to;

	__asm__ volatile("rep movsb" : "+D"(p), "+S"(from), "+c"(n)::"memory");
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *p = to;

	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(byte) : "memory");
	return to;
}

static void put(char c)
{
	while (!(inb(COM1 + 5) & 0x20))
		;
	outb(COM1, (u8)c);
}

void print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

static void print_base(u64 value, unsigned base)
{
	char digits[24];
	unsigned i = sizeof(digits) - 1;

	digits[i] = 0;
	do {
		digits[--i] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	print(digits + i);
}

void print_dec(u64 value)
{
	print_base(value, 10);
}

void print_hex(u64 value)
{
	print("0x");
	print_base(value, 16);
}

void print_line(const char *name, u64 value)
{
	print(name);
	print(" ");
	print_dec(value);
	print("\n");
}

const struct multiboot_info *multiboot_info(void)
{
	return (const struct multiboot_info *)(u64)boot_info;
}

bool cmdline_has(const char *word)
{
	const char *p = (const char *)(u64)multiboot_info()->cmdline;

	while (*p) {
		const char *w = word;

		while (*p == ' ')
			p++;
		for (; *w && *p == *w; p++, w++)
			;
		if (!*w && (!*p || *p == ' '))
			return true;
		while (*p && *p != ' ')
			p++;
	}
	return false;
}

void traps_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr = {sizeof(idt) - 1, (u64)idt};

	for (unsigned i = 0; i < 256; i++) {
		u64 stub = (u64)trap_stubs + i * 16;

		idt[i] = (struct idt_gate){.offset_low = (u16)stub,
					   .selector = 8,
					   .type = 0x8e,
					   .offset_mid = (u16)(stub >> 16),
					   .offset_high = (u32)(stub >> 32)};
	}
	__asm__ volatile("lidt %0" ::"m"(idtr));
}

void trap_set(unsigned vector, trap_fn fn)
{
	handlers[vector] = fn;
}

void trap_handler(struct trap *trap)
{
	if (handlers[trap->vector & 0xff]) {
		handlers[trap->vector & 0xff](trap);
		return;
	}
	if (trap->vector < 32 && trap_fixup) {
		trap_seen = trap->vector + 1;
		trap->rip = trap_fixup;
		trap_fixup = 0;
		return;
	}
	print_line("UNEXPECTED TRAP", trap->vector);
	print_line("at", trap->rip);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void apic_enable(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
	wrmsr(X2APIC_SVR, 0x1ff);
}

void ap_launch_id(u32 id)
{
	static u8 stacks[AP_MAX][16384] __aligned(16);

	ap_stack = (u32)(u64)stacks[id] + sizeof(stacks[id]);
	memcpy((void *)SIPI_PAGE, ap_start, (size_t)(ap_start_end - ap_start));
	wrmsr(X2APIC_ICR, (u64)id << 32 | 0x4500);
	wrmsr(X2APIC_ICR, (u64)id << 32 | 0x4600 | SIPI_PAGE >> 12);
}

void ap_launch(void)
{
	ap_launch_id(1);
}

__attribute__((weak)) void ap_main(void)
{
}
