/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to what a guest's instruction names: memory at linear addresses, whether RAM
 * or device, with the rights of the code that runs.
 */
#ifndef VMM_EXIT_GUEST_ACCESS_H
#define VMM_EXIT_GUEST_ACCESS_H

#include "vmm/exit/decode.h"
#include "vmm/exit/insn_cache.h"
#include "vmm/vcpu/gva.h"
#include "vmm/vcpu/vcpu.h"

/* Read once per emulated instruction. */
struct guest_access {
	struct vcpu *v;
	struct gva_state paging;
	struct virt_seg cs;
	u64 rip, rflags;
	u32 user; /* GVA_USER at CPL 3 */
	enum insn_mode mode;
	bool injected; /* an exception was injected: the instruction is over */
};

void guest_access_init(struct guest_access *a, struct vcpu *v);

/*
 * Fetch up to len bytes of code at RIP; returns how many could be had. 0: an exception was
 * injected, or the VM crashed. c is made to hold where they came from, if it can be checked
 * again cheaply; the instruction and what identifies it are left to the caller.
 */
size_t guest_access_fetch(struct guest_access *a, u8 *bytes, size_t len, struct insn_cache *c);

/* One access of 1, 2, 4 or 8 bytes, split at page borders. ERR_FAULT: an exception was
 * injected or the VM crashed. Signatures as in struct emulate_ops. */
int __must_check guest_access_read(void *ctx, u64 linear, unsigned size, u64 *value);
int __must_check guest_access_write(void *ctx, u64 linear, unsigned size, u64 value);

/* The base of a segment, enum insn_segment. */
u64 guest_access_segment_base(void *ctx, unsigned segment);

/* The linear address of an instruction's memory operand. */
u64 guest_access_operand(struct guest_access *a, const struct insn *in);

/* An access to guest-physical memory that is no RAM. */
u64 guest_mmio_read(struct vcpu *v, u64 gpa, unsigned size);
void guest_mmio_write(struct vcpu *v, u64 gpa, unsigned size, u64 value);

#endif
