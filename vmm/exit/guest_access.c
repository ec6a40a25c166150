/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/guest_access.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "vmm/vm/layout.h"

void guest_access_init(struct guest_access *a, struct vcpu *v)
{
	struct virt_vcpu *vv = &v->virt;

	a->v = v;
	a->injected = false;
	a->rip = virt->get_reg(vv, VIRT_RIP);
	a->paging.cr0 = virt->get_reg(vv, VIRT_CR0);
	a->paging.cr3 = virt->get_reg(vv, VIRT_CR3);
	a->paging.cr4 = virt->get_reg(vv, VIRT_CR4);
	a->paging.efer = virt->get_reg(vv, VIRT_EFER);
	virt->get_seg(vv, VIRT_CS, &a->cs);
	a->user = (a->cs.selector & 3) == 3 ? GVA_USER : 0;
	if ((a->paging.efer & EFER_LMA) && (a->cs.attr & VIRT_SEG_L))
		a->mode = INSN_MODE_64;
	else
		a->mode = a->cs.attr & VIRT_SEG_DB ? INSN_MODE_32 : INSN_MODE_16;
}

/* A translation that failed is the guest's own fault. */
static void blame(struct guest_access *a, u64 linear, int err, u32 error)
{
	a->injected = true;
	if (err == ERR_FAULT)
		vcpu_inject_pf(a->v, linear, error);
	else
		vm_crash(a->v->vm, a->v, "page tables outside of RAM, at linear address %#llx",
			 (unsigned long long)linear);
}

static int translate(struct guest_access *a, u64 linear, u32 access, gpa_t *gpa)
{
	u32 error = 0;
	int err =
	    gva_translate(&a->v->vm->memory, &a->paging, linear, access | a->user, gpa, &error);

	if (likely(!err))
		return 0;
	blame(a, linear, err, error);
	return ERR_FAULT;
}

/* The code at linear, up to the end of its page: NULL, and an error of gva_translate(). */
static const u8 *code_at(struct guest_access *a, u64 linear, size_t len, struct gva_walk *w,
			 int *err, u32 *error)
{
	const struct vm_memory *m = &a->v->vm->memory;
	gpa_t gpa;

	*err = gva_translate_walk(m, &a->paging, linear, GVA_FETCH | a->user, &gpa, error, w);
	return *err ? NULL : vm_memory_ptr(m, gpa, len);
}

size_t guest_access_fetch(struct guest_access *a, u8 *bytes, size_t len, struct insn_cache *c)
{
	u64 linear = a->mode == INSN_MODE_64 ? a->rip : (u32)(a->cs.base + a->rip);
	size_t room = PAGE_SIZE - (linear & (PAGE_SIZE - 1)), first = MIN(len, room);
	const u8 *code;
	u32 error = 0;
	struct gva_walk w;
	int err;

	c->code = NULL;
	code = code_at(a, linear, first, &c->walk, &err, &error);
	if (err)
		blame(a, linear, err, error);
	if (!code)
		return 0;
	memcpy(bytes, code, first);
	if (room >= INSN_CACHE_BYTES && (c->walk.checkable || !c->walk.levels)) {
		c->code = code;
		memcpy(c->bytes, code, INSN_CACHE_BYTES);
	}
	if (first == len)
		return len;
	/* A fault on the second page only matters if the instruction gets there. */
	code = code_at(a, linear + first, len - first, &w, &err, &error);
	if (!code)
		return first;
	memcpy(bytes + first, code, len - first);
	return len;
}

u64 guest_mmio_read(struct vcpu *v, u64 gpa, unsigned size)
{
	if (likely((gpa & ~0xfffull) == LAYOUT_LAPIC) && vlapic_mode(v->lapic) == VIRT_APIC_XAPIC)
		/* Registers are 32 bits wide, on 16-byte boundaries (SDM vol. 3, 11.4.1). */
		return (u64)vlapic_mmio_read(v->lapic, gpa & 0xff0) >> (gpa & 3) * 8;
	return bus_read(&v->vm->platform.mmio, gpa, size);
}

void guest_mmio_write(struct vcpu *v, u64 gpa, unsigned size, u64 value)
{
	if (likely((gpa & ~0xfffull) == LAYOUT_LAPIC) && vlapic_mode(v->lapic) == VIRT_APIC_XAPIC) {
		if (size >= 4 && !(gpa & 0xf))
			vlapic_mmio_write(v->lapic, gpa & 0xff0, (u32)value);
		vcpu_look(v);
		return;
	}
	bus_write(&v->vm->platform.mmio, gpa, size, value);
}

static u64 mask_of(unsigned size)
{
	return size == 8 ? ~0ull : BIT(size * 8) - 1;
}

static int read_part(struct guest_access *a, u64 linear, unsigned size, u64 *value)
{
	const void *p;
	gpa_t gpa;
	int err = translate(a, linear, 0, &gpa);

	if (err)
		return err;
	*value = 0;
	p = vm_memory_ptr(&a->v->vm->memory, gpa, size);
	if (p)
		memcpy(value, p, size);
	else
		*value = guest_mmio_read(a->v, gpa.v, size) & mask_of(size);
	return 0;
}

static int write_part(struct guest_access *a, u64 linear, unsigned size, u64 value)
{
	void *p;
	gpa_t gpa;
	int err = translate(a, linear, GVA_WRITE, &gpa);

	if (err)
		return err;
	p = vm_memory_ptr(&a->v->vm->memory, gpa, size);
	if (p)
		memcpy(p, &value, size);
	else
		guest_mmio_write(a->v, gpa.v, size, value & mask_of(size));
	return 0;
}

/* How much of an access lies in its first page. */
static unsigned first_part(u64 linear, unsigned size)
{
	u64 room = PAGE_SIZE - (linear & (PAGE_SIZE - 1));

	return room < size ? (unsigned)room : size;
}

int guest_access_read(void *ctx, u64 linear, unsigned size, u64 *value)
{
	unsigned first = first_part(linear, size);
	u64 high = 0;
	int err = read_part(ctx, linear, first, value);

	if (err || likely(first == size))
		return err;
	err = read_part(ctx, linear + first, size - first, &high);
	*value |= high << first * 8;
	return err;
}

int guest_access_write(void *ctx, u64 linear, unsigned size, u64 value)
{
	unsigned first = first_part(linear, size);
	int err = write_part(ctx, linear, first, value);

	if (err || likely(first == size))
		return err;
	return write_part(ctx, linear + first, size - first, value >> first * 8);
}

u64 guest_access_segment_base(void *ctx, unsigned segment)
{
	static const enum virt_seg_name names[] = {VIRT_ES, VIRT_CS, VIRT_SS,
						   VIRT_DS, VIRT_FS, VIRT_GS};
	struct guest_access *a = ctx;
	struct virt_seg seg;

	virt->get_seg(&a->v->virt, names[segment], &seg);
	return seg.base;
}
