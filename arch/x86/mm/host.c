/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/mm/host.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/spin.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/mm/radix.h"
#include "arch/x86/smp/smp.h"
#include "kernel/lib/err.h"

/* linker/core.lds */
extern const char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern const char __data_start[], __image_end[], boot_stack_guard[], boot_stack[];

u64 image_phys;

#define PML4_HALF 256
#define FLUSH_ALL_ABOVE (32 * PAGE_SIZE)

static struct radix space;
static struct spin space_lock;
static u64 stack_next = STACK_BASE;

static int table_alloc(void *ctx, hpa_t *page)
{
	void *p = pages_alloc(0);

	(void)ctx;
	if (!p)
		return ERR_NOMEM;
	*page = virt_to_hpa(p);
	return 0;
}

static void table_free(void *ctx, hpa_t page)
{
	(void)ctx;
	pages_free(hpa_to_virt(page), 0);
}

static void *table_virt(void *ctx, hpa_t page)
{
	(void)ctx;
	return hpa_to_virt(page);
}

static const struct radix_mem_ops table_ops = {
    .alloc = table_alloc,
    .free = table_free,
    .virt = table_virt,
};

void host_alias_identity(void)
{
	u64 *root = (u64 *)ALIGN_DOWN(cr3_read(), PAGE_SIZE);

	for (u32 i = 0; i < PML4_HALF - 1; i++)
		root[PML4_HALF + i] = root[i];
	cr3_write(cr3_read());
}

int host_map(u64 va, hpa_t pa, u64 size, unsigned perm, enum mem_type type)
{
	int err;

	spin_lock(&space_lock);
	err = radix_map(&space, va, pa, size, perm, type);
	spin_unlock(&space_lock);
	return err;
}

/* [from, to) of the image. */
static int map_image_part(const char *from, const char *to, unsigned perm)
{
	u64 size = ALIGN_UP((u64)to, PAGE_SIZE) - (u64)from;

	return size ? host_map((u64)from, virt_to_hpa(from), size, perm, MEM_WB) : 0;
}

static int map_image(void)
{
	int err = map_image_part(__text_start, __text_end, RADIX_RX);

	if (!err)
		err = map_image_part(__rodata_start, __rodata_end, RADIX_R);
	if (!err)
		err = map_image_part(__data_start, boot_stack_guard, RADIX_RW);
	if (!err)
		err = map_image_part(boot_stack, __image_end, RADIX_RW);
	return err;
}

static int map_direct(const struct host_ram *ram, u32 count)
{
	u64 constant = ALIGN_UP((u64)__rodata_end, PAGE_SIZE) - (u64)__text_start;

	for (u32 i = 0; i < count; i++) {
		int err = host_map(DIRECT_BASE + ram[i].base, HPA(ram[i].base), ram[i].size,
				   RADIX_RW, MEM_WB);

		if (err)
			return err;
	}
	/* What is constant in the image must be so by its second address, too. */
	return radix_protect(&space, DIRECT_BASE + virt_to_hpa(__text_start).v, constant, RADIX_R);
}

int host_space_init(const struct host_ram *ram, u32 count)
{
	int err = radix_init(&space, &radix_format_host, &table_ops, NULL);

	if (err)
		return err;
	if (!cpu_features()->page_1g)
		radix_limit_leaf(&space, RADIX_2M);
	err = map_image();
	return err ? err : map_direct(ram, count);
}

void host_space_enter(void)
{
	const struct cpu_features *f = cpu_features();
	u64 cr4 = cr4_read() & ~(CR4_PCIDE | CR4_FSGSBASE | CR4_PKE);

	wrmsr(MSR_IA32_EFER, (rdmsr(MSR_IA32_EFER) | EFER_NXE) & ~EFER_SCE);
	if (f->pat)
		wrmsr(MSR_IA32_PAT, RADIX_HOST_PAT);
	cr0_write((cr0_read() | CR0_WP) & ~(CR0_CD | CR0_NW));
	/* PGE off and on again: nothing global of the firmware's survives. */
	cr4_write(cr4 & ~CR4_PGE);
	cr3_write(space.root.v);
	cr4 |= (f->pge ? CR4_PGE : 0) | (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) |
	       (f->umip ? CR4_UMIP : 0) | (f->mce ? CR4_MCE : 0);
	cr4_write(cr4);
}

u64 host_space_root(void)
{
	return space.root.v;
}

int host_map_identity(hpa_t pa, u64 size, unsigned perm)
{
	return host_map(pa.v, pa, size, perm, MEM_WB);
}

void host_unmap_identity(hpa_t pa, u64 size)
{
	spin_lock(&space_lock);
	if (radix_unmap(&space, pa.v, size))
		log_warn("cannot unmap %llx", (unsigned long long)pa.v);
	spin_unlock(&space_lock);
	smp_tlb_flush(pa.v, size);
	spin_lock(&space_lock);
	radix_flushed(&space);
	spin_unlock(&space_lock);
}

void *host_stack_alloc(u64 size)
{
	void *memory = pages_alloc(pages_order(size));
	u64 va = __atomic_fetch_add(&stack_next, size + PAGE_SIZE, __ATOMIC_RELAXED) + PAGE_SIZE;

	if (!memory)
		return NULL;
	if (host_map(va, virt_to_hpa(memory), size, RADIX_RW, MEM_WB)) {
		pages_free(memory, pages_order(size));
		return NULL;
	}
	return (void *)(va + size);
}

/* Whether the tables have something at va; the lock may be held by whoever
 * faulted, so it is not taken. */
static bool is_mapped(u64 va)
{
	struct radix_leaf leaf;

	return !radix_lookup(&space, va, &leaf);
}

bool host_is_guard(u64 va)
{
	if (va - (u64)boot_stack_guard < PAGE_SIZE)
		return true;
	return va - STACK_BASE < stack_next - STACK_BASE && !is_mapped(va);
}

bool host_is_stack(u64 va)
{
	if (va >= (u64)boot_stack && va < (u64)__image_end)
		return true;
	return va - STACK_BASE < stack_next - STACK_BASE && is_mapped(va);
}

bool host_is_ram(hpa_t pa, u64 size)
{
	struct radix_leaf leaf;

	for (u64 at = pa.v; at < pa.v + size; at = ALIGN_DOWN(at, leaf.size) + leaf.size)
		if (radix_lookup(&space, DIRECT_BASE + at, &leaf))
			return false;
	return true;
}

void host_tlb_flush_local(u64 va, u64 size)
{
	if (size > FLUSH_ALL_ABOVE) {
		u64 cr4 = cr4_read();

		cr4_write(cr4 & ~CR4_PGE);
		cr4_write(cr4);
		return;
	}
	for (u64 at = va; at < va + size; at += PAGE_SIZE)
		invlpg(at);
}

u64 host_space_tables(void)
{
	return space.stats.tables;
}
