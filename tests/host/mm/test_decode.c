/* SPDX-License-Identifier: BSD-2-Clause */
/* The decoder on instructions that gas assembles, with what they mean written beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs some of those above */
#include <cmocka.h>

#include "vmm/exit/decode.h"

#define NOREG INSN_REG_NONE
#define RD INSN_READS
#define WR (INSN_WRITES | INSN_MEM_FIRST)
#define RW (INSN_READS | WR)
#define LK (INSN_READS | INSN_MEM_FIRST)

/* A memory operand: segment, base, index, scale, displacement. */
#define MEM(s, b, i, sc, d) .segment = s, .base = b, .index = i, .scale = sc, .disp = d
#define SIZES(mem, other_) .mem_size = mem, .reg_size = other_
#define REG(r) .other = INSN_OTHER_REG, .reg = r
#define IMM(i) .other = INSN_OTHER_IMM, .imm = (u64)(i)

static void check_bytes(const char *text, const u8 *bytes, size_t length, struct insn want)
{
	u8 *copy = malloc(length), padded[INSN_MAX_LENGTH];
	struct insn got;
	int err;

	memcpy(copy, bytes, length);
	memset(padded, 0xcc, sizeof(padded));
	memcpy(padded, bytes, length);
	want.length = (u8)length;
	want.plain = insn_is_plain(&want);
	/* Exactly the bytes, then with others behind, as guests have them. */
	err = insn_decode(copy, length, want.mode, &got);
	if (err || memcmp(&got, &want, sizeof(got)))
		fail_msg("%s: wrong, error %d, length %u of %zu, op %u, base %u, disp %lld", text,
			 err, got.length, length, got.op, got.base, (long long)got.disp);
	err = insn_decode(padded, sizeof(padded), want.mode, &got);
	if (err || memcmp(&got, &want, sizeof(got)))
		fail_msg("%s: wrong with bytes behind, error %d, length %u", text, err, got.length);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(insn_decode(copy, cut, want.mode, &got), ERR_RANGE);
	free(copy);
}

/* Without the percent signs, which an asm statement takes for operands. */
#define ASSEMBLE(bits, text, start, end)                                                 \
	__asm__(".pushsection .rodata\n.att_syntax noprefix\n.code" #bits "\n881: " text \
		"\n882:\n.code64\n.att_syntax prefix\n.popsection\n"                     \
		"lea 881b(%%rip), %0\nlea 882b(%%rip), %1"                               \
		: "=r"(start), "=r"(end))

