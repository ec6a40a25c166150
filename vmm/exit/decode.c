/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/decode.h"

#include "vmm/exit/decode_parts.h"

/* The register operand named by ModRM.reg. Without REX, byte registers 4 to 7 are AH to BH. */
static inline void decode_register(struct decoder *d, unsigned size)
{
	unsigned reg = d->modrm >> 3 & 7;
	struct insn *out = d->out;

	out->other = INSN_OTHER_REG;
	if (size == 1 && !d->rex && reg >= 4) {
		out->flags |= INSN_REG_HIGH;
		reg -= 4;
	}
	out->reg = (u8)(reg | (d->rex & REX_R ? 8 : 0));
}

static inline void decode_immediate(struct decoder *d, unsigned size)
{
	d->out->other = INSN_OTHER_IMM;
	d->out->imm = (u64)(size == 1 ? decode_s8(d) : size == 2 ? decode_s16(d) : decode_s32(d));
}

/* mov between the accumulator and an absolute offset, A0 to A3. */
static void decode_offset(struct decoder *d)
{
	struct insn *out = d->out;

	out->other = INSN_OTHER_REG;
	out->reg = INSN_RAX;
	if (out->address_size == 8)
		out->disp = decode_s64(d);
	else if (out->address_size == 4)
		out->disp = (s64)(u32)decode_s32(d);
	else
		out->disp = (s64)(u16)decode_s16(d);
	decode_default_segment(out, false);
}

/* String instructions: their operands are implied. */
static void decode_string(struct insn *out)
{
	out->base = INSN_RSI;
	if (out->op == INSN_STOS || out->op == INSN_SCAS)
		out->base = INSN_RDI;
	if (out->op != INSN_MOVS && out->op != INSN_CMPS) {
		out->other = INSN_OTHER_REG;
		out->reg = INSN_RAX;
	}
	decode_default_segment(out, false);
}

/* Replace a group's opcode by the member that ModRM.reg selects. */
static inline const struct opcode *decode_group(const struct decoder *d, const struct opcode *op)
{
	return &opcode_groups[op->op][d->modrm >> 3 & 7];
}

/* Sizes that are not the operand size: byte operands, narrow sources, the stack. */
static inline void decode_operand_sizes(struct decoder *d, const struct opcode *op)
{
	struct insn *out = d->out;

	if (op->attributes & OPCODE_STACK && d->operand_size == 4 && out->mode == INSN_MODE_64)
		d->operand_size = 8;
	out->mem_size = out->reg_size = op->attributes & OPCODE_BYTE ? 1 : d->operand_size;
	if (op->form == FORM_EXTEND) {
		out->mem_size = MIN(op->attributes & OPCODE_SOURCE, d->operand_size);
		out->reg_size = d->operand_size;
	}
}

/* The operand that follows ModRM and its displacement. */
static inline int decode_other(struct decoder *d, const struct opcode *op)
{
	struct insn *out = d->out;

	switch (op->form) {
	case FORM_REG:
		decode_register(d, out->reg_size);
		return ERR_OK;
	case FORM_IMM:
		decode_immediate(d, out->mem_size);
		return ERR_OK;
	case FORM_EXTEND:
		decode_register(d, out->reg_size);
		return ERR_OK;
	case FORM_IMM8:
		decode_immediate(d, 1);
		return ERR_OK;
	case FORM_SINGLE:
		return ERR_OK;
	default:
		return ERR_UNSUPPORTED;
	}
}

/* Instructions with a ModRM byte, which must name memory. */
static inline int decode_modrm(struct decoder *d, const struct opcode *op)
{
	struct insn *out = d->out;

	d->modrm = decode_u8(d);
	if (op->form == FORM_GROUP)
		op = decode_group(d, op);
	if (d->modrm >= 0xc0 || op->form == FORM_NONE)
		return ERR_UNSUPPORTED;
	if (unlikely(op->attributes & OPCODE_64 && out->mode != INSN_MODE_64))
		return ERR_UNSUPPORTED;
	out->op = op->op;
	out->flags |= op->flags;
	decode_operand_sizes(d, op);
	if (unlikely(out->address_size == 2))
		decode_memory16(d);
	else
		decode_memory32(d);
	if (unlikely(out->flags & INSN_LOCK && !(op->attributes & OPCODE_LOCK)))
		return ERR_INVAL;
	return decode_other(d, op);
}

static int decode_implied(struct decoder *d, const struct opcode *op)
{
	struct insn *out = d->out;

	if (out->flags & INSN_LOCK)
		return ERR_INVAL;
	out->op = op->op;
	out->flags |= op->flags;
	decode_operand_sizes(d, op);
	if (op->form == FORM_OFFSET)
		decode_offset(d);
	else
		decode_string(out);
	return ERR_OK;
}

static inline int decode_opcode(struct decoder *d)
{
	const struct opcode *op;
	u8 byte;

	if (decode_prefixes(d, &byte))
		return ERR_UNSUPPORTED;
	op = &opcode_one[byte];
	if (byte == 0x0f)
		op = &opcode_two[decode_u8(d)];
	if (op->form == FORM_NONE)
		return ERR_UNSUPPORTED;
	decode_sizes(d);
	if (unlikely(op->form >= FORM_IMPLIED))
		return decode_implied(d, op);
	return decode_modrm(d, op);
}

int insn_decode_any(const u8 *bytes, size_t len, enum insn_mode mode, struct insn *out)
{
	struct decoder d;

	decoder_init(&d, bytes, len, mode, out);
	return decoder_finish(&d, bytes, len, decode_opcode(&d));
}
