/* SPDX-License-Identifier: BSD-2-Clause */
/* The opcode maps of the decoder; for its own files only. */
#ifndef VMM_EXIT_DECODE_TABLE_H
#define VMM_EXIT_DECODE_TABLE_H

#include "vmm/exit/decode.h"

/* What follows the opcode. From FORM_IMPLIED on there is no ModRM byte. */
enum opcode_form {
	FORM_NONE,   /* not supported */
	FORM_PREFIX, /* op: enum opcode_prefix */
	FORM_REG,    /* ModRM: memory and a register of the same size */
	FORM_EXTEND, /* ModRM: a register and memory of OPCODE_SOURCE bytes */
	FORM_IMM,    /* ModRM, immediate of the operand's size, at most 4 bytes */
	FORM_IMM8,   /* ModRM, immediate of one byte */
	FORM_SINGLE, /* ModRM: memory only */
	FORM_GROUP,  /* ModRM.reg selects from opcode_groups[op] */
	FORM_IMPLIED,
	FORM_OFFSET = FORM_IMPLIED, /* an absolute offset, and the accumulator */
	FORM_STRING,
};

/* Segment overrides are enum insn_segment, 0 to 5. */
enum opcode_prefix {
	PREFIX_OPERAND = 6,
	PREFIX_ADDRESS,
	PREFIX_LOCK,
	PREFIX_REPNE,
	PREFIX_REP,
	PREFIX_REX,
};

/* Bits of a REX prefix (SDM 2A, table 2-4). */
#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

/* struct opcode.attributes */
#define OPCODE_SOURCE 0x07u /* FORM_EXTEND: bytes of memory */
#define OPCODE_BYTE 0x08u   /* one-byte operands */
#define OPCODE_LOCK 0x10u   /* LOCK may be there */
#define OPCODE_STACK 0x20u  /* operand size is 8 in 64-bit mode */
#define OPCODE_64 0x40u     /* exists in 64-bit mode only */

struct opcode {
	u8 op; /* enum insn_op, enum opcode_prefix, or enum opcode_group */
	u8 form;
	u8 flags; /* INSN_READS, INSN_WRITES, INSN_MEM_FIRST */
	u8 attributes;
};

enum opcode_group {
	GROUP_1_BYTE,  /* 80 */
	GROUP_1,       /* 81 */
	GROUP_1_IMM8,  /* 83 */
	GROUP_1A,      /* 8F */
	GROUP_3_BYTE,  /* F6 */
	GROUP_3,       /* F7 */
	GROUP_4,       /* FE */
	GROUP_5,       /* FF */
	GROUP_8,       /* 0F BA */
	GROUP_11_BYTE, /* C6 */
	GROUP_11,      /* C7 */
	OPCODE_GROUPS,
};

extern const struct opcode opcode_one[256];
extern const struct opcode opcode_two[256]; /* after 0F */
extern const struct opcode opcode_groups[OPCODE_GROUPS][8];

/* insn_decode() without its fast path: any mode, any supported instruction. */
int insn_decode_any(const u8 *bytes, size_t len, enum insn_mode mode, struct insn *out);

#endif
