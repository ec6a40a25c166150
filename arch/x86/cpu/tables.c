/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/tables.h"

#include "arch/x86/cpu/trap.h"

/* Access bytes and flags in place (SDM vol. 3 figures 3-8 and 8-4). */
#define DESC_CODE64 0x00af9b000000ffffull
#define DESC_DATA 0x00cf93000000ffffull
#define DESC_TSS_AVAILABLE (0x89ull << 40)
#define GATE_INTERRUPT 0x8eull

struct gate {
	u64 low, high;
};

struct table_register {
	u16 limit;
	u64 base;
} __packed;

static PERCPU(struct cpu_tables, tables);
static struct gate idt[256] __aligned(16);

/* The entry stubs, trap_entry.S: TRAP_STUB_SIZE bytes each. */
extern const char trap_stubs[];

static void idt_set(unsigned vector, enum ist ist)
{
	u64 entry = (u64)trap_stubs + vector * TRAP_STUB_SIZE;

	idt[vector].low = (entry & 0xffff) | GDT_CODE << 16 | (u64)ist << 32 |
			  GATE_INTERRUPT << 40 | (entry >> 16 & 0xffff) << 48;
	idt[vector].high = entry >> 32;
}

static void idt_fill(void)
{
	for (unsigned vector = 0; vector < ARRAY_SIZE(idt); vector++)
		idt_set(vector, IST_NONE);
}

static void gdt_fill(struct cpu_tables *t)
{
	u64 base = (u64)&t->tss;

	t->gdt[GDT_CODE / 8] = DESC_CODE64;
	t->gdt[GDT_DATA / 8] = DESC_DATA;
	t->gdt[GDT_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
			      DESC_TSS_AVAILABLE | (base >> 24 & 0xff) << 56;
	t->gdt[GDT_TSS / 8 + 1] = base >> 32;
	t->tss.iomap_base = sizeof(struct tss);
}

static void load_gdt(const struct cpu_tables *t)
{
	struct table_register reg = {sizeof(t->gdt) - 1, (u64)t->gdt};

	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\tmov %2, %%ds\n\t"
			 "mov %2, %%es\n\t"
			 "mov %2, %%ss\n\t"
			 "ltr %w3" ::"m"(reg),
			 "i"(GDT_CODE), "r"(GDT_DATA), "r"(GDT_TSS)
			 : "rax", "memory");
}

void tables_load(void)
{
	struct cpu_tables *t = &percpu(tables);
	struct table_register reg = {sizeof(idt) - 1, (u64)idt};

	if (this_cpu()->id == 0)
		idt_fill();
	gdt_fill(t);
	load_gdt(t);
	__asm__ volatile("lidt %0" ::"m"(reg) : "memory");
}

void tables_set_ist(enum ist ist, void *stack_top)
{
	static const u8 vectors[IST_COUNT] = {
	    [IST_NMI] = TRAP_NMI,
	    [IST_MACHINE_CHECK] = TRAP_MACHINE_CHECK,
	    [IST_DOUBLE_FAULT] = TRAP_DOUBLE_FAULT,
	};

	percpu(tables).tss.ist[ist - 1] = (u64)stack_top;
	idt_set(vectors[ist], ist);
}

u64 tables_gdt_base(void)
{
	return (u64)percpu(tables).gdt;
}

u64 tables_tss_base(void)
{
	return (u64)&percpu(tables).tss;
}

u64 tables_idt_base(void)
{
	return (u64)idt;
}
