/* SPDX-License-Identifier: BSD-2-Clause */
/* The pieces of the emulator; for its own files only. */
#ifndef VMM_EXIT_EMULATE_PARTS_H
#define VMM_EXIT_EMULATE_PARTS_H

#include "vmm/exit/emulate.h"

/* RFLAGS (SDM 1, 3.4.3). */
#define FLAG_CF BIT(0)
#define FLAG_PF BIT(2)
#define FLAG_AF BIT(4)
#define FLAG_ZF BIT(6)
#define FLAG_SF BIT(7)
#define FLAG_DF BIT(10)
#define FLAG_OF BIT(11)
#define FLAGS_ARITHMETIC (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

struct emulation {
	const struct insn *in;
	const struct emulate_ops *ops;
	void *ctx;
};

/*
 * op (INSN_ADD to INSN_NEG) on operands of size bytes, zero-extended; b is unused for those
 * with one. Returns the result (for cmp and test that of sub and and) cut to size, and the
 * new flags in *rflags, which are the old ones on entry.
 */
u64 emulate_alu(unsigned op, u64 a, u64 b, unsigned size, u64 *rflags);

/* Memory at a linear address, split at page borders. */
int emulate_read(const struct emulation *e, u64 linear, unsigned size, u64 *value);
int emulate_write(const struct emulation *e, u64 linear, unsigned size, u64 value);

/* offset within a segment as a linear address. */
u64 emulate_linear(const struct emulation *e, unsigned segment, u64 offset);

int emulate_string(const struct emulation *e);

#endif
