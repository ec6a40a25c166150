/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vCPUs of a VM share: bitmaps of intercepted MSRs and ports, and the
 * page behind the xAPIC's addresses. */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/vmx/vmx.h"

static_assert(sizeof(struct vmx_vm) <= PAGE_SIZE, "allocated as one page");

/*
 * The bitmaps are one block: two pages for 64 Ki ports, one bit each, one for the MSRs, one
 * for the MSRs in x2APIC mode. Some processors read bits of the highest ports together with
 * the byte behind them, which must not be a page that means something else, like the APIC's.
 */
#define BITMAPS_ORDER 2
#define IO_BITMAP_SIZE (2 * PAGE_SIZE)

/* MSRs of the guest that hardware keeps apart from the host's: kept ones are swapped by
 * load(), the others have VMCS fields. */
static const u32 own_msrs[] = {
    MSR_IA32_STAR,           MSR_IA32_LSTAR,       MSR_IA32_CSTAR,
    MSR_IA32_FMASK,          MSR_IA32_FS_BASE,     MSR_IA32_GS_BASE,
    MSR_IA32_KERNEL_GS_BASE, MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP,
    MSR_IA32_SYSENTER_EIP,   MSR_IA32_PAT,
};

void vmx_bitmap_pass(u8 *bitmap, u32 msr, bool read, bool write)
{
	u32 index = msr & 0x1fff;
	u8 *half = bitmap + (msr >= 0xc0000000 ? 0x400 : 0);

	if ((msr & ~0x1fffu) != 0 && (msr & ~0x1fffu) != 0xc0000000)
		return;
	if (read)
		half[index / 8] &= (u8) ~(1u << (index % 8));
	if (write)
		half[0x800 + index / 8] &= (u8) ~(1u << (index % 8));
}

void vmx_msr_pass(struct virt_vm *vm, u32 msr, bool read, bool write)
{
	struct vmx_vm *own = vmx_vm_of(vm);

	write = write && !vmx_msr_is_known(msr);
	if (msr == MSR_IA32_SPEC_CTRL && write)
		own->spec_ctrl_passed = true;
	vmx_bitmap_pass(vm->msr_bitmap, msr, read, write);
	if (own->x2apic_msr_bitmap)
		vmx_bitmap_pass(own->x2apic_msr_bitmap, msr, read, write);
}

void vmx_io_pass(struct virt_vm *vm, u16 port, u16 count)
{
	for (u32 p = port; p < (u32)port + count && p < 0x10000; p++)
		vm->io_bitmap[p / 8] &= (u8) ~(1u << (p % 8));
}

/* Everything is intercepted but what is the guest's own. */
static void bitmaps_init(struct virt_vm *vm)
{
	struct vmx_vm *own = vmx_vm_of(vm);

	memset(vm->io_bitmap, 0xff, PAGE_SIZE << BITMAPS_ORDER);
	if (own->x2apic_msr_bitmap)
		vmx_apic_bitmap_init(own->x2apic_msr_bitmap, &virt_caps);
	for (size_t i = 0; i < ARRAY_SIZE(own_msrs); i++)
		vmx_msr_pass(vm, own_msrs[i], true, true);
	if (virt_caps.rdtscp)
		vmx_msr_pass(vm, MSR_IA32_TSC_AUX, true, true);
}

int vmx_vm_create(struct virt_vm *vm)
{
	static u64 last_id;
	struct vmx_vm *own = pages_alloc(0);

	vm->backend = own;
	if (!own)
		return trace_err(ERR_NOMEM, "no memory for a VM's bitmaps");
	own->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	vm->io_bitmap = pages_alloc(BITMAPS_ORDER);
	if (virt_caps.apic_access)
		own->apic_page = pages_alloc(0);
	if (!vm->io_bitmap || (virt_caps.apic_access && !own->apic_page)) {
		vmx_vm_destroy(vm);
		return trace_err(ERR_NOMEM, "no memory for a VM's bitmaps");
	}
	vm->msr_bitmap = vm->io_bitmap + IO_BITMAP_SIZE;
	if (virt_caps.x2apic_virt)
		own->x2apic_msr_bitmap = vm->msr_bitmap + PAGE_SIZE;
	vm->apic_page = own->apic_page ? virt_to_hpa(own->apic_page) : HPA(0);
	bitmaps_init(vm);
	return ERR_OK;
}

void vmx_vm_destroy(struct virt_vm *vm)
{
	struct vmx_vm *own = vmx_vm_of(vm);

	if (!own)
		return;
	pages_free(own->apic_page, 0);
	pages_free(vm->io_bitmap, BITMAPS_ORDER);
	pages_free(own, 0);
	vm->backend = NULL;
	vm->msr_bitmap = vm->io_bitmap = NULL;
	vm->apic_page = HPA(0);
}
