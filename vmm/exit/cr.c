/* SPDX-License-Identifier: BSD-2-Clause */
/* Control registers and XCR0: what the processor itself would refuse gives #GP, the rest
 * goes to the back end (SDM vol. 3, 2.5 and 2.6). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/xsave.h"
#include "vmm/exit/emulate.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/guest_access.h"
#include "vmm/exit/system_insn.h"
#include "vmm/vcpu/gva.h"

#define CR0_RESERVED_HIGH 0xffffffff00000000ull

static bool cr0_valid(struct vcpu *v, u64 value)
{
	u64 efer = virt->get_reg(&v->virt, VIRT_EFER);
	u64 cr4 = virt->get_reg(&v->virt, VIRT_CR4);
	struct virt_seg cs;

	if (value & CR0_RESERVED_HIGH)
		return false;
	if ((value & CR0_PG) && !(value & CR0_PE))
		return false;
	if ((value & CR0_NW) && !(value & CR0_CD))
		return false;
	/* Entering and leaving long mode needs PAE and a 16 or 32-bit code segment. */
	virt->get_seg(&v->virt, VIRT_CS, &cs);
	if (!(value & CR0_PG))
		return !(cr4 & CR4_PCIDE) && !((efer & EFER_LMA) && (cs.attr & VIRT_SEG_L));
	if (!(efer & EFER_LME))
		return true;
	return (cr4 & CR4_PAE) && ((efer & EFER_LMA) || !(cs.attr & VIRT_SEG_L));
}

/* CR4 bits that the guest was told of by CPUID, besides those every 64-bit processor has. */
static u64 cr4_allowed(struct vcpu *v)
{
	static const struct {
		u64 bit;
		u32 leaf;
		u8 reg, position;
	} by_cpuid[] = {
	    {CR4_FSGSBASE, 7, 1, 0}, {CR4_SMEP, 7, 1, 7}, {CR4_SMAP, 7, 1, 20},
	    {CR4_UMIP, 7, 2, 2},     {CR4_PKE, 7, 2, 3},  {CR4_PCIDE, 1, 2, 17},
	    {CR4_OSXSAVE, 1, 2, 26},
	};
	u64 allowed = 0x7ff; /* VME to OSXMMEXCPT */

	for (size_t i = 0; i < ARRAY_SIZE(by_cpuid); i++)
		if (cpuid_policy_has(&v->vm->cpuid, by_cpuid[i].leaf, by_cpuid[i].reg,
				     by_cpuid[i].position))
			allowed |= by_cpuid[i].bit;
	return allowed;
}

static bool cr4_valid(struct vcpu *v, u64 value)
{
	u64 old = virt->get_reg(&v->virt, VIRT_CR4);
	bool long_mode = virt->get_reg(&v->virt, VIRT_EFER) & EFER_LMA;

	if (value & ~cr4_allowed(v))
		return false;
	if (long_mode && !(value & CR4_PAE))
		return false;
	if (!(old & CR4_PCIDE) && (value & CR4_PCIDE))
		return long_mode && !(virt->get_reg(&v->virt, VIRT_CR3) & 0xfff);
	return true;
}

#define PDPTES 4
/* Of which a change loads the PDPTEs; a write of CR3 always does (SDM vol. 3, 4.4.1). */
#define CR0_LOADS (CR0_CD | CR0_NW | CR0_PG)
#define CR4_LOADS (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

/* Whether a write that is valid otherwise loads the four PDPTEs of PAE paging, and from where. */
static bool loads_pdptes(struct vcpu *v, u8 nr, u64 value, gpa_t *table)
{
	u64 cr[5] = {[0] = virt->get_reg(&v->virt, VIRT_CR0),
		     [3] = virt->get_reg(&v->virt, VIRT_CR3),
		     [4] = virt->get_reg(&v->virt, VIRT_CR4)};
	u64 changed = cr[nr] ^ value;

	cr[nr] = value;
	*table = GPA(cr[3] & 0xffffffe0);
	if (!(cr[0] & CR0_PG) || !(cr[4] & CR4_PAE) ||
	    (virt->get_reg(&v->virt, VIRT_EFER) & EFER_LME))
		return false;
	return nr == 3 || (changed & (nr ? CR4_LOADS : CR0_LOADS));
}

/* False: the write gives #GP, and changes nothing. What is no RAM reads as all ones. */
static bool read_pdptes(struct vcpu *v, gpa_t table, u64 entries[PDPTES])
{
	unsigned phys_bits = cpu_features()->phys_bits;

	if (vm_memory_read(&v->vm->memory, table, entries, PDPTES * sizeof(*entries)))
		return false;
	for (unsigned i = 0; i < PDPTES; i++)
		if (!gva_pdpte_valid(entries[i], phys_bits))
			return false;
	return true;
}

static bool cr_valid(struct vcpu *v, u8 nr, u64 value)
{
	switch (nr) {
	case 0:
		return cr0_valid(v, value);
	case 3:
		return true;
	case 4:
		return cr4_valid(v, value);
	case 8:
		return !(value & ~0xfull);
	default:
		return false;
	}
}

