/* SPDX-License-Identifier: BSD-2-Clause */
/* What all instructions have: prefixes, sizes, memory operands; for the decoder's own files only.
 */
#ifndef VMM_EXIT_DECODE_PARTS_H
#define VMM_EXIT_DECODE_PARTS_H

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
static inline void decode_memory16(struct decoder *d)
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

/* Prefixes, and the first byte behind them. */
static inline int decode_prefixes(struct decoder *d, u8 *byte)
{
	for (;;) {
		*byte = decode_u8(d);
		if (opcode_one[*byte].form != FORM_PREFIX)
			return ERR_OK;
		if (!decode_prefix(d, *byte))
			return ERR_UNSUPPORTED;
	}
}

static inline void decoder_init(struct decoder *d, const u8 *bytes, size_t len, enum insn_mode mode,
				struct insn *out)
{
	*d = (struct decoder){
	    .next = bytes, .end = bytes + MIN(len, (size_t)INSN_MAX_LENGTH), .out = out};
	*out = (struct insn){.mode = (u8)mode,
			     .segment = INSN_REG_NONE,
			     .base = INSN_REG_NONE,
			     .index = INSN_REG_NONE};
}

static inline int decoder_finish(struct decoder *d, const u8 *bytes, size_t len, int err)
{
	if (unlikely(d->short_read))
		return len >= INSN_MAX_LENGTH ? ERR_INVAL : ERR_RANGE;
	d->out->length = (u8)(d->next - bytes);
	return err;
}

#endif