/* The instruction in text for mode bits means what the initializers of struct insn say. */
#define CASE(bits, text, address, ...)                                                            \
	do {                                                                                      \
		const u8 *start_, *end_;                                                          \
		ASSEMBLE(bits, text, start_, end_);                                               \
		check_bytes(text, start_, (size_t)(end_ - start_),                                \
			    (struct insn){                                                        \
				.mode = INSN_MODE_##bits, .address_size = address, __VA_ARGS__}); \
	} while (0)

#define REJECT(bits, text, error)                                                                  \
	do {                                                                                       \
		const u8 *start_, *end_;                                                           \
		struct insn out_;                                                                  \
		ASSEMBLE(bits, text, start_, end_);                                                \
		assert_int_equal(                                                                  \
		    insn_decode(start_, (size_t)(end_ - start_), INSN_MODE_##bits, &out_), error); \
	} while (0)

#define DS_RBX MEM(INSN_DS, INSN_RBX, NOREG, 0, 0)

static void test_mov64(void **state)
{
	(void)state;
	CASE(64, "mov eax, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(4, 4), DS_RBX, REG(0));
	CASE(64, "mov al, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(1, 1), DS_RBX, REG(0));
	CASE(64, "mov ch, (rbx)", 8, .op = INSN_MOV, .flags = WR | INSN_REG_HIGH, SIZES(1, 1),
	     DS_RBX, REG(1));
	CASE(64, "mov sil, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(1, 1), DS_RBX, REG(6));
	CASE(64, "mov r10w, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(2, 2), DS_RBX, REG(10));
	CASE(64, "mov rbp, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(8, 8), DS_RBX, REG(5));
	CASE(64, "mov -128(rbp), r9d", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_SS, INSN_RBP, NOREG, 0, -128), REG(9));
	CASE(64, "mov 0x12345(rsp), dl", 8, .op = INSN_MOV, .flags = RD, SIZES(1, 1),
	     MEM(INSN_SS, INSN_RSP, NOREG, 0, 0x12345), REG(2));
	CASE(64, "mov (r12), r13", 8, .op = INSN_MOV, .flags = RD, SIZES(8, 8),
	     MEM(INSN_DS, 12, NOREG, 0, 0), REG(13));
}

static void test_addressing64(void **state)
{
	(void)state;
	CASE(64, "mov (r13), eax", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, 13, NOREG, 0, 0), REG(0));
	CASE(64, "mov 4(rax,r12,8), eax", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, INSN_RAX, 12, 3, 4), REG(0));
	CASE(64, "mov (rbp,rax,2), eax", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_SS, INSN_RBP, INSN_RAX, 1, 0), REG(0));
	CASE(64, "mov -0x10(,rcx,4), eax", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, NOREG, INSN_RCX, 2, -0x10), REG(0));
	CASE(64, "mov 0x7ee000b0, eax", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, NOREG, NOREG, 0, 0x7ee000b0), REG(0));
	CASE(64, "movl $0, 0xffffffffff5fc0b0", 8, .op = INSN_MOV, .flags = WR, SIZES(4, 4),
	     MEM(INSN_DS, NOREG, NOREG, 0, (int32_t)0xff5fc0b0), IMM(0));
	CASE(64, "mov 0x1234(rip), eax", 8, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, INSN_REG_RIP, NOREG, 0, 0x1234), REG(0));
	CASE(64, "movl $0x55, -4(rip)", 8, .op = INSN_MOV, .flags = WR, SIZES(4, 4),
	     MEM(INSN_DS, INSN_REG_RIP, NOREG, 0, -4), IMM(0x55));
	CASE(64, "mov eax, gs:8(rdx)", 8, .op = INSN_MOV, .flags = WR, SIZES(4, 4),
	     MEM(INSN_GS, INSN_RDX, NOREG, 0, 8), REG(0));
	CASE(64, ".byte 0x2e; mov eax, 8(rdx)", 8, .op = INSN_MOV, .flags = WR, SIZES(4, 4),
	     MEM(INSN_DS, INSN_RDX, NOREG, 0, 8), REG(0));
	CASE(64, "mov 8(edx), eax", 4, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, INSN_RDX, NOREG, 0, 8), REG(0));
	CASE(64, "movabs 0x123456789abcdef0, al", 8, .op = INSN_MOV, .flags = RD, SIZES(1, 1),
	     MEM(INSN_DS, NOREG, NOREG, 0, 0x123456789abcdef0), REG(0));
	CASE(64, "movabs rax, 0xfedcba9876543210", 8, .op = INSN_MOV,
	     .flags = INSN_WRITES | INSN_MEM_FIRST, SIZES(8, 8),
	     MEM(INSN_DS, NOREG, NOREG, 0, (s64)0xfedcba9876543210), REG(0));
	/* A REX prefix that is not the last one does not count. */
	CASE(64, ".byte 0x48, 0x66; mov eax, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(2, 2),
	     DS_RBX, REG(0));
	CASE(64, ".byte 0x66, 0x48, 0x89, 0x03", 8, .op = INSN_MOV, .flags = WR, SIZES(8, 8),
	     DS_RBX, REG(0));
}

static void test_immediates64(void **state)
{
	(void)state;
	CASE(64, "movb $0x80, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(1, 1), DS_RBX,
	     IMM(-128ll));
	CASE(64, "movw $0x8000, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(2, 2), DS_RBX,
	     IMM(-32768ll));
	CASE(64, "movl $0x80000000, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(4, 4), DS_RBX,
	     IMM(-2147483648ll));
	CASE(64, "movq $-5, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(8, 8), DS_RBX, IMM(-5));
	CASE(64, "addl $0x12345678, (rbx)", 8, .op = INSN_ADD, .flags = RW, SIZES(4, 4), DS_RBX,
	     IMM(0x12345678));
	CASE(64, "orq $-1, (rbx)", 8, .op = INSN_OR, .flags = RW, SIZES(8, 8), DS_RBX, IMM(-1));
	CASE(64, "adcw $0x1234, (rbx)", 8, .op = INSN_ADC, .flags = RW, SIZES(2, 2), DS_RBX,
	     IMM(0x1234));
	CASE(64, "sbbb $1, (rbx)", 8, .op = INSN_SBB, .flags = RW, SIZES(1, 1), DS_RBX, IMM(1));
	CASE(64, "lock andl $1, (rbx)", 8, .op = INSN_AND, .flags = RW | INSN_LOCK, SIZES(4, 4),
	     DS_RBX, IMM(1));
	CASE(64, "subl $1, (rbx)", 8, .op = INSN_SUB, .flags = RW, SIZES(4, 4), DS_RBX, IMM(1));
	CASE(64, "xorl $1, (rbx)", 8, .op = INSN_XOR, .flags = RW, SIZES(4, 4), DS_RBX, IMM(1));
	CASE(64, "cmpl $0x1000, (rbx)", 8, .op = INSN_CMP, .flags = LK, SIZES(4, 4), DS_RBX,
	     IMM(0x1000));
	CASE(64, "testb $0x20, (rbx)", 8, .op = INSN_TEST, .flags = LK, SIZES(1, 1), DS_RBX,
	     IMM(0x20));
	CASE(64, "testq $0x20, 5(rip)", 8, .op = INSN_TEST, .flags = LK, SIZES(8, 8),
	     MEM(INSN_DS, INSN_REG_RIP, NOREG, 0, 5), IMM(0x20));
	CASE(64, "btl $3, (rbx)", 8, .op = INSN_BT, .flags = LK, SIZES(4, 4), DS_RBX, IMM(3));
	CASE(64, "lock btsq $63, (rbx)", 8, .op = INSN_BTS, .flags = RW | INSN_LOCK, SIZES(8, 8),
	     DS_RBX, IMM(63));
	CASE(64, "btrw $3, (rbx)", 8, .op = INSN_BTR, .flags = RW, SIZES(2, 2), DS_RBX, IMM(3));
	CASE(64, "btcl $3, (rbx)", 8, .op = INSN_BTC, .flags = RW, SIZES(4, 4), DS_RBX, IMM(3));
}

#define BOTH(name, operation, writes)                                                              \
	CASE(64, name " edx, (rbx)", 8, .op = operation, .flags = writes, SIZES(4, 4), DS_RBX,     \
	     REG(2));                                                                              \
	CASE(64, name " (rbx), r8", 8, .op = operation, .flags = RD, SIZES(8, 8), DS_RBX, REG(8)); \
	CASE(64, name " dh, (rbx)", 8, .op = operation, .flags = (writes) | INSN_REG_HIGH,         \
	     SIZES(1, 1), DS_RBX, REG(2));                                                         \
	CASE(64, name " (rbx), cl", 8, .op = operation, .flags = RD, SIZES(1, 1), DS_RBX, REG(1))

static void test_registers64(void **state)
{
	(void)state;
	BOTH("add", INSN_ADD, RW);
	BOTH("or", INSN_OR, RW);
	BOTH("adc", INSN_ADC, RW);
	BOTH("sbb", INSN_SBB, RW);
	BOTH("and", INSN_AND, RW);
	BOTH("sub", INSN_SUB, RW);
	BOTH("xor", INSN_XOR, RW);
	BOTH("cmp", INSN_CMP, LK);
	CASE(64, "test dx, (rbx)", 8, .op = INSN_TEST, .flags = LK, SIZES(2, 2), DS_RBX, REG(2));
	CASE(64, "xchg r15b, (rbx)", 8, .op = INSN_XCHG, .flags = RW, SIZES(1, 1), DS_RBX, REG(15));
	CASE(64, "xchg eax, (rbx)", 8, .op = INSN_XCHG, .flags = RW, SIZES(4, 4), DS_RBX, REG(0));
	CASE(64, "lock xadd eax, (rbx)", 8, .op = INSN_XADD, .flags = RW | INSN_LOCK, SIZES(4, 4),
	     DS_RBX, REG(0));
	CASE(64, "xadd al, (rbx)", 8, .op = INSN_XADD, .flags = RW, SIZES(1, 1), DS_RBX, REG(0));
	CASE(64, "lock cmpxchg rcx, (rbx)", 8, .op = INSN_CMPXCHG, .flags = RW | INSN_LOCK,
	     SIZES(8, 8), DS_RBX, REG(1));
	CASE(64, "cmpxchg cl, (rbx)", 8, .op = INSN_CMPXCHG, .flags = RW, SIZES(1, 1), DS_RBX,
	     REG(1));
	CASE(64, "bt ecx, (rbx)", 8, .op = INSN_BT, .flags = LK, SIZES(4, 4), DS_RBX, REG(1));
	CASE(64, "bts rcx, (rbx)", 8, .op = INSN_BTS, .flags = RW, SIZES(8, 8), DS_RBX, REG(1));
	CASE(64, "btr cx, (rbx)", 8, .op = INSN_BTR, .flags = RW, SIZES(2, 2), DS_RBX, REG(1));
	CASE(64, "lock btc ecx, (rbx)", 8, .op = INSN_BTC, .flags = RW | INSN_LOCK, SIZES(4, 4),
	     DS_RBX, REG(1));
	CASE(64, "movnti rcx, (rbx)", 8, .op = INSN_MOV, .flags = WR, SIZES(8, 8), DS_RBX, REG(1));
}

static void test_extensions64(void **state)
{
	(void)state;
	CASE(64, "movzbl (rbx), ebp", 8, .op = INSN_MOVZX, .flags = RD, SIZES(1, 4), DS_RBX,
	     REG(5));
	CASE(64, "movzbw (rbx), si", 8, .op = INSN_MOVZX, .flags = RD, SIZES(1, 2), DS_RBX, REG(6));
	CASE(64, "movzwq (rbx), rdi", 8, .op = INSN_MOVZX, .flags = RD, SIZES(2, 8), DS_RBX,
	     REG(7));
	CASE(64, "movsbl (rbx), esp", 8, .op = INSN_MOVSX, .flags = RD, SIZES(1, 4), DS_RBX,
	     REG(4));
	CASE(64, "movswl (rbx), eax", 8, .op = INSN_MOVSX, .flags = RD, SIZES(2, 4), DS_RBX,
	     REG(0));
	CASE(64, "movslq (rbx), r11", 8, .op = INSN_MOVSX, .flags = RD, SIZES(4, 8), DS_RBX,
	     REG(11));
}

static void test_single64(void **state)
{
	(void)state;
	CASE(64, "incb (rbx)", 8, .op = INSN_INC, .flags = RW, SIZES(1, 1), DS_RBX);
	CASE(64, "lock incl (rbx)", 8, .op = INSN_INC, .flags = RW | INSN_LOCK, SIZES(4, 4),
	     DS_RBX);
	CASE(64, "decb (rbx)", 8, .op = INSN_DEC, .flags = RW, SIZES(1, 1), DS_RBX);
	CASE(64, "decq (rbx)", 8, .op = INSN_DEC, .flags = RW, SIZES(8, 8), DS_RBX);
	CASE(64, "notb (rbx)", 8, .op = INSN_NOT, .flags = RW, SIZES(1, 1), DS_RBX);
	CASE(64, "notw (rbx)", 8, .op = INSN_NOT, .flags = RW, SIZES(2, 2), DS_RBX);
	CASE(64, "negb (rbx)", 8, .op = INSN_NEG, .flags = RW, SIZES(1, 1), DS_RBX);
	CASE(64, "negl (rbx)", 8, .op = INSN_NEG, .flags = RW, SIZES(4, 4), DS_RBX);
	CASE(64, "pushq (rbx)", 8, .op = INSN_PUSH, .flags = LK, SIZES(8, 8), DS_RBX);
	CASE(64, "pushw (rbx)", 8, .op = INSN_PUSH, .flags = LK, SIZES(2, 2), DS_RBX);
	CASE(64, "popq (rbx)", 8, .op = INSN_POP, .flags = WR, SIZES(8, 8), DS_RBX);
}

#define RSI_ MEM(INSN_DS, INSN_RSI, NOREG, 0, 0)
#define RDI_ MEM(INSN_DS, INSN_RDI, NOREG, 0, 0)

static void test_strings(void **state)
{
	(void)state;
	CASE(64, "movsb", 8, .op = INSN_MOVS, .flags = RD | INSN_WRITES, SIZES(1, 1), RSI_);
	CASE(64, "rep movsl", 8, .op = INSN_MOVS, .flags = RD | INSN_WRITES, SIZES(4, 4), RSI_,
	     .rep = INSN_REPE);
	CASE(64, "rep movsq fs:(rsi), (rdi)", 8, .op = INSN_MOVS, .flags = RD | INSN_WRITES,
	     SIZES(8, 8), MEM(INSN_FS, INSN_RSI, NOREG, 0, 0), .rep = INSN_REPE);
	CASE(64, "rep stosw", 8, .op = INSN_STOS, .flags = INSN_WRITES, SIZES(2, 2), RDI_, REG(0),
	     .rep = INSN_REPE);
	CASE(64, "stosb", 8, .op = INSN_STOS, .flags = INSN_WRITES, SIZES(1, 1), RDI_, REG(0));
	CASE(64, "lodsl", 8, .op = INSN_LODS, .flags = RD, SIZES(4, 4), RSI_, REG(0));
	CASE(64, "lodsb (esi)", 4, .op = INSN_LODS, .flags = RD, SIZES(1, 1), RSI_, REG(0));
	CASE(64, "repne scasb", 8, .op = INSN_SCAS, .flags = RD, SIZES(1, 1), RDI_, REG(0),
	     .rep = INSN_REPNE);
	CASE(64, "repe cmpsq", 8, .op = INSN_CMPS, .flags = RD, SIZES(8, 8), RSI_,
	     .rep = INSN_REPE);
	CASE(32, "rep movsb cs:(esi), es:(edi)", 4, .op = INSN_MOVS, .flags = RD | INSN_WRITES,
	     SIZES(1, 1), MEM(INSN_CS, INSN_RSI, NOREG, 0, 0), .rep = INSN_REPE);
	CASE(16, "rep stosw", 2, .op = INSN_STOS, .flags = INSN_WRITES, SIZES(2, 2), RDI_, REG(0),
	     .rep = INSN_REPE);
	CASE(16, "rep stosl", 2, .op = INSN_STOS, .flags = INSN_WRITES, SIZES(4, 4), RDI_, REG(0),
	     .rep = INSN_REPE);
	CASE(16, "addr32 rep movsb", 4, .op = INSN_MOVS, .flags = RD | INSN_WRITES, SIZES(1, 1),
	     RSI_, .rep = INSN_REPE);
}

static void test_mode32(void **state)
{
	(void)state;
	CASE(32, "mov eax, (ebx)", 4, .op = INSN_MOV, .flags = WR, SIZES(4, 4), DS_RBX, REG(0));
	CASE(32, "mov ax, (ebx)", 4, .op = INSN_MOV, .flags = WR, SIZES(2, 2), DS_RBX, REG(0));
	CASE(32, "mov ah, (ebx)", 4, .op = INSN_MOV, .flags = WR | INSN_REG_HIGH, SIZES(1, 1),
	     DS_RBX, REG(0));
	CASE(32, "mov 0xfee00020, ecx", 4, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, NOREG, NOREG, 0, (int32_t)0xfee00020), REG(1));
	CASE(32, "mov 0xfee00020, eax", 4, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_DS, NOREG, NOREG, 0, 0xfee00020), REG(0));
	CASE(32, "mov al, 0xb8000", 4, .op = INSN_MOV, .flags = WR, SIZES(1, 1),
	     MEM(INSN_DS, NOREG, NOREG, 0, 0xb8000), REG(0));
	CASE(32, "movl $7, es:-4(ebp,esi,4)", 4, .op = INSN_MOV, .flags = WR, SIZES(4, 4),
	     MEM(INSN_ES, INSN_RBP, INSN_RSI, 2, -4), IMM(7));
	CASE(32, "mov 2(bp,di), eax", 2, .op = INSN_MOV, .flags = RD, SIZES(4, 4),
	     MEM(INSN_SS, INSN_RBP, INSN_RDI, 0, 2), REG(0));
	CASE(32, "movzwl (ebx), eax", 4, .op = INSN_MOVZX, .flags = RD, SIZES(2, 4), DS_RBX,
	     REG(0));
	CASE(32, "pushl (ebx)", 4, .op = INSN_PUSH, .flags = LK, SIZES(4, 4), DS_RBX);
	CASE(32, "popw (ebx)", 4, .op = INSN_POP, .flags = WR, SIZES(2, 2), DS_RBX);
	CASE(32, "lock orl $0x100, (ebx)", 4, .op = INSN_OR, .flags = RW | INSN_LOCK, SIZES(4, 4),
	     DS_RBX, IMM(0x100));
}

