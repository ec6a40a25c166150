/* SPDX-License-Identifier: BSD-2-Clause */
/* The host state of the VMCS: what a VM exit brings back, the same for all vCPUs on a
 * processor (SDM vol. 3, 25.5). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/vmx/vmx.h"

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

#define READ_SELECTOR(insn)                                     \
	({                                                      \
		u16 selector_;                                  \
		__asm__ volatile(insn " %0" : "=r"(selector_)); \
		selector_ & ~7u;                                \
	})

/* The base address in the 16-byte descriptor of a TSS (SDM vol. 3, 8.2.3). */
static u64 descriptor_base(const u32 *d)
{
	return (u64)d[2] << 32 | (d[1] & 0xff000000) | (d[1] & 0xff) << 16 | d[0] >> 16;
}

static void selectors_write(void)
{
	vmwrite(VMCS_HOST_CS_SELECTOR, READ_SELECTOR("mov %%cs,"));
	vmwrite(VMCS_HOST_SS_SELECTOR, READ_SELECTOR("mov %%ss,"));
	vmwrite(VMCS_HOST_DS_SELECTOR, READ_SELECTOR("mov %%ds,"));
	vmwrite(VMCS_HOST_ES_SELECTOR, READ_SELECTOR("mov %%es,"));
	vmwrite(VMCS_HOST_FS_SELECTOR, 0);
	vmwrite(VMCS_HOST_GS_SELECTOR, 0);
	vmwrite(VMCS_HOST_TR_SELECTOR, READ_SELECTOR("str"));
}

void vmx_host_state_write(void)
{
	struct table_pointer gdt, idt;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	selectors_write();
	vmwrite(VMCS_HOST_GDTR_BASE, gdt.base);
	vmwrite(VMCS_HOST_IDTR_BASE, idt.base);
	vmwrite(VMCS_HOST_TR_BASE, descriptor_base((const u32 *)(gdt.base + READ_SELECTOR("str"))));
	/* %fs:0x28 is the stack protector's, %gs:0 this_cpu(): the same structure. */
	vmwrite(VMCS_HOST_FS_BASE, (u64)this_cpu());
	vmwrite(VMCS_HOST_GS_BASE, (u64)this_cpu());
	vmwrite(VMCS_HOST_CR0, cr0_read());
	vmwrite(VMCS_HOST_CR3, cr3_read());
	vmwrite(VMCS_HOST_CR4, cr4_read());
	vmwrite(VMCS_HOST_EFER, rdmsr(MSR_IA32_EFER));
	vmwrite(VMCS_HOST_PAT, rdmsr(MSR_IA32_PAT));
	vmwrite(VMCS_HOST_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_SYSENTER_EIP, 0);
	vmwrite(VMCS_HOST_RIP, (u64)vmx_guest_exit);
}
