/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR0, CR4 and EFER: what the guest sees, and what the hardware holds.
 *
 * Bits that the guest owns are changed by it without an exit; all others show it a shadow
 * and exit when written. Unrestricted guest lets it own PE and PG: the processor itself
 * keeps EFER.LMA and the "IA-32e mode guest" control right (IA32_VMX_MISC bit 5) and
 * loads the PAE page-directory pointers.
 */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/vmx/vmx.h"

#define CR0_OWNED (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_WP | CR0_AM | CR0_PG)
/* Those that every 64-bit processor has: no CPUID policy can hide them. */
#define CR4_OWNED                                                                       \
	(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCE | \
	 CR4_OSFXSR | CR4_OSXMMEXCPT)

static u64 owned4(void)
{
	return CR4_OWNED & vmx_caps.msrs.cr4_fixed1 & ~vmx_caps.msrs.cr4_fixed0;
}

void vmx_cr_masks_write(void)
{
	vmwrite(VMCS_CR0_MASK, ~(u64)CR0_OWNED);
	vmwrite(VMCS_CR4_MASK, ~owned4());
}

u64 vmx_cr0_get(void)
{
	return (vmread(VMCS_GUEST_CR0) & CR0_OWNED) | (vmread(VMCS_CR0_SHADOW) & ~(u64)CR0_OWNED);
}

u64 vmx_cr4_get(void)
{
	return (vmread(VMCS_GUEST_CR4) & owned4()) | (vmread(VMCS_CR4_SHADOW) & ~owned4());
}

/* LMA, and the control that must agree with it, follow from EFER.LME and CR0.PG. */
static void long_mode_update(struct vmx_vcpu *x, u64 efer, u64 cr0)
{
	u64 entry = vmread(VMCS_ENTRY_CONTROLS) & ~ENTRY_IA32E;

	efer &= ~EFER_LMA;
	if ((efer & EFER_LME) && (cr0 & CR0_PG)) {
		efer |= EFER_LMA;
		entry |= ENTRY_IA32E;
	}
	vmwrite(VMCS_GUEST_EFER, efer);
	vmwrite(VMCS_ENTRY_CONTROLS, entry);
	x->todo |= TODO_VPID;
}

/* Caching stays enabled whatever the guest writes: CD and NW are not guest state in the
 * VMCS and would outlast the exit. */
void vmx_cr0_set(struct vmx_vcpu *x, u64 value)
{
	u64 fixed0 = vmx_caps.msrs.cr0_fixed0 & ~(CR0_PE | CR0_PG);
	u64 real = (value & ~(CR0_CD | CR0_NW)) | fixed0 | CR0_ET;

	vmwrite(VMCS_GUEST_CR0, real & vmx_caps.msrs.cr0_fixed1);
	vmwrite(VMCS_CR0_SHADOW, value);
	long_mode_update(x, vmread(VMCS_GUEST_EFER), value);
}

/* VMXE must be set and is hidden; SMXE never is; machine checks stay enabled, for without
 * CR4.MCE one would shut the processor down. */
void vmx_cr4_set(struct vmx_vcpu *x, u64 value)
{
	u64 real = (value & ~CR4_SMXE) | vmx_caps.msrs.cr4_fixed0 | (cr4_read() & CR4_MCE);

	vmwrite(VMCS_GUEST_CR4, real & vmx_caps.msrs.cr4_fixed1);
	vmwrite(VMCS_CR4_SHADOW, value);
	vmx_osxsave_set(x, value & CR4_OSXSAVE);
	x->todo |= TODO_VPID;
}

void vmx_efer_set(struct vmx_vcpu *x, u64 value)
{
	long_mode_update(x, value, vmread(VMCS_GUEST_CR0));
}