#define MEM16(text, s, b, i, d)                                                   \
	CASE(16, "mov " text ", cx", 2, .op = INSN_MOV, .flags = RD, SIZES(2, 2), \
	     MEM(s, b, i, 0, d), REG(1))

static void test_mode16(void **state)
{
	(void)state;
	MEM16("(bx,si)", INSN_DS, INSN_RBX, INSN_RSI, 0);
	MEM16("(bx,di)", INSN_DS, INSN_RBX, INSN_RDI, 0);
	MEM16("1(bp,si)", INSN_SS, INSN_RBP, INSN_RSI, 1);
	MEM16("-1(bp,di)", INSN_SS, INSN_RBP, INSN_RDI, -1);
	MEM16("0x1234(si)", INSN_DS, INSN_RSI, NOREG, 0x1234);
	MEM16("(di)", INSN_DS, INSN_RDI, NOREG, 0);
	MEM16("(bp)", INSN_SS, INSN_RBP, NOREG, 0);
	MEM16("(bx)", INSN_DS, INSN_RBX, NOREG, 0);
	MEM16("0x1234", INSN_DS, NOREG, NOREG, 0x1234);
	MEM16("fs:(bx)", INSN_FS, INSN_RBX, NOREG, 0);
	CASE(16, "mov ax, 0x8000", 2, .op = INSN_MOV, .flags = WR, SIZES(2, 2),
	     MEM(INSN_DS, NOREG, NOREG, 0, 0x8000), REG(0));
	CASE(16, "movl $0x12345678, (bx)", 2, .op = INSN_MOV, .flags = WR, SIZES(4, 4), DS_RBX,
	     IMM(0x12345678));
	CASE(16, "movw $0x1234, (ebx)", 4, .op = INSN_MOV, .flags = WR, SIZES(2, 2), DS_RBX,
	     IMM(0x1234));
	CASE(16, "incw es:(di)", 2, .op = INSN_INC, .flags = RW, SIZES(2, 2),
	     MEM(INSN_ES, INSN_RDI, NOREG, 0, 0));
}

