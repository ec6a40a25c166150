/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to guest-physical addresses that are no RAM: the instruction is fetched from
 * guest memory, decoded and performed on the device that answers there.
 */
#include "vmm/exit/emulate.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/guest_access.h"
#include "vmm/vm/layout.h"

static u64 gpr_get(void *ctx, unsigned reg)
{
	return virt_gpr_get(&((struct guest_access *)ctx)->v->virt, reg);
}

static void gpr_set(void *ctx, unsigned reg, u64 value)
{
	virt_gpr_set(&((struct guest_access *)ctx)->v->virt, reg, value);
}

static u64 rip_get(void *ctx)
{
	return ((struct guest_access *)ctx)->rip;
}

static u64 rflags_get(void *ctx)
{
	return virt->get_reg(&((struct guest_access *)ctx)->v->virt, VIRT_RFLAGS);
}

static void rflags_set(void *ctx, u64 rflags)
{
	virt->set_reg(&((struct guest_access *)ctx)->v->virt, VIRT_RFLAGS, rflags);
}

static const struct emulate_ops access_ops = {
    .gpr_get = gpr_get,
    .gpr_set = gpr_set,
    .rip_get = rip_get,
    .rflags_get = rflags_get,
    .rflags_set = rflags_set,
    .segment_base = guest_access_segment_base,
    .mem_read = guest_access_read,
    .mem_write = guest_access_write,
};

u64 guest_access_operand(struct guest_access *a, const struct insn *in)
{
	return insn_linear_address(in, &access_ops, a);
}

/* A plain load or store that lies within the faulting page: the processor has told the
 * address already, so nothing has to be translated. */
static inline __attribute__((always_inline)) bool fast_path(struct vcpu *v, const struct insn *in,
							    u64 gpa)
{
	u64 offset = gpa & (PAGE_SIZE - 1);

	/* At offset 0 it might be the second half of an access that crosses the border. */
	if (offset + in->mem_size > PAGE_SIZE || (!offset && !insn_starts_page(in, v->virt.gpr)))
		return false;
	if (in->other == INSN_OTHER_REG && in->reg == INSN_RSP)
		return false;
	if (insn_is_store(in))
		guest_mmio_write(v, gpa, in->mem_size, insn_store_value(in, v->virt.gpr));
	else if (insn_is_load(in))
		insn_load_value(in, v->virt.gpr,
				insn_truncate(guest_mmio_read(v, gpa, in->mem_size), in->mem_size));
	else
		return false;
	return true;
}

/* The instruction at RIP, from guest memory, into the cache. False: there is none, and the
 * guest has got what it deserves. */
static __attribute__((noinline)) bool fetch(struct vcpu *v, struct guest_access *a, u64 gpa)
{
	struct insn_cache *c = &v->insn_cache;
	u8 bytes[INSN_MAX_LENGTH] = {0};
	size_t len;

	guest_access_init(a, v);
	len = guest_access_fetch(a, bytes, sizeof(bytes), c);
	if (a->injected)
		return false;
	if (insn_decode(bytes, len, a->mode, &c->insn)) {
		c->code = NULL;
		vm_crash(
		    v->vm, v,
		    "an instruction at %#llx that cannot be emulated accessed %#llx (%02x %02x "
		    "%02x %02x %02x %02x)",
		    (unsigned long long)a->rip, (unsigned long long)gpa, bytes[0], bytes[1],
		    bytes[2], bytes[3], bytes[4], bytes[5]);
		return false;
	}
	virt->get_code(&v->virt, &c->where);
	return true;
}

static enum vcpu_next emulate_slow(struct vcpu *v, struct guest_access *a)
{
	const struct insn *in = &v->insn_cache.insn;
	int err = insn_emulate(in, &access_ops, a);

	if (err == 0)
		virt->skip(&v->virt, in->length);
	else if (err < 0 && !a->injected)
		vm_crash(v->vm, v, "emulation of the instruction at %#llx failed: %s",
			 (unsigned long long)a->rip, err_name(err));
	return VCPU_AGAIN;
}

/* An instruction that is not in the cache. */
static __attribute__((noinline)) enum vcpu_next emulate_new(struct vcpu *v, u64 gpa)
{
	struct guest_access a;

	if (!fetch(v, &a, gpa))
		return VCPU_AGAIN;
	if (!fast_path(v, &v->insn_cache.insn, gpa))
		return emulate_slow(v, &a);
	virt->skip(&v->virt, v->insn_cache.insn.length);
	return VCPU_AGAIN;
}

/* One that is in the cache, but is more than a plain load or store. */
static __attribute__((noinline)) enum vcpu_next emulate_again(struct vcpu *v)
{
	struct guest_access a;

	guest_access_init(&a, v);
	return emulate_slow(v, &a);
}

static enum vcpu_next emulate(struct vcpu *v, u64 gpa)
{
	struct insn_cache *c = &v->insn_cache;

	virt->get_code(&v->virt, &c->now);
	if (unlikely(!insn_cache_hit(c)))
		return emulate_new(v, gpa);
	if (unlikely(!fast_path(v, &c->insn, gpa)))
		return emulate_again(v);
	virt->skip(&v->virt, c->insn.length);
	return VCPU_AGAIN;
}

enum vcpu_next exit_memory(struct vcpu *v, const struct virt_exit *exit)
{
	u64 gpa = exit->memory.gpa.v;

	/* Not what the instruction at RIP did: there is nothing to emulate. */
	if (unlikely(virt->event_pending(&v->virt))) {
		vm_crash(v->vm, v,
			 "an event could not be delivered: its tables or stack are not in RAM");
		return VCPU_AGAIN;
	}
	if (unlikely(exit->memory.page_walk)) {
		vm_crash(v->vm, v, "page tables outside of RAM, at %#llx", (unsigned long long)gpa);
		return VCPU_AGAIN;
	}
	/* What is read there is all ones, and that is no instruction. */
	if (unlikely(exit->memory.exec)) {
		vcpu_inject_ud(v);
		return VCPU_AGAIN;
	}
	return emulate(v, gpa);
}

enum vcpu_next exit_apic_access(struct vcpu *v, const struct virt_exit *exit)
{
	return emulate(v, LAYOUT_LAPIC + exit->apic.offset);
}
