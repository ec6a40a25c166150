/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a decoded instruction does: pure functions over callbacks, or, for the plain moves
 * that nearly all device accesses are, over an array of registers.
 */
#ifndef VMM_EXIT_EMULATE_H
#define VMM_EXIT_EMULATE_H

#include "vmm/exit/decode.h"

/* Iterations of a repeated string instruction that one insn_emulate() does. */
#define EMULATE_SLICE 64

/* insn_emulate() is not done: registers are up to date, RIP must stay. */
#define EMULATE_AGAIN 1

struct emulate_ops {
	u64 (*gpr_get)(void *ctx, unsigned reg); /* enum insn_reg, all 64 bits */
	void (*gpr_set)(void *ctx, unsigned reg, u64 value);
	u64 (*rip_get)(void *ctx); /* of the instruction itself */
	u64 (*rflags_get)(void *ctx);
	void (*rflags_set)(void *ctx, u64 rflags);
	/* Base of a segment, enum insn_segment. In 64-bit mode asked for FS and GS only. */
	u64 (*segment_base)(void *ctx, unsigned segment);
	/*
	 * Access guest memory or a device at a linear address: size is 1, 2, 4 or 8 and the
	 * access lies within one page; value is zero-extended. Limits and rights are theirs to
	 * check. A negative code ends the emulation and is returned as it is.
	 */
	int (*mem_read)(void *ctx, u64 linear, unsigned size, u64 *value);
	int (*mem_write)(void *ctx, u64 linear, unsigned size, u64 value);
};

/*
 * Perform the instruction. 0: done, the caller advances RIP by in->length. EMULATE_AGAIN: a
 * repeated one with iterations left. Negative: from a callback; registers and flags are those
 * before the instruction, or before the iteration that failed. LOCK is not made atomic with
 * respect to other processors: devices serialize by their own locks.
 */
int __must_check insn_emulate(const struct insn *in, const struct emulate_ops *ops, void *ctx);

/* The linear address of the memory operand (of the source for movs and cmps). */
u64 insn_linear_address(const struct insn *in, const struct emulate_ops *ops, void *ctx);

/* value cut to size bytes. */
static inline u64 insn_truncate(u64 value, unsigned size)
{
	return size == 8 ? value : value & ((1ull << (size * 8)) - 1);
}

/* value's lowest size bytes sign-extended. */
static inline u64 insn_sign_extend(u64 value, unsigned size)
{
	unsigned shift = 64 - size * 8;

	return (u64)((s64)(value << shift) >> shift);
}

/* A register after size bytes of value were written to it: 1 and 2 bytes leave the rest as
 * it was, 4 clear the upper half (SDM 1, 3.4.1.1). */
static inline u64 insn_merge(u64 old, u64 value, unsigned size)
{
	u64 mask;

	if (size >= 4)
		return insn_truncate(value, size);
	mask = (1ull << (size * 8)) - 1;
	return (old & ~mask) | (value & mask);
}

/* Whether the memory operand is known to begin at a page's first byte. */
static inline bool insn_starts_page(const struct insn *in, const u64 *gpr)
{
	return in->plain && !((gpr[in->base & 15] + (u64)in->disp) & 0xfff);
}

/*
 * The fast path: with all sixteen registers in gpr[] in the order of enum insn_reg.
 * For insn_is_store(): the value to be stored, in->mem_size bytes, zero-extended.
 */
static inline u64 insn_store_value(const struct insn *in, const u64 *gpr)
{
	u64 value;

	if (in->other == INSN_OTHER_IMM)
		return insn_truncate(in->imm, in->mem_size);
	value = gpr[in->reg & 15];
	if (in->flags & INSN_REG_HIGH)
		value >>= 8;
	return insn_truncate(value, in->mem_size);
}

/* For insn_is_load(): put value, of in->mem_size bytes and zero-extended, where it goes. */
static inline void insn_load_value(const struct insn *in, u64 *gpr, u64 value)
{
	u64 *reg = &gpr[in->reg & 15];

	if (in->op == INSN_MOVSX)
		value = insn_sign_extend(value, in->mem_size);
	if (in->flags & INSN_REG_HIGH)
		*reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
	else
		*reg = insn_merge(*reg, value, in->reg_size);
}

#endif