static void test_rejected(void **state)
{
	static const u8 long_one[] = {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
				      0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x89, 0x03};
	struct insn out;

	(void)state;
	REJECT(64, "mov eax, ebx", ERR_UNSUPPORTED);
	REJECT(64, "nop", ERR_UNSUPPORTED);
	REJECT(64, "movups (rbx), xmm0", ERR_UNSUPPORTED);
	REJECT(64, "call *(rbx)", ERR_UNSUPPORTED);
	REJECT(64, "mull (rbx)", ERR_UNSUPPORTED);
	REJECT(64, "cpuid", ERR_UNSUPPORTED);
	REJECT(32, "inc eax", ERR_UNSUPPORTED);
	REJECT(32, "arpl ax, (ebx)", ERR_UNSUPPORTED);
	REJECT(64, ".byte 0xc7, 0x0b, 0, 0, 0, 0", ERR_UNSUPPORTED);
	REJECT(64, ".byte 0xf0; mov eax, (rbx)", ERR_INVAL);
	REJECT(64, ".byte 0xf0; cmp eax, (rbx)", ERR_INVAL);
	REJECT(64, ".byte 0xf0; add (rbx), eax", ERR_INVAL);
	REJECT(64, ".byte 0xf0; stosb", ERR_INVAL);
	REJECT(64, ".byte 0xf0; bt eax, (rbx)", ERR_INVAL);
	assert_int_equal(insn_decode(long_one, 16, INSN_MODE_64, &out), ERR_INVAL);
	assert_int_equal(insn_decode(long_one + 1, 15, INSN_MODE_64, &out), 0);
	assert_int_equal(out.length, 15);
	assert_int_equal(insn_decode(long_one, 3, INSN_MODE_64, &out), ERR_RANGE);
	assert_int_equal(insn_decode(long_one, 0, INSN_MODE_64, &out), ERR_RANGE);
}

