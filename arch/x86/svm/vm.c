/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vCPUs of a VM share: the permission maps of MSRs and ports (APM vol. 2, 15.10.1 and
 * 15.11). */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/svm/svm.h"

static_assert(sizeof(struct svm_vm) <= PAGE_SIZE, "allocated as one page");

/* One block: three pages with a bit for each port, and three bits more, then two pages with two
 * bits for each MSR. */
#define MAPS_ORDER 3
#define IO_MAP_SIZE (3 * PAGE_SIZE)
#define MSRS_PER_RANGE 0x2000u
#define RANGE_BYTES (MSRS_PER_RANGE / 4)

/* MSRs of the guest that the VMCB holds. Not PAT: TCG would change the host's. */
static const u32 own_msrs[] = {
    MSR_IA32_STAR,         MSR_IA32_LSTAR,        MSR_IA32_CSTAR,          MSR_IA32_FMASK,
    MSR_IA32_FS_BASE,      MSR_IA32_GS_BASE,      MSR_IA32_KERNEL_GS_BASE, MSR_IA32_SYSENTER_CS,
    MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

void svm_map_pass(u8 *map, u32 msr, bool read, bool write)
{
	static const u32 ranges[] = {0, 0xc0000000, 0xc0010000};

	for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
		u32 index = msr - ranges[i];
		unsigned bits = (read ? 1u : 0) | (write ? 2u : 0);

		if (index < MSRS_PER_RANGE)
			map[i * RANGE_BYTES + index / 4] &= (u8) ~(bits << index % 4 * 2);
	}
}

void svm_msr_pass(struct virt_vm *vm, u32 msr, bool read, bool write)
{
	/* The real EFER has SVME set, which the guest is not to see. */
	if (msr == MSR_IA32_EFER)
		return;
	if (msr == MSR_IA32_SPEC_CTRL && write)
		svm_vm_of(vm)->spec_ctrl_passed = true;
	svm_map_pass(vm->msr_bitmap, msr, read, write);
	if (svm_vm_of(vm)->avic_msr_map)
		svm_map_pass(svm_vm_of(vm)->avic_msr_map, msr, read, write);
}

void svm_io_pass(struct virt_vm *vm, u16 port, u16 count)
{
	for (u32 p = port; p < (u32)port + count && p < 0x10000; p++)
		vm->io_bitmap[p / 8] &= (u8) ~(1u << (p % 8));
}

int svm_vm_create(struct virt_vm *vm)
{
	static u64 last_id;
	struct svm_vm *own = pages_alloc(0);
	int err;

	vm->backend = own;
	vm->apic_page = HPA(0);
	if (!own)
		return trace_err(ERR_NOMEM, "no memory for a VM's permission maps");
	own->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	vm->io_bitmap = pages_alloc(MAPS_ORDER);
	if (!vm->io_bitmap) {
		svm_vm_destroy(vm);
		return trace_err(ERR_NOMEM, "no memory for a VM's permission maps");
	}
	err = svm_avic_vm_create(vm);
	if (err) {
		svm_vm_destroy(vm);
		return err;
	}
	vm->msr_bitmap = vm->io_bitmap + IO_MAP_SIZE;
	/* Everything is intercepted but what is the guest's own. */
	memset(vm->io_bitmap, 0xff, PAGE_SIZE << MAPS_ORDER);
	for (size_t i = 0; i < ARRAY_SIZE(own_msrs); i++)
		svm_msr_pass(vm, own_msrs[i], true, true);
	if (virt_caps.rdtscp)
		svm_msr_pass(vm, MSR_IA32_TSC_AUX, true, true);
	return ERR_OK;
}

void svm_vm_destroy(struct virt_vm *vm)
{
	struct svm_vm *own = svm_vm_of(vm);

	if (!own)
		return;
	svm_avic_vm_destroy(own);
	pages_free(vm->io_bitmap, MAPS_ORDER);
	pages_free(own, 0);
	vm->backend = NULL;
	vm->msr_bitmap = vm->io_bitmap = NULL;
}
