/* SPDX-License-Identifier: BSD-2-Clause */
/* SDM 2D, appendix A, as far as instructions with memory operands go. */
#include "vmm/exit/decode_table.h"

#define READ (INSN_READS)
#define WRITE (INSN_WRITES | INSN_MEM_FIRST)
#define MODIFY (INSN_READS | INSN_WRITES | INSN_MEM_FIRST)
#define LOOK (INSN_READS | INSN_MEM_FIRST)

/* The four ModRM encodings of an arithmetic operation: Eb,Gb Ev,Gv Gb,Eb Gv,Ev. */
#define ALU(first, name)                                                 \
	[(first)] = {name, FORM_REG, MODIFY, OPCODE_LOCK | OPCODE_BYTE}, \
	[(first) + 1] = {name, FORM_REG, MODIFY, OPCODE_LOCK},           \
	[(first) + 2] = {name, FORM_REG, READ, OPCODE_BYTE},             \
	[(first) + 3] = {name, FORM_REG, READ, 0}

#define PREFIX(what)                    \
	{                               \
		what, FORM_PREFIX, 0, 0 \
	}
#define GROUP(what)                    \
	{                              \
		what, FORM_GROUP, 0, 0 \
	}

/* A string instruction on bytes and on words. */
#define STRING(first, name, access)                           \
	[(first)] = {name, FORM_STRING, access, OPCODE_BYTE}, \
	[(first) + 1] = {name, FORM_STRING, access, 0}

const struct opcode opcode_one[256] = {
    ALU(0x00, INSN_ADD),
    ALU(0x08, INSN_OR),
    ALU(0x10, INSN_ADC),
    ALU(0x18, INSN_SBB),
    ALU(0x20, INSN_AND),
    ALU(0x28, INSN_SUB),
    ALU(0x30, INSN_XOR),
    [0x26] = PREFIX(INSN_ES),
    [0x2e] = PREFIX(INSN_CS),
    [0x36] = PREFIX(INSN_SS),
    [0x3e] = PREFIX(INSN_DS),
    [0x38] = {INSN_CMP, FORM_REG, LOOK, OPCODE_BYTE},
    [0x39] = {INSN_CMP, FORM_REG, LOOK, 0},
    [0x3a] = {INSN_CMP, FORM_REG, READ, OPCODE_BYTE},
    [0x3b] = {INSN_CMP, FORM_REG, READ, 0},
    [0x40 ... 0x4f] = PREFIX(PREFIX_REX),
    [0x63] = {INSN_MOVSX, FORM_EXTEND, READ, 4 | OPCODE_64},
    [0x64] = PREFIX(INSN_FS),
    [0x65] = PREFIX(INSN_GS),
    [0x66] = PREFIX(PREFIX_OPERAND),
    [0x67] = PREFIX(PREFIX_ADDRESS),
    [0x80] = GROUP(GROUP_1_BYTE),
    [0x81] = GROUP(GROUP_1),
    [0x83] = GROUP(GROUP_1_IMM8),
    [0x84] = {INSN_TEST, FORM_REG, LOOK, OPCODE_BYTE},
    [0x85] = {INSN_TEST, FORM_REG, LOOK, 0},
    [0x86] = {INSN_XCHG, FORM_REG, MODIFY, OPCODE_LOCK | OPCODE_BYTE},
    [0x87] = {INSN_XCHG, FORM_REG, MODIFY, OPCODE_LOCK},
    [0x88] = {INSN_MOV, FORM_REG, WRITE, OPCODE_BYTE},
    [0x89] = {INSN_MOV, FORM_REG, WRITE, 0},
    [0x8a] = {INSN_MOV, FORM_REG, READ, OPCODE_BYTE},
    [0x8b] = {INSN_MOV, FORM_REG, READ, 0},
    [0x8f] = GROUP(GROUP_1A),
    [0xa0] = {INSN_MOV, FORM_OFFSET, READ, OPCODE_BYTE},
    [0xa1] = {INSN_MOV, FORM_OFFSET, READ, 0},
    [0xa2] = {INSN_MOV, FORM_OFFSET, WRITE, OPCODE_BYTE},
    [0xa3] = {INSN_MOV, FORM_OFFSET, WRITE, 0},
    STRING(0xa4, INSN_MOVS, INSN_READS | INSN_WRITES),
    STRING(0xa6, INSN_CMPS, INSN_READS),
    STRING(0xaa, INSN_STOS, INSN_WRITES),
    STRING(0xac, INSN_LODS, INSN_READS),
    STRING(0xae, INSN_SCAS, INSN_READS),
    [0xc6] = GROUP(GROUP_11_BYTE),
    [0xc7] = GROUP(GROUP_11),
    [0xf0] = PREFIX(PREFIX_LOCK),
    [0xf2] = PREFIX(PREFIX_REPNE),
    [0xf3] = PREFIX(PREFIX_REP),
    [0xf6] = GROUP(GROUP_3_BYTE),
    [0xf7] = GROUP(GROUP_3),
    [0xfe] = GROUP(GROUP_4),
    [0xff] = GROUP(GROUP_5),
};