/* Instructions that exit: length, operation, control register and register. */
#define SYSTEM(bits, text, what, number, name)                                                    \
	do {                                                                                      \
		const u8 *start_, *end_;                                                          \
		struct insn_system out_;                                                          \
		ASSEMBLE(bits, text, start_, end_);                                               \
		assert_int_equal(                                                                 \
		    insn_decode_system(start_, (size_t)(end_ - start_), INSN_MODE_##bits, &out_), \
		    0);                                                                           \
		assert_int_equal(out_.insn.length, end_ - start_);                                \
		assert_int_equal(out_.op, what);                                                  \
		assert_int_equal(out_.cr, number);                                                \
		assert_int_equal(out_.insn.reg, name);                                            \
		for (const u8 *cut_ = start_; cut_ < end_; cut_++)                                \
			assert_int_equal(insn_decode_system(start_, (size_t)(cut_ - start_),      \
							    INSN_MODE_##bits, &out_),             \
					 ERR_RANGE);                                              \
	} while (0)
#define OTHER(bits, text) SYSTEM(bits, text, INSN_SYSTEM_OTHER, 0, 0)

static void test_system_lengths(void **state)
{
	(void)state;
	OTHER(64, "cpuid");
	OTHER(64, ".byte 0x48, 0x0f, 0xa2");
	OTHER(64, "rdmsr");
	OTHER(64, ".byte 0x66, 0x2e, 0x48; wrmsr");
	OTHER(64, "hlt");
	OTHER(64, "invd");
	OTHER(64, "wbinvd");
	OTHER(64, "pause");
	OTHER(64, ".byte 0xf1");
	OTHER(64, "rdpmc");
	OTHER(32, "cpuid");
	OTHER(16, "hlt");
	SYSTEM(64, ".byte 0x0f, 0x01, 0xd9", INSN_SYSTEM_OTHER, 0, 1); /* vmmcall */
	SYSTEM(64, ".byte 0x0f, 0x01, 0xd1", INSN_SYSTEM_OTHER, 0, 1); /* xsetbv */
	SYSTEM(64, "in $0x60, al", INSN_SYSTEM_IO, 0, 0);
	SYSTEM(16, "rep outsw", INSN_SYSTEM_IO, 0, 0);
}

static void test_system_control_registers(void **state)
{
	(void)state;
	SYSTEM(64, "mov cr0, rax", INSN_SYSTEM_READ_CR, 0, 0);
	SYSTEM(64, "mov cr4, r9", INSN_SYSTEM_READ_CR, 4, 9);
	SYSTEM(64, "mov rsp, cr3", INSN_SYSTEM_WRITE_CR, 3, 4);
	SYSTEM(64, "mov r15, cr8", INSN_SYSTEM_WRITE_CR, 8, 15);
	SYSTEM(32, "mov ebx, cr0", INSN_SYSTEM_WRITE_CR, 0, 3);
	SYSTEM(32, ".byte 0xf0, 0x0f, 0x20, 0xc1", INSN_SYSTEM_READ_CR, 8, 1);
	/* The upper two bits of ModRM are ignored. */
	SYSTEM(16, ".byte 0x0f, 0x22, 0x23", INSN_SYSTEM_WRITE_CR, 4, 3);
	SYSTEM(64, "clts", INSN_SYSTEM_CLTS, 0, 0);
	SYSTEM(64, "lmsw r10w", INSN_SYSTEM_LMSW, 0, 10);
	SYSTEM(64, "smsw rdx", INSN_SYSTEM_SMSW, 0, 2);
}

static void test_system_operands(void **state)
{
	static const u8 lmsw[] = {0x67, 0x0f, 0x01, 0x74, 0x88, 0x7f}; /* 0x7f(eax,ecx,4) */
	static const u8 outs[] = {0x64, 0x67, 0xf3, 0x6e};             /* fs, 32-bit addresses */
	static const u8 outs16[] = {0x6f}, smsw16[] = {0x0f, 0x01, 0x66, 0x10};
	struct insn_system out;

	(void)state;
	assert_int_equal(insn_decode_system(lmsw, sizeof(lmsw), INSN_MODE_64, &out), 0);
	assert_true(out.memory);
	assert_int_equal(out.insn.base, INSN_RAX);
	assert_int_equal(out.insn.index, INSN_RCX);
	assert_int_equal(out.insn.scale, 2);
	assert_int_equal(out.insn.disp, 0x7f);
	assert_int_equal(out.insn.address_size, 4);
	assert_int_equal(insn_decode_system(outs, sizeof(outs), INSN_MODE_64, &out), 0);
	assert_int_equal(out.insn.segment, INSN_FS);
	assert_int_equal(out.insn.address_size, 4);
	assert_int_equal(insn_decode_system(outs16, sizeof(outs16), INSN_MODE_16, &out), 0);
	assert_int_equal(out.insn.segment, INSN_DS);
	assert_int_equal(out.insn.address_size, 2);
	assert_int_equal(insn_decode_system(smsw16, sizeof(smsw16), INSN_MODE_16, &out), 0);
	assert_int_equal(out.op, INSN_SYSTEM_SMSW);
	assert_int_equal(out.insn.segment, INSN_SS);
	assert_int_equal(out.insn.base, INSN_RBP);
}

static void test_system_rejected(void **state)
{
	static const u8 bytes[][3] = {{0x8b, 0x03, 0},
				      {0x0f, 0xaf, 0xc0},
				      {0x0f, 0x01, 0x10},
				      {0xcd, 0x80, 0},
				      {0x0f, 0x0b, 0}};
	static const u8 prefixes[16] = {[0 ... 14] = 0x66, 0xf4};
	struct insn_system out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		assert_int_equal(insn_decode_system(bytes[i], 3, INSN_MODE_64, &out),
				 ERR_UNSUPPORTED);
	assert_int_equal(insn_decode_system(prefixes, sizeof(prefixes), INSN_MODE_64, &out),
			 ERR_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mov64),           cmocka_unit_test(test_addressing64),
	    cmocka_unit_test(test_immediates64),    cmocka_unit_test(test_registers64),
	    cmocka_unit_test(test_extensions64),    cmocka_unit_test(test_single64),
	    cmocka_unit_test(test_strings),         cmocka_unit_test(test_mode32),
	    cmocka_unit_test(test_mode16),          cmocka_unit_test(test_rejected),
	    cmocka_unit_test(test_system_lengths),  cmocka_unit_test(test_system_control_registers),
	    cmocka_unit_test(test_system_operands), cmocka_unit_test(test_system_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
