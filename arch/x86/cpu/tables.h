/* SPDX-License-Identifier: BSD-2-Clause */
/* Segment descriptors, task state and interrupt descriptors of a CPU. What a
 * VM exit must restore is here for the back ends. */
#ifndef ARCH_X86_CPU_TABLES_H
#define ARCH_X86_CPU_TABLES_H

#include "arch/x86/cpu/percpu.h"
#include "kernel/lib/types.h"

#define GDT_CODE 0x08
#define GDT_DATA 0x10
#define GDT_TSS 0x18

/* Numbers in the TSS's interrupt stack table, 1 to 7. */
enum ist { IST_NONE, IST_NMI, IST_MACHINE_CHECK, IST_DOUBLE_FAULT, IST_COUNT };

/* SDM vol. 3 figure 8-11. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base;
} __packed;
static_assert(sizeof(struct tss) == 104, "SDM vol. 3 figure 8-11");

struct cpu_tables {
	u64 gdt[5];
	struct tss tss;
};

/* Load GDT, TSS, IDT and segment registers of this CPU. GS and FS base stay
 * as they are. The exception stacks follow by tables_set_ist(). */
void tables_load(void);

/* Give this CPU a stack for NMI, #MC or #DF: its top, 16-byte aligned. */
void tables_set_ist(enum ist ist, void *stack_top);

/* Linear base addresses on this CPU, for the host state of a VM exit. */
u64 tables_gdt_base(void);
u64 tables_tss_base(void);
u64 tables_idt_base(void);

#endif