const struct opcode opcode_two[256] = {
    [0xa3] = {INSN_BT, FORM_REG, LOOK, 0},
    [0xab] = {INSN_BTS, FORM_REG, MODIFY, OPCODE_LOCK},
    [0xb0] = {INSN_CMPXCHG, FORM_REG, MODIFY, OPCODE_LOCK | OPCODE_BYTE},
    [0xb1] = {INSN_CMPXCHG, FORM_REG, MODIFY, OPCODE_LOCK},
    [0xb3] = {INSN_BTR, FORM_REG, MODIFY, OPCODE_LOCK},
    [0xb6] = {INSN_MOVZX, FORM_EXTEND, READ, 1},
    [0xb7] = {INSN_MOVZX, FORM_EXTEND, READ, 2},
    [0xba] = GROUP(GROUP_8),
    [0xbb] = {INSN_BTC, FORM_REG, MODIFY, OPCODE_LOCK},
    [0xbe] = {INSN_MOVSX, FORM_EXTEND, READ, 1},
    [0xbf] = {INSN_MOVSX, FORM_EXTEND, READ, 2},
    [0xc0] = {INSN_XADD, FORM_REG, MODIFY, OPCODE_LOCK | OPCODE_BYTE},
    [0xc1] = {INSN_XADD, FORM_REG, MODIFY, OPCODE_LOCK},
    [0xc3] = {INSN_MOV, FORM_REG, WRITE, 0}, /* movnti */
};

#define GROUP_1_MEMBERS(form, attributes)                                 \
	{                                                                 \
		{INSN_ADD, form, MODIFY, OPCODE_LOCK | (attributes)},     \
		    {INSN_OR, form, MODIFY, OPCODE_LOCK | (attributes)},  \
		    {INSN_ADC, form, MODIFY, OPCODE_LOCK | (attributes)}, \
		    {INSN_SBB, form, MODIFY, OPCODE_LOCK | (attributes)}, \
		    {INSN_AND, form, MODIFY, OPCODE_LOCK | (attributes)}, \
		    {INSN_SUB, form, MODIFY, OPCODE_LOCK | (attributes)}, \
		    {INSN_XOR, form, MODIFY, OPCODE_LOCK | (attributes)}, \
		    {INSN_CMP, form, LOOK, attributes},                   \
	}

/* The second encoding of test is undocumented and does the same. */
#define GROUP_3_MEMBERS(attributes)                                                               \
	{                                                                                         \
		{INSN_TEST, FORM_IMM, LOOK, attributes}, {INSN_TEST, FORM_IMM, LOOK, attributes}, \
		    {INSN_NOT, FORM_SINGLE, MODIFY, OPCODE_LOCK | (attributes)},                  \
		    {INSN_NEG, FORM_SINGLE, MODIFY, OPCODE_LOCK | (attributes)},                  \
	}

const struct opcode opcode_groups[OPCODE_GROUPS][8] = {
    [GROUP_1_BYTE] = GROUP_1_MEMBERS(FORM_IMM, OPCODE_BYTE),
    [GROUP_1] = GROUP_1_MEMBERS(FORM_IMM, 0),
    [GROUP_1_IMM8] = GROUP_1_MEMBERS(FORM_IMM8, 0),
    [GROUP_1A] = {{INSN_POP, FORM_SINGLE, WRITE, OPCODE_STACK}},
    [GROUP_3_BYTE] = GROUP_3_MEMBERS(OPCODE_BYTE),
    [GROUP_3] = GROUP_3_MEMBERS(0),
    [GROUP_4] = {{INSN_INC, FORM_SINGLE, MODIFY, OPCODE_LOCK | OPCODE_BYTE},
		 {INSN_DEC, FORM_SINGLE, MODIFY, OPCODE_LOCK | OPCODE_BYTE}},
    [GROUP_5] = {[0] = {INSN_INC, FORM_SINGLE, MODIFY, OPCODE_LOCK},
		 [1] = {INSN_DEC, FORM_SINGLE, MODIFY, OPCODE_LOCK},
		 [6] = {INSN_PUSH, FORM_SINGLE, LOOK, OPCODE_STACK}},
    [GROUP_8] = {[4] = {INSN_BT, FORM_IMM8, LOOK, 0},
		 [5] = {INSN_BTS, FORM_IMM8, MODIFY, OPCODE_LOCK},
		 [6] = {INSN_BTR, FORM_IMM8, MODIFY, OPCODE_LOCK},
		 [7] = {INSN_BTC, FORM_IMM8, MODIFY, OPCODE_LOCK}},
    [GROUP_11_BYTE] = {{INSN_MOV, FORM_IMM, WRITE, OPCODE_BYTE}},
    [GROUP_11] = {{INSN_MOV, FORM_IMM, WRITE, 0}},
};
