/* SPDX-License-Identifier: BSD-2-Clause */
/* Processor state at a guest's entry; see load_ram.h. */
#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/vm/load_ram.h"

#define SEL_CODE 0x10
#define SEL_DATA 0x18
#define STACK_SIZE 4096

/* Attributes as in struct virt_seg (SDM vol. 3, 3.4.5). */
#define ATTR_CODE64 0xa9b
#define ATTR_CODE32 0xc9b
#define ATTR_DATA 0xc93
#define ATTR_TSS_BUSY 0x08b

#define CR0_PE BIT(0)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_PG BIT(31)
#define CR4_PAE BIT(5)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define RFLAGS_FIXED BIT(1)

#define PTE_P_RW (BIT(0) | BIT(1))
#define PTE_LARGE BIT(7)
#define PTES 512
#define IDENTITY_GIB 4

static u64 descriptor(u16 attr)
{
	return 0xffff | (u64)(attr & 0xff) << 40 | (u64)0xf << 48 | (u64)(attr >> 8) << 52;
}

static int state_common(struct load_low *low, struct boot_state *s, u16 code_attr)
{
	u64 stack;
	u64 *gdt;

	memset(s, 0, sizeof(*s));
	gdt = load_low_alloc(low, 4 * sizeof(*gdt), 16, &s->gdt_base);
	if (!gdt || !load_low_alloc(low, STACK_SIZE, 4096, &stack))
		return ERR_RANGE;
	gdt[SEL_CODE / 8] = descriptor(code_attr);
	gdt[SEL_DATA / 8] = descriptor(ATTR_DATA);
	s->gdt_limit = 4 * sizeof(*gdt) - 1;
	s->rsp = stack + STACK_SIZE;
	s->rflags = RFLAGS_FIXED;
	s->cr0 = CR0_PE | CR0_ET | CR0_NE;
	s->cs = (struct virt_seg){.limit = 0xffffffff, .selector = SEL_CODE, .attr = code_attr};
	s->data = (struct virt_seg){.limit = 0xffffffff, .selector = SEL_DATA, .attr = ATTR_DATA};
	s->tr = (struct virt_seg){.limit = 0x67, .attr = ATTR_TSS_BUSY};
	return 0;
}

int load_state_protected32(struct load_low *low, struct boot_state *s)
{
	int err = state_common(low, s, ATTR_CODE32);

	s->mode = BOOT_MODE_PROTECTED32;
	return err;
}

/* Identity map of the first 4 GiB with 2 MiB pages (SDM vol. 3, 4.5). */
static int identity_map(struct load_low *low, u64 *cr3)
{
	u64 pml4_gpa, pdpt_gpa, pd_gpa;
	u64 *pml4 = load_low_alloc(low, PAGE_SIZE, PAGE_SIZE, &pml4_gpa);
	u64 *pdpt = load_low_alloc(low, PAGE_SIZE, PAGE_SIZE, &pdpt_gpa);
	u64 *pd = load_low_alloc(low, IDENTITY_GIB * PAGE_SIZE, PAGE_SIZE, &pd_gpa);

	if (!pml4 || !pdpt || !pd)
		return ERR_RANGE;
	pml4[0] = pdpt_gpa | PTE_P_RW;
	for (unsigned i = 0; i < IDENTITY_GIB; i++)
		pdpt[i] = (pd_gpa + i * PAGE_SIZE) | PTE_P_RW;
	for (u64 i = 0; i < IDENTITY_GIB * PTES; i++)
		pd[i] = MIB(2) * i | PTE_P_RW | PTE_LARGE;
	*cr3 = pml4_gpa;
	return 0;
}

int load_state_long64(struct load_low *low, struct boot_state *s)
{
	int err = state_common(low, s, ATTR_CODE64);

	if (!err)
		err = identity_map(low, &s->cr3);
	s->mode = BOOT_MODE_LONG64;
	s->cr0 |= CR0_PG;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	return err;
}
