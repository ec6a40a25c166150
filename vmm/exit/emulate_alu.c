/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic with its flags (SDM 1, 3.4.3.1). Undefined flags are as processors leave them. */
#include "vmm/exit/emulate_parts.h"

static u64 sign_bit(unsigned size)
{
	return 1ull << (size * 8 - 1);
}

/* ZF, SF and PF, which depend on the result alone. */
static u64 flags_of_result(u64 result, unsigned size)
{
	return (result ? 0 : FLAG_ZF) | (result & sign_bit(size) ? FLAG_SF : 0) |
	       (__builtin_parity((unsigned)result & 0xff) ? 0 : FLAG_PF);
}

/* carries: for each bit, whether there was a carry (or borrow) out of it. */
static u64 flags_of_sum(u64 a, u64 b, u64 result, u64 carries, u64 overflow, unsigned size)
{
	return flags_of_result(result, size) | (carries & sign_bit(size) ? FLAG_CF : 0) |
	       (overflow & sign_bit(size) ? FLAG_OF : 0) | ((a ^ b ^ result) & FLAG_AF);
}

static u64 alu_add(u64 a, u64 b, u64 carry, unsigned size, u64 *flags)
{
	u64 result = insn_truncate(a + b + carry, size);

	*flags = flags_of_sum(a, b, result, (a & b) | ((a | b) & ~result),
			      (a ^ result) & (b ^ result), size);
	return result;
}

static u64 alu_sub(u64 a, u64 b, u64 borrow, unsigned size, u64 *flags)
{
	u64 result = insn_truncate(a - b - borrow, size);

	*flags = flags_of_sum(a, b, result, (~a & b) | (~(a ^ b) & result), (a ^ b) & (a ^ result),
			      size);
	return result;
}

static u64 alu_logic(u64 result, unsigned size, u64 *flags)
{
	*flags = flags_of_result(result, size);
	return result;
}

static u64 alu_compute(unsigned op, u64 a, u64 b, u64 carry, unsigned size, u64 *flags)
{
	switch (op) {
	case INSN_ADD:
	case INSN_XADD:
		return alu_add(a, b, 0, size, flags);
	case INSN_ADC:
		return alu_add(a, b, carry, size, flags);
	case INSN_INC:
		return alu_add(a, 1, 0, size, flags);
	case INSN_SUB:
	case INSN_CMP:
		return alu_sub(a, b, 0, size, flags);
	case INSN_SBB:
		return alu_sub(a, b, carry, size, flags);
	case INSN_DEC:
		return alu_sub(a, 1, 0, size, flags);
	case INSN_NEG:
		return alu_sub(0, a, 0, size, flags);
	case INSN_AND:
	case INSN_TEST:
		return alu_logic(a & b, size, flags);
	case INSN_OR:
		return alu_logic(a | b, size, flags);
	default:
		return alu_logic(a ^ b, size, flags);
	}
}

u64 emulate_alu(unsigned op, u64 a, u64 b, unsigned size, u64 *rflags)
{
	u64 changed = FLAGS_ARITHMETIC, flags, result;

	if (op == INSN_NOT)
		return insn_truncate(~a, size);
	if (op == INSN_INC || op == INSN_DEC)
		changed &= ~FLAG_CF;
	result = alu_compute(op, a, b, *rflags & FLAG_CF, size, &flags);
	*rflags = (*rflags & ~changed) | (flags & changed);
	return result;
}
