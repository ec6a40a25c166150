/* SPDX-License-Identifier: BSD-2-Clause */
/* The way in to the decoder, with a short way for the moves that are nearly all there is. */
#include "vmm/exit/decode.h"
#include "vmm/exit/decode_table.h"

/* Bytes that decode_fast() may look at: REX, opcode, ModRM, SIB, disp32, imm32. */
#define FAST_LENGTH 12

/* The first and second eight bytes of struct insn, to be written at once. */
#define FAST_HEAD(flags, size)                                                                   \
	((u64)INSN_MOV << 8 | (u64)INSN_MODE_64 << 16 | (u64)(flags) << 24 | (u64)(size) << 32 | \
	 (u64)(size) << 40 | 8ull << 48)
#define FAST_TAIL(segment, base, other, reg)                                                 \
	((u64)(segment) | (u64)(base) << 8 | (u64)INSN_REG_NONE << 16 | (u64)(other) << 32 | \
	 (u64)(reg) << 40)
static_assert(offsetof(struct insn, op) == 1 && offsetof(struct insn, mode) == 2 &&
		  offsetof(struct insn, flags) == 3 && offsetof(struct insn, mem_size) == 4 &&
		  offsetof(struct insn, reg_size) == 5 && offsetof(struct insn, rep) == 7,
	      "FAST_HEAD");
static_assert(offsetof(struct insn, segment) == 8 && offsetof(struct insn, base) == 9 &&
		  offsetof(struct insn, index) == 10 && offsetof(struct insn, other) == 12 &&
		  offsetof(struct insn, reg) == 13 && offsetof(struct insn, disp) == 16,
	      "FAST_TAIL");

#define STORE (INSN_WRITES | INSN_MEM_FIRST)
/* 88 to 8B, without and with REX.W. */
static const u64 fast_heads[2][4] = {
    {FAST_HEAD(STORE, 1), FAST_HEAD(STORE, 4), FAST_HEAD(INSN_READS, 1), FAST_HEAD(INSN_READS, 4)},
    {FAST_HEAD(STORE, 1), FAST_HEAD(STORE, 8), FAST_HEAD(INSN_READS, 1), FAST_HEAD(INSN_READS, 8)},
};

static inline s64 load_s32(const u8 *p)
{
	int32_t value;

	__builtin_memcpy(&value, p, 4);
	return value;
}

/* Displacement and base; NULL when it needs insn_decode_any(). p is after ModRM. */
static inline const u8 *decode_fast_memory(const u8 *p, unsigned modrm, unsigned rex, s64 *disp,
					   unsigned *base)
{
	unsigned rm = modrm & 7;

	*base = rm | (rex & REX_B) << 3;
	if (rm == 4) {
		/* Of the SIB forms, the absolute address: the local APIC's in Linux. */
		if (modrm >= 0x40 || rex || *p != 0x25)
			return NULL;
		*base = INSN_REG_NONE;
		*disp = load_s32(p + 1);
		return p + 5;
	}
	if (modrm >= 0x80) {
		*disp = load_s32(p);
		return p + 4;
	}
	if (modrm >= 0x40) {
		*disp = (int8_t)*p;
		return p + 1;
	}
	*disp = 0;
	if (rm != 5)
		return p;
	*base = INSN_REG_RIP;
	*disp = load_s32(p);
	return p + 4;
}

/*
 * What nearly all accesses to devices are: in 64-bit mode a mov of 1, 4 or 8 bytes between
 * memory without index and a register, or of 4 or 8 bytes of an immediate. False for
 * everything else.
 */
static inline bool decode_fast(const u8 *bytes, struct insn *out)
{
	const u8 *p = bytes;
	unsigned rex = (*p & 0xf0) == 0x40 ? *p++ : 0, opcode = *p++, modrm = *p++, base;
	u64 head, tail;
	s64 disp;

	/* Not memory, or (perhaps) AH to BH. */
	if (modrm >= 0xc0 || (!(opcode & 1) && modrm & 0x20))
		return false;
	if ((opcode & 0xfc) == 0x88)
		head = fast_heads[rex >> 3 & 1][opcode & 3];
	else if (opcode == 0xc7 && !(modrm & 0x38) && !(rex & REX_R))
		head = rex & REX_W ? FAST_HEAD(STORE, 8) : FAST_HEAD(STORE, 4);
	else
		return false;
	p = decode_fast_memory(p, modrm, rex, &disp, &base);
	if (!p)
		return false;
	out->imm = 0;
	tail = FAST_TAIL(base == INSN_RBP ? INSN_SS : INSN_DS, base, INSN_OTHER_REG,
			 (modrm >> 3 & 7) | (rex & REX_R) << 1);
	if (opcode == 0xc7) {
		out->imm = (u64)load_s32(p);
		p += 4;
		tail ^= (u64)(INSN_OTHER_REG ^ INSN_OTHER_IMM) << 32;
	}
	head |= (u64)(p - bytes);
	__builtin_memcpy(out, &head, sizeof(head));
	__builtin_memcpy(&out->segment, &tail, sizeof(tail));
	out->disp = disp;
	return true;
}

int insn_decode(const u8 *bytes, size_t len, enum insn_mode mode, struct insn *out)
{
	int err = ERR_OK;

	if (mode != INSN_MODE_64 || len < FAST_LENGTH || !decode_fast(bytes, out))
		err = insn_decode_any(bytes, len, mode, out);
	if (!err)
		out->plain = insn_is_plain(out);
	return err;
}
