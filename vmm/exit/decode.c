/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/decode.h"

#include "vmm/exit/decode_table.h"

/* Where decoding is. Running out of bytes is noted and checked for once, at the end. */
struct decoder {
	const u8 *next, *end;
	struct insn *out;
	u8 rex; /* the prefix, 0: none */
	u8 modrm;
	u8 operand_size; /* 2, 4, 8 */
	bool operand_override, address_override, short_read;
	bool rip_relative;
};

static inline bool decode_room(struct decoder *d, unsigned bytes)
{
	if (likely((size_t)(d->end - d->next) >= bytes))
		return true;
	d->short_read = true;
	return false;
}

static inline u8 decode_u8(struct decoder *d)
{
	return decode_room(d, 1) ? *d->next++ : 0;
}

static inline s64 decode_s8(struct decoder *d)
{
	return (int8_t)decode_u8(d);
}

static inline s64 decode_s16(struct decoder *d)
{
	int16_t value;

	if (!decode_room(d, 2))
		return 0;
	__builtin_memcpy(&value, d->next, 2);
	d->next += 2;
	return value;
}

static inline s64 decode_s32(struct decoder *d)
{
	int32_t value;

	if (!decode_room(d, 4))
		return 0;
	__builtin_memcpy(&value, d->next, 4);
	d->next += 4;
	return value;
}

static inline s64 decode_s64(struct decoder *d)
{
	s64 value;

	if (!decode_room(d, 8))
		return 0;
	__builtin_memcpy(&value, d->next, 8);
	d->next += 8;
	return value;
}

/* Apply a prefix; false when it is none in this mode (40 to 4F outside of 64-bit mode). */
static inline bool decode_prefix(struct decoder *d, u8 byte)
{
	struct insn *out = d->out;
	u8 what = opcode_one[byte].op;

	if ((byte & 0xf0) == 0x40) {
		d->rex = byte;
		return out->mode == INSN_MODE_64;
	}
	d->rex = 0; /* only as the last prefix does it count */
	if (what == PREFIX_OPERAND)
		d->operand_override = true;
	else if (what == PREFIX_ADDRESS)
		d->address_override = true;
	else if (what == PREFIX_LOCK)
		out->flags |= INSN_LOCK;
	else if (what == PREFIX_REPNE || what == PREFIX_REP)
		out->rep = what == PREFIX_REP ? INSN_REPE : INSN_REPNE;
	else if (out->mode != INSN_MODE_64 || what >= INSN_FS)
		out->segment = what;
	return true;
}

/* Operand and address sizes (SDM 1, 3.6). */
static inline void decode_sizes(struct decoder *d)
{
	struct insn *out = d->out;

	if (likely(out->mode == INSN_MODE_64)) {
		d->operand_size = d->rex & REX_W ? 8 : d->operand_override ? 2 : 4;
		out->address_size = d->address_override ? 4 : 8;
		return;
	}
	d->operand_size = (out->mode == INSN_MODE_32) != d->operand_override ? 4 : 2;
	out->address_size = (out->mode == INSN_MODE_32) != d->address_override ? 4 : 2;
}

/* BP and SP as a base mean the stack segment, unless a prefix says otherwise. */
static inline void decode_default_segment(struct insn *out, bool stack)
{
	if (out->segment == INSN_REG_NONE)
		out->segment = stack ? INSN_SS : INSN_DS;
}

/* 16-bit addressing (SDM 2A, table 2-1). */
static void decode_memory16(struct decoder *d)
{
	static const u8 bases[] = {INSN_RBX, INSN_RBX, INSN_RBP, INSN_RBP,
				   INSN_RSI, INSN_RDI, INSN_RBP, INSN_RBX};
	static const u8 indexes[] = {INSN_RSI, INSN_RDI, INSN_RSI, INSN_RDI};
	unsigned mod = d->modrm >> 6, rm = d->modrm & 7;
	struct insn *out = d->out;

	if (mod == 0 && rm == 6) {
		out->disp = decode_s16(d);
		decode_default_segment(out, false);
		return;
	}
	out->base = bases[rm];
	if (rm < ARRAY_SIZE(indexes))
		out->index = indexes[rm];
	if (mod == 1)
		out->disp = decode_s8(d);
	else if (mod == 2)
		out->disp = decode_s16(d);
	decode_default_segment(out, out->base == INSN_RBP);
}

/* 32- and 64-bit addressing (SDM 2A, tables 2-2 and 2-3). */
static inline void decode_memory32(struct decoder *d)
{
	unsigned mod = d->modrm >> 6, base = d->modrm & 7;
	struct insn *out = d->out;
	bool sib = base == 4;

	if (sib) {
		u8 byte = decode_u8(d);
		unsigned index = (byte >> 3 & 7) | (d->rex & REX_X ? 8 : 0);

		out->scale = byte >> 6;
		out->index = index == INSN_RSP ? INSN_REG_NONE : (u8)index;
		base = byte & 7;
	}
	if (mod == 0 && base == 5) {
		/* No base but disp32; without SIB, in 64-bit mode, relative to RIP. */
		if (!sib && out->mode == INSN_MODE_64)
			out->base = INSN_REG_RIP;
		out->disp = decode_s32(d);
		decode_default_segment(out, false);
		return;
	}
	out->base = (u8)(base | (d->rex & REX_B ? 8 : 0));
	if (mod == 1)
		out->disp = decode_s8(d);
	else if (mod == 2)
		out->disp = decode_s32(d);
	decode_default_segment(out, out->base == INSN_RSP || out->base == INSN_RBP);
}

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

	for (;;) {
		byte = decode_u8(d);
		op = &opcode_one[byte];
		if (likely(op->form != FORM_PREFIX))
			break;
		if (!decode_prefix(d, byte))
			return ERR_UNSUPPORTED;
	}
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
	struct decoder d = {.next = bytes, .end = bytes + MIN(len, (size_t)INSN_MAX_LENGTH)};
	int err;

	*out = (struct insn){.mode = (u8)mode,
			     .segment = INSN_REG_NONE,
			     .base = INSN_REG_NONE,
			     .index = INSN_REG_NONE};
	d.out = out;
	err = decode_opcode(&d);
	if (unlikely(d.short_read))
		return len >= INSN_MAX_LENGTH ? ERR_INVAL : ERR_RANGE;
	out->length = (u8)(d.next - bytes);
	return err;
}
