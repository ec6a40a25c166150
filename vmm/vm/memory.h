/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory: one contiguous block of host RAM, aligned to the largest leaf
 * that its size and the hardware allow, and the nested page table that maps it.
 */
#ifndef VMM_VM_MEMORY_H
#define VMM_VM_MEMORY_H

#include "arch/x86/mm/radix.h"
#include "arch/x86/virt.h"
#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vm/load.h"

#define VM_E820_MAX 8

struct vm_memory {
	hpa_t ram;  /* host address of guest RAM's first byte */
	u64 size;   /* bytes */
	u64 mapped; /* of these, from the first on, in nested */
	bool lost;  /* it is not to be used again */
	struct radix nested;
	struct ticketlock lock; /* of nested, once vCPUs run */
	struct e820_entry e820[VM_E820_MAX];
	u32 e820_count;
};

/* Allocate size bytes (a multiple of 1 MiB), of which none are mapped yet. The contents are
 * whatever they were: clear before the guest runs. */
int __must_check vm_memory_create(struct vm_memory *m, u64 size);
/* Map some more of them as vmm/vm/layout.h says, at most a few hundred leaves. 1: there is more to
 * map, 0: all are mapped, or an error. */
int __must_check vm_memory_map(struct vm_memory *m);
void vm_memory_destroy(struct vm_memory *m);

/* The i-th stretch of guest RAM as it is mapped: size bytes at gpa are at m->ram + offset. False:
 * there are no more. */
struct vm_ram {
	u64 gpa, offset, size;
};
bool vm_memory_part(const struct vm_memory *m, u32 i, struct vm_ram *out);

/*
 * Registers of a device among the guest's physical addresses, uncached, while its vCPUs run; where
 * there is RAM or something else: ERR_EXIST. Unmapping: every vCPU has forgotten them before it
 * runs on; the caller kicks those that run. Table pages that it leaves are kept until the VM is
 * destroyed, so the caller bounds how often.
 */
int __must_check vm_memory_map_device(struct vm_memory *m, u64 gpa, hpa_t regs, u64 size);
int __must_check vm_memory_unmap_device(struct vm_memory *m, u64 gpa, u64 size);

/* Host address of [gpa, gpa + len), or NULL unless all of it is RAM. len > 0. */
void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len);

/* Copy from or to guest RAM; ERR_FAULT unless all of it is RAM. */
int __must_check vm_memory_read(const struct vm_memory *m, gpa_t gpa, void *to, u64 len);
int __must_check vm_memory_write(const struct vm_memory *m, gpa_t gpa, const void *from, u64 len);

/* The accessor that guest loaders use; ctx is the struct vm_memory. */
extern const struct guest_mem_ops vm_memory_load_ops;

#endif
