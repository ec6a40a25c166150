/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoder of the instructions that Linux, memtest86+ and firmware use on device memory
 * (SDM 2, chapter 2 and appendix A). Pure; reads guest bytes, trusts none of them.
 */
#ifndef VMM_EXIT_DECODE_H
#define VMM_EXIT_DECODE_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define INSN_MAX_LENGTH 15

/* Default operand and address size of the code segment: CS.L and CS.D. */
enum insn_mode { INSN_MODE_16, INSN_MODE_32, INSN_MODE_64 };

/* Numbers of the general registers are those of the encoding, RAX 0 to R15 15. */
enum insn_reg {
	INSN_RAX,
	INSN_RCX,
	INSN_RDX,
	INSN_RBX,
	INSN_RSP,
	INSN_RBP,
	INSN_RSI,
	INSN_RDI,
	INSN_REG_RIP = 16, /* as a base */
	INSN_REG_NONE = 0xff,
};

/* Segment registers in the order of the encoding. */
enum insn_segment { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };

enum insn_op {
	INSN_NONE,
	INSN_MOV,
	INSN_MOVZX,
	INSN_MOVSX,
	/* The eight of group 1, in the order of its ModRM.reg. */
	INSN_ADD,
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	INSN_TEST,
	INSN_INC,
	INSN_DEC,
	INSN_NOT,
	INSN_NEG,
	INSN_XCHG,
	INSN_XADD,
	INSN_CMPXCHG,
	/* In the order of group 8. */
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
	INSN_PUSH,
	INSN_POP,
	/* String instructions: see insn_is_string(). */
	INSN_MOVS,
	INSN_CMPS,
	INSN_STOS,
	INSN_LODS,
	INSN_SCAS,
};

/* Where the operand that is not the memory operand comes from or goes to. */
enum insn_other { INSN_OTHER_NONE, INSN_OTHER_REG, INSN_OTHER_IMM };

enum insn_rep { INSN_REP_NONE, INSN_REPNE, INSN_REPE }; /* REPE is also REP */

/* struct insn.flags */
#define INSN_READS 0x01u     /* the memory operand is read */
#define INSN_WRITES 0x02u    /* the memory operand is written */
#define INSN_MEM_FIRST 0x04u /* it is the destination (first) operand */
#define INSN_LOCK 0x08u
#define INSN_REG_HIGH 0x10u /* reg names AH, CH, DH or BH: bits 15:8 of reg 0 to 3 */

/* A decoded instruction with one memory operand (string instructions: one or two, implied). */
struct insn {
	u8 length;       /* bytes, 1 to 15 */
	u8 op;           /* enum insn_op */
	u8 mode;         /* enum insn_mode */
	u8 flags;        /* INSN_* */
	u8 mem_size;     /* bytes of the memory operand: 1, 2, 4, 8 */
	u8 reg_size;     /* bytes of the register or immediate operand; differs for movzx, movsx */
	u8 address_size; /* bytes: 2, 4, 8 */
	u8 rep;          /* enum insn_rep */
	u8 segment;      /* enum insn_segment; for strings that of the source */
	u8 base;         /* enum insn_reg, or INSN_REG_RIP */
	u8 index;        /* enum insn_reg */
	u8 scale;        /* shift of the index: 0 to 3 */
	u8 other;        /* enum insn_other */
	u8 reg;          /* enum insn_reg when other is INSN_OTHER_REG */
	u8 plain;        /* the memory operand is at base + disp, base one of gpr[], no more */
	u8 reserved;
	s64 disp; /* sign-extended; the offset itself for A0 to A3 */
	u64 imm;  /* sign-extended to 64 bits */
};

/*
 * Decode the instruction at bytes, of which len may be read (at most 15 are).
 * ERR_UNSUPPORTED: none of those above, or without memory operand.
 * ERR_RANGE: it goes on after len bytes. ERR_INVAL: longer than 15 bytes, or a LOCK prefix
 * where none may be: the processor would raise #GP or #UD.
 */
int __must_check insn_decode(const u8 *bytes, size_t len, enum insn_mode mode, struct insn *out);

/* What an instruction of those that processors intercept does, as far as its bytes matter. */
enum insn_system_op {
	INSN_SYSTEM_OTHER, /* only its length */
	INSN_SYSTEM_IO,    /* .insn.segment and .address_size, for the string forms */
	INSN_SYSTEM_READ_CR,
	INSN_SYSTEM_WRITE_CR,
	INSN_SYSTEM_CLTS,
	INSN_SYSTEM_LMSW,
	INSN_SYSTEM_SMSW,
};

struct insn_system {
	struct insn insn; /* .length; .reg, of .reg_size bytes, or .base and so on for memory */
	u8 op;            /* enum insn_system_op */
	u8 cr;            /* number of the control register */
	bool memory;      /* the operand, two bytes, is in memory */
};

/*
 * Decode an instruction for whose execution the processor exits, where it does not tell the
 * length or the operands: CPUID, HLT, RDMSR, INVD, VMMCALL, MOV CR, IN, OUTS and the like. Errors
 * as insn_decode().
 */
int __must_check insn_decode_system(const u8 *bytes, size_t len, enum insn_mode mode,
				    struct insn_system *out);

static inline bool insn_is_string(const struct insn *in)
{
	return in->op >= INSN_MOVS;
}

/* What .plain says: not by RSP, which is in no array, nor by a segment with a base. */
static inline bool insn_is_plain(const struct insn *in)
{
	return in->mode == INSN_MODE_64 && in->address_size == 8 && in->segment < INSN_FS &&
	       in->index == INSN_REG_NONE && in->base < INSN_REG_RIP && in->base != INSN_RSP;
}

/* A plain store of a register or an immediate, or a plain load into a register: what
 * insn_store_value() and insn_load_value() of emulate.h do without callbacks. */
static inline bool insn_is_store(const struct insn *in)
{
	return in->op == INSN_MOV && (in->flags & INSN_WRITES);
}

static inline bool insn_is_load(const struct insn *in)
{
	return in->op <= INSN_MOVSX && (in->flags & INSN_READS);
}

#endif
