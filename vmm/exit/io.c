/* SPDX-License-Identifier: BSD-2-Clause */
/* Port I/O: IN and OUT, and the string forms in bounded slices. */
#include "arch/x86/cpu/cpu.h"
#include "vmm/exit/emulate.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/guest_access.h"
#include "vmm/exit/system_insn.h"

/* One element of INS or OUTS. ERR_FAULT: the guest got an exception. */
static int string_element(struct guest_access *a, const struct virt_exit *exit, unsigned reg)
{
	struct bus *ports = &a->v->vm->platform.ports;
	u64 offset = insn_truncate(virt_gpr_get(&a->v->virt, reg), exit->io.addr_size);
	struct virt_seg seg = {0};
	u64 value;
	int err;

	/* INS always uses ES; in 64-bit mode only FS and GS have a base. */
	virt->get_seg(&a->v->virt, exit->io.in ? VIRT_ES : (enum virt_seg_name)exit->io.seg, &seg);
	if (a->mode != INSN_MODE_64)
		offset = (u32)(seg.base + offset);
	else if (!exit->io.in && (exit->io.seg == VIRT_FS || exit->io.seg == VIRT_GS))
		offset += seg.base;
	if (exit->io.in)
		return guest_access_write(a, offset, exit->io.size,
					  bus_read(ports, exit->io.port, exit->io.size));
	err = guest_access_read(a, offset, exit->io.size, &value);
	if (!err)
		bus_write(ports, exit->io.port, exit->io.size, value);
	return err;
}

static void advance(struct vcpu *v, unsigned reg, s64 by, unsigned addr_size)
{
	u64 old = virt_gpr_get(&v->virt, reg);

	virt_gpr_set(&v->virt, reg, insn_merge(old, old + (u64)by, addr_size));
}

/* Where the processor tells neither segment nor address size. False: the exit is over. */
static bool decode_string(struct vcpu *v, struct virt_exit *exit)
{
	struct insn_system in;

	if (!system_insn_decode(v, &in) || in.op != INSN_SYSTEM_IO)
		return false;
	exit->io.addr_size = in.insn.address_size;
	if (!exit->io.in)
		exit->io.seg = in.insn.segment;
	return true;
}

/* Not inlined: what it needs on the stack would be paid for by every IN and OUT. */
static __attribute__((noinline)) enum vcpu_next string_io(struct vcpu *v,
							  const struct virt_exit *exit)
{
	unsigned reg = exit->io.in ? VIRT_RDI : VIRT_RSI;
	unsigned addr_size = exit->io.addr_size;
	struct guest_access a;
	s64 step = exit->io.size;

	guest_access_init(&a, v);
	if (virt->get_reg(&v->virt, VIRT_RFLAGS) & BIT(10)) /* DF */
		step = -step;
	for (unsigned i = 0; i < EMULATE_SLICE; i++) {
		if (exit->io.rep && !insn_truncate(v->virt.gpr[VIRT_RCX], addr_size))
			return exit_skip(v, exit);
		if (string_element(&a, exit, reg))
			return VCPU_AGAIN;
		advance(v, reg, step, addr_size);
		if (!exit->io.rep)
			return exit_skip(v, exit);
		advance(v, VIRT_RCX, -1, addr_size);
	}
	return VCPU_AGAIN;
}

static __attribute__((noinline)) enum vcpu_next exit_io_string(struct vcpu *v,
							       const struct virt_exit *exit)
{
	struct virt_exit decoded = *exit;

	if (!decoded.io.addr_size && !decode_string(v, &decoded))
		return VCPU_AGAIN;
	return string_io(v, &decoded);
}

enum vcpu_next exit_io(struct vcpu *v, const struct virt_exit *exit)
{
	struct bus *ports = &v->vm->platform.ports;
	u64 *rax = &v->virt.gpr[VIRT_RAX];
	unsigned size = exit->io.size;

	if (unlikely(exit->io.string))
		return exit_io_string(v, exit);
	if (exit->io.in)
		*rax = insn_merge(*rax, bus_read(ports, exit->io.port, size), size);
	else
		bus_write(ports, exit->io.port, size, *rax);
	return exit_skip(v, exit);
}