static void write_tpr(struct vcpu *v, u64 value)
{
	vlapic_set_tpr(v->lapic, (u8)(value << 4));
	vcpu_look(v);
}

static bool write_cr(struct vcpu *v, u8 nr, u64 value)
{
	u64 entries[PDPTES];
	bool load;
	gpa_t table;

	if (!cr_valid(v, nr, value))
		return false;
	if (nr == 8) {
		write_tpr(v, value);
		return true;
	}
	if (nr == 3)
		value &= ~BIT(63);
	load = loads_pdptes(v, nr, value, &table);
	if (load && !read_pdptes(v, table, entries))
		return false;
	virt->set_reg(&v->virt, nr == 0 ? VIRT_CR0 : nr == 3 ? VIRT_CR3 : VIRT_CR4, value);
	for (unsigned i = 0; load && i < PDPTES; i++)
		virt->set_reg(&v->virt, (enum virt_reg)(VIRT_PDPTE0 + i), entries[i]);
	return true;
}

static u64 read_cr(struct vcpu *v, u8 nr)
{
	switch (nr) {
	case 0:
		return virt->get_reg(&v->virt, VIRT_CR0);
	case 3:
		return virt->get_reg(&v->virt, VIRT_CR3);
	case 4:
		return virt->get_reg(&v->virt, VIRT_CR4);
	default:
		return vlapic_get_tpr(v->lapic) >> 4;
	}
}

static bool access_operand(struct vcpu *v, const struct insn_system *in, bool write, u64 *value)
{
	struct guest_access a;
	u64 linear, old;

	if (!in->memory) {
		old = virt_gpr_get(&v->virt, in->insn.reg);
		if (write)
			virt_gpr_set(&v->virt, in->insn.reg,
				     insn_merge(old, *value, in->insn.reg_size));
		else
			*value = old;
		return true;
	}
	guest_access_init(&a, v);
	linear = guest_access_operand(&a, &in->insn);
	return !(write ? guest_access_write(&a, linear, 2, *value)
		       : guest_access_read(&a, linear, 2, value));
}

/* LMSW can set PE, and cannot clear it. */
#define CR0_LMSW (CR0_PE | CR0_MP | CR0_EM | CR0_TS)

/* Find out what the instruction is, and complete exit. False: there is nothing left to do. */
static bool decode_cr(struct vcpu *v, struct virt_exit *exit)
{
	struct insn_system in;
	u64 cr0 = virt->get_reg(&v->virt, VIRT_CR0), value;

	if (!system_insn_decode(v, &in))
		return false;
	exit->insn_len = in.insn.length;
	exit->cr.nr = in.cr;
	exit->cr.gpr = in.insn.reg;
	exit->cr.op = VIRT_CR_WRITE;
	switch (in.op) {
	case INSN_SYSTEM_READ_CR:
		exit->cr.op = VIRT_CR_READ;
		return true;
	case INSN_SYSTEM_WRITE_CR:
		value = virt_gpr_get(&v->virt, in.insn.reg);
		exit->cr.value = in.insn.mode == INSN_MODE_64 ? value : (u32)value;
		return true;
	case INSN_SYSTEM_CLTS:
		exit->cr.value = cr0 & ~CR0_TS;
		return true;
	case INSN_SYSTEM_LMSW:
		exit->cr.value = cr0 & ~(CR0_LMSW & ~CR0_PE);
		if (!access_operand(v, &in, false, &value))
			return false;
		exit->cr.value |= value & CR0_LMSW;
		return true;
	case INSN_SYSTEM_SMSW:
		if (access_operand(v, &in, true, &cr0))
			virt->skip(&v->virt, in.insn.length);
		return false;
	default: /* another processor of the guest has changed it meanwhile: once more */
		return false;
	}
}

static enum vcpu_next access_cr(struct vcpu *v, const struct virt_exit *exit)
{
	if (exit->cr.op == VIRT_CR_READ) {
		virt_gpr_set(&v->virt, exit->cr.gpr, read_cr(v, exit->cr.nr));
	} else if (!write_cr(v, exit->cr.nr, exit->cr.value)) {
		vcpu_inject_gp(v);
		return VCPU_AGAIN;
	}
	return exit_skip(v, exit);
}

enum vcpu_next exit_cr(struct vcpu *v, const struct virt_exit *exit)
{
	struct virt_exit decoded;

	if (likely(exit->cr.op != VIRT_CR_DECODE))
		return access_cr(v, exit);
	decoded = *exit;
	return decode_cr(v, &decoded) ? access_cr(v, &decoded) : VCPU_AGAIN;
}

enum vcpu_next exit_xsetbv(struct vcpu *v, const struct virt_exit *exit)
{
	u64 value = exit_edx_eax(v);

	/* #UD without OSXSAVE and #GP at CPL > 0 come before the exit. */
	if ((u32)v->virt.gpr[VIRT_RCX] != 0 || !xsave_xcr0_valid(value, xsave_guest_xcr0())) {
		vcpu_inject_gp(v);
		return VCPU_AGAIN;
	}
	virt->set_reg(&v->virt, VIRT_XCR0, value);
	return exit_skip(v, exit);
}
