/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction that a vCPU had emulated last. A driver's accesses to a device come from
 * few places, so the next one often is the same: then neither the guest's page tables have
 * to be walked nor the instruction to be decoded. A hit is verified each time, entry by
 * entry of the walk and byte by byte of the code, so there is nothing to invalidate.
 */
#ifndef VMM_EXIT_INSN_CACHE_H
#define VMM_EXIT_INSN_CACHE_H

#include "arch/x86/virt.h"
#include "vmm/exit/decode.h"
#include "vmm/vcpu/gva.h"

/* Bytes compared: the longest instruction and one more. */
#define INSN_CACHE_BYTES 16

struct insn_cache {
	struct virt_code where;
	struct virt_code now; /* to be compared with it; here, to spare the stack */
	const u8 *code;       /* where the bytes lie; NULL: empty */
	u64 bytes[INSN_CACHE_BYTES / 8];
	struct gva_walk walk;
	struct insn insn;
};

/* With c->now set. */
static inline bool insn_cache_hit(const struct insn_cache *c)
{
	const u64 *code = (const u64 *)c->code;

	return code && c->where.rip == c->now.rip && c->where.cr3 == c->now.cr3 &&
	       c->where.mode == c->now.mode && gva_walk_holds(&c->walk) && code[0] == c->bytes[0] &&
	       code[1] == c->bytes[1];
}

#endif
