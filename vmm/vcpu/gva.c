/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/gva.h"

#include "arch/x86/cpu/cpu.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_NX BIT(63)
#define PTE_ADDR 0x000ffffffffff000ull
#define PF_PRESENT 1u

/* One paging mode: levels of tables, index bits and entry size. */
struct walk_mode {
	unsigned levels, index_bits, entry_size;
};

static const struct walk_mode mode_32 = {2, 10, 4};
static const struct walk_mode mode_pae = {3, 9, 8};
static const struct walk_mode mode_long = {4, 9, 8};

static const struct walk_mode *walk_mode(const struct gva_state *s)
{
	if (s->efer & EFER_LMA)
		return &mode_long;
	return s->cr4 & CR4_PAE ? &mode_pae : &mode_32;
}

/* Whether an entry of this level may map a page. */
static bool is_leaf(const struct walk_mode *mode, const struct gva_state *s, unsigned level,
		    u64 entry)
{
	if (level == 1)
		return true;
	if (!(entry & PTE_PS))
		return false;
	if (mode == &mode_32)
		return s->cr4 & CR4_PSE;
	return level == 2 || (level == 3 && mode == &mode_long);
}

/* Rights that all levels of the walk grant together. */
struct walk_rights {
	bool write, user, exec;
};

static bool allowed(const struct walk_rights *r, const struct gva_state *s, u32 access)
{
	if ((access & GVA_USER) && !r->user)
		return false;
	if ((access & GVA_FETCH) && !r->exec)
		return false;
	if ((access & GVA_WRITE) && !r->write)
		return !(access & GVA_USER) && !(s->cr0 & CR0_WP);
	return true;
}

static u64 leaf_address(const struct walk_mode *mode, unsigned level, u64 entry, u64 linear)
{
	u64 size = PAGE_SIZE << (mode->index_bits * (level - 1));
	u64 base = entry & PTE_ADDR;

	/* 4 MiB pages of 32-bit paging hold address bits 32 to 39 in bits 13 to 20 (PSE-36). */
	if (mode == &mode_32 && level == 2)
		base = (entry & 0xffc00000) | ((entry >> 13) & 0xff) << 32;
	return (base & ~(size - 1)) | (linear & (size - 1));
}

static u64 read_entry(const void *p, unsigned size)
{
	return size == 4 ? __atomic_load_n((const u32 *)p, __ATOMIC_RELAXED)
			 : __atomic_load_n((const u64 *)p, __ATOMIC_RELAXED);
}

static void mark(void *p, u64 entry, u32 bits)
{
	if ((entry & bits) != bits)
		__atomic_fetch_or((u32 *)p, bits, __ATOMIC_RELAXED);
}

static u32 fault(const struct gva_state *s, u32 access, u32 present)
{
	bool nx = (s->efer & EFER_NXE) || (s->cr4 & CR4_SMEP);

	return present | (access & (nx ? GVA_WRITE | GVA_USER | GVA_FETCH : GVA_WRITE | GVA_USER));
}

int gva_translate(const struct vm_memory *m, const struct gva_state *s, u64 linear, u32 access,
		  gpa_t *out, u32 *error)
{
	struct gva_walk w;

	return gva_translate_walk(m, s, linear, access, out, error, &w);
}

int gva_translate_walk(const struct vm_memory *m, const struct gva_state *s, u64 linear, u32 access,
		       gpa_t *out, u32 *error, struct gva_walk *w)
{
	const struct walk_mode *mode = walk_mode(s);
	struct walk_rights rights = {true, true, true};
	u64 table = mode == &mode_pae ? s->cr3 & 0xffffffe0 : s->cr3 & PTE_ADDR;

	w->levels = 0;
	w->checkable = mode->entry_size == 8;
	if (!(s->cr0 & CR0_PG)) {
		*out = GPA((u32)linear);
		return 0;
	}
	for (unsigned level = mode->levels;; level--) {
		unsigned shift = PAGE_SHIFT + mode->index_bits * (level - 1);
		u64 index = (linear >> shift) & ((1u << mode->index_bits) - 1);
		bool pdpte = mode == &mode_pae && level == 3;
		void *p;
		u64 entry;

		index = pdpte ? index & 3 : index;
		p = vm_memory_ptr(m, GPA(table + index * mode->entry_size), mode->entry_size);
		if (!p)
			return ERR_RANGE;
		entry = read_entry(p, mode->entry_size);
		w->entry[w->levels] = p;
		w->value[w->levels++] = pdpte ? entry : entry | PTE_A;
		if (!(entry & PTE_P)) {
			*error = fault(s, access, 0);
			return ERR_FAULT;
		}
		if (!pdpte) {
			rights.write &= !!(entry & PTE_W);
			rights.user &= !!(entry & PTE_U);
			rights.exec &= !(entry & PTE_NX) || !(s->efer & EFER_NXE);
		}
		if (!is_leaf(mode, s, level, entry)) {
			if (!pdpte)
				mark(p, entry, PTE_A);
			table = entry & (mode->entry_size == 4 ? 0xfffff000 : PTE_ADDR);
			continue;
		}
		if (!allowed(&rights, s, access)) {
			*error = fault(s, access, PF_PRESENT);
			return ERR_FAULT;
		}
		mark(p, entry, access & GVA_WRITE ? PTE_A | PTE_D : PTE_A);
		*out = GPA(leaf_address(mode, level, entry, linear));
		return 0;
	}
}
