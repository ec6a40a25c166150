/* SPDX-License-Identifier: BSD-2-Clause */
/* VM entries that the processor refuses: never the hypervisor's end, only the guest's. The
 * log gets what is needed to find out why. */
#include "arch/x86/vmx/vmx.h"

/* SDM vol. 3, 31.4. */
static const char *const insn_errors[] = {
    [1] = "VMCALL in VMX root operation",    [2] = "VMCLEAR with invalid address",
    [3] = "VMCLEAR with VMXON pointer",      [4] = "VMLAUNCH with non-clear VMCS",
    [5] = "VMRESUME with non-launched VMCS", [6] = "VMRESUME after VMXOFF",
    [7] = "invalid control fields",          [8] = "invalid host-state fields",
    [9] = "VMPTRLD with invalid address",    [10] = "VMPTRLD with VMXON pointer",
    [11] = "VMPTRLD with wrong revision",    [12] = "VMREAD or VMWRITE of unsupported field",
    [13] = "VMWRITE to read-only field",     [15] = "VMXON in VMX root operation",
    [26] = "events blocked by MOV SS",       [28] = "invalid operand of INVEPT or INVVPID",
};

static const char *insn_error_name(u64 error)
{
	return error < ARRAY_SIZE(insn_errors) && insn_errors[error] ? insn_errors[error]
								     : "reserved error";
}

struct field_name {
	u16 field;
	const char *name;
};
static const struct field_name fields[] = {
    {VMCS_GUEST_RIP, "RIP"},
    {VMCS_GUEST_RSP, "RSP"},
    {VMCS_GUEST_RFLAGS, "RFLAGS"},
    {VMCS_GUEST_CR0, "CR0"},
    {VMCS_GUEST_CR3, "CR3"},
    {VMCS_GUEST_CR4, "CR4"},
    {VMCS_GUEST_EFER, "EFER"},
    {VMCS_GUEST_PAT, "PAT"},
    {VMCS_GUEST_DR7, "DR7"},
    {VMCS_GUEST_DEBUGCTL, "DEBUGCTL"},
    {VMCS_GUEST_ACTIVITY, "activity"},
    {VMCS_GUEST_INTERRUPTIBILITY, "interruptibility"},
    {VMCS_GUEST_PENDING_DEBUG, "pending debug"},
    {VMCS_GUEST_PDPTE0, "PDPTE0"},
    {VMCS_PIN_CONTROLS, "pin"},
    {VMCS_PROC_CONTROLS, "proc"},
    {VMCS_PROC2_CONTROLS, "proc2"},
    {VMCS_EXIT_CONTROLS, "exit"},
    {VMCS_ENTRY_CONTROLS, "entry"},
    {VMCS_ENTRY_INTR_INFO, "event"},
    {VMCS_ENTRY_ERROR_CODE, "event error"},
    {VMCS_ENTRY_INSN_LEN, "event length"},
    {VMCS_EPT_POINTER, "EPTP"},
    {VMCS_HOST_CR0, "host CR0"},
    {VMCS_HOST_CR3, "host CR3"},
    {VMCS_HOST_CR4, "host CR4"},
    {VMCS_HOST_EFER, "host EFER"},
    {VMCS_HOST_RIP, "host RIP"},
    {VMCS_HOST_TR_SELECTOR, "host TR"},
};

static void segments_log(void)
{
	static const char *const names[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		log_err("  %-4s %04x base %016llx limit %08x rights %05x", names[i],
			(unsigned)vmread(VMCS_SEG(VMCS_GUEST_ES_SELECTOR, i)),
			(unsigned long long)vmread(VMCS_SEG(VMCS_GUEST_ES_BASE, i)),
			(unsigned)vmread(VMCS_SEG(VMCS_GUEST_ES_LIMIT, i)),
			(unsigned)vmread(VMCS_SEG(VMCS_GUEST_ES_RIGHTS, i)));
}

static void state_log(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		log_err("  %-16s %016llx", fields[i].name,
			(unsigned long long)vmread(fields[i].field));
	segments_log();
}

void vmx_entry_refused(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	u64 error = vmread(VMCS_INSN_ERROR);

	(void)v;
	x->spec.flags &= ~(u32)VMX_LAUNCHED;
	exit->kind = VIRT_EXIT_ENTRY_FAILED;
	exit->insn_len = 0;
	exit->raw.reason = ~0ull;
	exit->raw.detail = error;
	log_err("VM entry refused: VM-instruction error %llu, %s", (unsigned long long)error,
		insn_error_name(error));
	state_log();
}

void vmx_entry_failed(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	exit->raw.reason = (u16)vmread(VMCS_EXIT_REASON);
	exit->raw.detail = vmread(VMCS_EXIT_QUALIFICATION);
	log_err("VM %s (reason %llu, qualification 0x%llx)", vmx_exit_name((u32)exit->raw.reason),
		(unsigned long long)exit->raw.reason, (unsigned long long)exit->raw.detail);
	state_log();
}
