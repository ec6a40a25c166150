/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulator against the processor: random instructions with random operands are executed
 * natively on scratch memory, and emulated on the same; registers, flags and memory must be
 * equal. Then what cannot be run natively: faults, slices, other modes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
/* cmocka needs some of those above */
#include <cmocka.h>

#include "vmm/exit/decode_table.h"
#include "vmm/exit/emulate_parts.h"

#define SCRATCH_SIZE KIB(64)
#define FLAGS_DEFINED (FLAGS_ARITHMETIC | FLAG_DF)

struct machine {
	u64 gpr[16];
	u64 rflags;
};

static u8 *scratch; /* below 2 GiB, for 32-bit addresses */
static u8 *code;

static u64 random_state = 88172645463325252ull;

static u64 random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static bool chance(unsigned percent)
{
	return random_next() % 100 < percent;
}

/* Loads all registers and flags, jumps to the code, which jumps back to native_back. */
struct machine native_machine;
u64 native_stack, native_code;
void native_run(void);
void native_back(void);
__asm__(".text\n"
	".globl native_run, native_back\n"
	"native_run:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, native_stack(%rip)\n"
	"	push 128+native_machine(%rip)\n"
	"	popfq\n"
	"	mov native_machine(%rip), %rax\n"
	"	mov 8+native_machine(%rip), %rcx\n"
	"	mov 16+native_machine(%rip), %rdx\n"
	"	mov 24+native_machine(%rip), %rbx\n"
	"	mov 32+native_machine(%rip), %rsp\n"
	"	mov 40+native_machine(%rip), %rbp\n"
	"	mov 48+native_machine(%rip), %rsi\n"
	"	mov 56+native_machine(%rip), %rdi\n"
	"	mov 64+native_machine(%rip), %r8\n"
	"	mov 72+native_machine(%rip), %r9\n"
	"	mov 80+native_machine(%rip), %r10\n"
	"	mov 88+native_machine(%rip), %r11\n"
	"	mov 96+native_machine(%rip), %r12\n"
	"	mov 104+native_machine(%rip), %r13\n"
	"	mov 112+native_machine(%rip), %r14\n"
	"	mov 120+native_machine(%rip), %r15\n"
	"	jmp *native_code(%rip)\n"
	"native_back:\n"
	"	mov %rax, native_machine(%rip)\n"
	"	mov %rcx, 8+native_machine(%rip)\n"
	"	mov %rdx, 16+native_machine(%rip)\n"
	"	mov %rbx, 24+native_machine(%rip)\n"
	"	mov %rsp, 32+native_machine(%rip)\n"
	"	mov %rbp, 40+native_machine(%rip)\n"
	"	mov %rsi, 48+native_machine(%rip)\n"
	"	mov %rdi, 56+native_machine(%rip)\n"
	"	mov %r8, 64+native_machine(%rip)\n"
	"	mov %r9, 72+native_machine(%rip)\n"
	"	mov %r10, 80+native_machine(%rip)\n"
	"	mov %r11, 88+native_machine(%rip)\n"
	"	mov %r12, 96+native_machine(%rip)\n"
	"	mov %r13, 104+native_machine(%rip)\n"
	"	mov %r14, 112+native_machine(%rip)\n"
	"	mov %r15, 120+native_machine(%rip)\n"
	"	mov native_stack(%rip), %rsp\n"
	"	pushfq\n"
	"	pop 128+native_machine(%rip)\n"
	"	cld\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

static struct machine run_native(const struct machine *before, const u8 *bytes, size_t length)
{
	static const u8 jump[] = {0xff, 0x25, 0, 0, 0, 0}; /* jmp *0(%rip) */
	u64 back = (u64)(uintptr_t)native_back;

	memcpy(code, bytes, length);
	memcpy(code + length, jump, sizeof(jump));
	memcpy(code + length + sizeof(jump), &back, sizeof(back));
	native_machine = *before;
	native_code = (u64)(uintptr_t)code;
	native_run();
	return native_machine;
}

/* The emulator's machine: memory is the scratch itself. */
static struct machine *emulated;
static unsigned accesses, fail_access; /* the one to fail, counted from 1; 0: none */
static u64 segment_bases[6];
static u64 rip;

static u64 gpr_get(void *ctx, unsigned reg)
{
	(void)ctx;
	assert_true(reg < 16);
	return emulated->gpr[reg];
}

static void gpr_set(void *ctx, unsigned reg, u64 value)
{
	(void)ctx;
	assert_true(reg < 16);
	emulated->gpr[reg] = value;
}

static u64 rip_get(void *ctx)
{
	(void)ctx;
	return rip;
}

static u64 rflags_get(void *ctx)
{
	(void)ctx;
	return emulated->rflags;
}

static void rflags_set(void *ctx, u64 value)
{
	(void)ctx;
	emulated->rflags = value;
}

static u64 segment_base(void *ctx, unsigned segment)
{
	(void)ctx;
	assert_true(segment < 6);
	return segment_bases[segment];
}

static int access_check(u64 linear, unsigned size)
{
	assert_true(size == 1 || size == 2 || size == 4 || size == 8);
	assert_true(linear % PAGE_SIZE + size <= PAGE_SIZE);
	if (++accesses == fail_access)
		return ERR_FAULT;
	if (linear < (uintptr_t)scratch || linear + size > (uintptr_t)scratch + SCRATCH_SIZE)
		fail_msg("access outside of the scratch memory, %llx", (unsigned long long)linear);
	return 0;
}

static int mem_read(void *ctx, u64 linear, unsigned size, u64 *value)
{
	int err = access_check(linear, size);

	(void)ctx;
	*value = 0;
	if (!err)
		memcpy(value, (void *)(uintptr_t)linear, size);
	return err;
}

static int mem_write(void *ctx, u64 linear, unsigned size, u64 value)
{
	int err = access_check(linear, size);

	(void)ctx;
	assert_int_equal(value, insn_truncate(value, size));
	if (!err)
		memcpy((void *)(uintptr_t)linear, &value, size);
	return err;
}

static const struct emulate_ops ops = {gpr_get,    gpr_set,      rip_get,  rflags_get,
				       rflags_set, segment_base, mem_read, mem_write};

static int run_emulated(struct machine *machine, const struct insn *in)
{
	int err;

	emulated = machine;
	accesses = 0;
	do
		err = insn_emulate(in, &ops, NULL);
	while (err == EMULATE_AGAIN);
	return err;
}

/* An instruction being made up, with the machine it will run on. */
struct sample {
	u8 bytes[24];
	unsigned length;
	struct machine machine;
	bool has_rex, operand16, address32, lock;
	unsigned rex;
};

static void put(struct sample *s, u8 byte)
{
	s->bytes[s->length++] = byte;
}

static void put_random(struct sample *s, unsigned bytes)
{
	while (bytes--)
		put(s, (u8)random_next());
}

static void put_prefixes(struct sample *s, bool lockable)
{
	s->operand16 = chance(25);
	if (s->operand16)
		put(s, 0x66);
	s->address32 = chance(15);
	if (s->address32)
		put(s, 0x67);
	s->lock = lockable && chance(20);
	if (s->lock)
		put(s, 0xf0);
	s->has_rex = chance(50);
	s->rex = s->has_rex ? random_next() & 15 : 0;
	if (s->has_rex)
		put(s, (u8)(0x40 | s->rex));
}

static void put_opcode(struct sample *s, bool two, u8 byte)
{
	if (two)
		put(s, 0x0f);
	put(s, byte);
}

/* Where the operand shall be: sometimes across a page border, unless locked. */
static u64 pick_target(const struct sample *s)
{
	u64 base = (u64)(uintptr_t)scratch + SCRATCH_SIZE / 2;

	if (!s->lock && chance(20))
		return base - 1 - random_next() % 7;
	return base + 8 * (random_next() % 256);
}

/* ModRM with a base, sometimes an index, and a displacement of 8 or 32 bits; registers are set
 * so that it all points to target. False when base and index are the same. */
static bool put_memory(struct sample *s, unsigned reg, u64 target)
{
	bool index_used = chance(30), wide = chance(40);
	unsigned rm = random_next() & 7, scale = 0, index = 4, base;
	s64 disp = wide ? (s64)(random_next() % 0x4000) - 0x2000 : (int8_t)random_next();
	u64 value = target - (u64)disp;

	if (rm == 4 || index_used) {
		unsigned low = random_next() & 7;

		scale = random_next() & 3;
		index = index_used ? random_next() & 7 : 4;
		put(s, (u8)((wide ? 0x80 : 0x40) | reg << 3 | 4));
		put(s, (u8)(scale << 6 | index << 3 | low));
		base = low | (s->rex & 1) << 3;
		index |= (s->rex & 2) << 2;
	} else {
		put(s, (u8)((wide ? 0x80 : 0x40) | reg << 3 | rm));
		base = rm | (s->rex & 1) << 3;
	}
	for (unsigned i = 0; i < (wide ? 4u : 1u); i++)
		put(s, (u8)(disp >> (8 * i)));
	if (index == base)
		return false;
	if (index != 4) {
		s->machine.gpr[index] = random_next() % 1000;
		value -= s->machine.gpr[index] << scale;
	}
	/* The stack pointer must point to a stack. */
	s->machine.gpr[base] =
	    s->address32 && base != INSN_RSP ? (u32)value | random_next() << 32 : value;
	return true;
}

/* Instructions by bit number reach far: keep near. RSP as an operand keeps its meaning. */
static bool tame_bit_register(struct sample *s, unsigned op, unsigned form, unsigned reg)
{
	u64 before = s->machine.gpr[reg];

	if (op < INSN_BT || op > INSN_BTC || form != FORM_REG)
		return true;
	s->machine.gpr[reg] = random_next() % 8000 - 4000;
	return before == 0x5a5a5a5a5a5a5a5aull;
}

static void put_immediate(struct sample *s, const struct insn *in, unsigned form)
{
	if (form == FORM_IMM)
		put_random(s, MIN(in->mem_size, 4u));
	else if (form == FORM_IMM8)
		put_random(s, 1);
}

/* A random instruction with ModRM. False: try again. */
static bool make_modrm(struct sample *s, bool two, u8 byte)
{
	const struct opcode *op = two ? &opcode_two[byte] : &opcode_one[byte];
	unsigned member = random_next() & 7, reg;
	struct insn size;

	if (op->form == FORM_GROUP)
		op = &opcode_groups[op->op][member];
	if (op->form == FORM_NONE)
		return false;
	put_prefixes(s, op->attributes & OPCODE_LOCK);
	put_opcode(s, two, byte);
	/* movnti has no 16-bit form. */
	if (two && byte == 0xc3 && s->operand16)
		return false;
	reg = member | (s->rex & 4) << 1;
	/* So that a base set by put_memory() shows. */
	for (unsigned i = 0; i < 16; i++)
		if (op->op >= INSN_BT && op->op <= INSN_BTC)
			s->machine.gpr[i] = 0x5a5a5a5a5a5a5a5aull;
	if (!put_memory(s, member, pick_target(s)) || !tame_bit_register(s, op->op, op->form, reg))
		return false;
	size.mem_size = op->attributes & OPCODE_BYTE ? 1 : s->rex & 8 ? 8 : s->operand16 ? 2 : 4;
	put_immediate(s, &size, op->form);
	return true;
}

static void make_string(struct sample *s, u8 byte)
{
	static const u8 reps[] = {0, 0xf2, 0xf3, 0xf3};
	u8 rep = reps[random_next() & 3];
	u64 middle = (u64)(uintptr_t)scratch + SCRATCH_SIZE / 2;
	u64 high = 0;

	if (rep)
		put(s, rep);
	put_prefixes(s, false);
	put(s, byte);
	if (s->address32)
		high = random_next() << 32;
	s->machine.gpr[INSN_RCX] = (1 + random_next() % 300) | high;
	s->machine.gpr[INSN_RSI] = (middle + random_next() % 3000) | high;
	s->machine.gpr[INSN_RDI] = (middle + random_next() % 3000) | high;
	s->machine.rflags |= chance(50) ? FLAG_DF : 0;
}

static void make_machine(struct machine *m)
{
	for (unsigned i = 0; i < 16; i++)
		m->gpr[i] = chance(30) ? random_next() % 256 - 128 : random_next();
	m->gpr[INSN_RSP] = (u64)(uintptr_t)scratch + SCRATCH_SIZE / 4 + 8 * (random_next() % 100);
	m->rflags = 0x202 | (random_next() & FLAGS_ARITHMETIC);
}

static bool make_sample(struct sample *s)
{
	u8 byte = (u8)random_next();
	bool two = chance(30);

	memset(s, 0, sizeof(*s));
	make_machine(&s->machine);
	if (!two && opcode_one[byte].form == FORM_STRING) {
		make_string(s, byte);
		return true;
	}
	if (!two && opcode_one[byte].form >= FORM_IMPLIED)
		return false;
	if (!two && opcode_one[byte].form == FORM_PREFIX)
		return false;
	return make_modrm(s, two, byte);
}

/* Flags that the instruction leaves undefined. */
static u64 undefined_flags(unsigned op)
{
	switch (op) {
	case INSN_AND:
	case INSN_OR:
	case INSN_XOR:
	case INSN_TEST:
		return FLAG_AF;
	case INSN_BT:
	case INSN_BTS:
	case INSN_BTR:
	case INSN_BTC:
		return FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF;
	default:
		return 0;
	}
}

static void fill_scratch(u8 *image)
{
	for (unsigned i = 0; i < SCRATCH_SIZE; i += 8) {
		u64 word = chance(25) ? 0 : random_next();

		memcpy(image + i, &word, sizeof(word));
	}
}

static void describe(const struct sample *s, const struct insn *in)
{
	print_message("instruction:");
	for (unsigned i = 0; i < s->length; i++)
		print_message(" %02x", s->bytes[i]);
	print_message("  op %u, size %u\n", in->op, in->mem_size);
}

static void compare(const struct sample *s, const struct insn *in, const struct machine *native,
		    const struct machine *emu)
{
	u64 mask = FLAGS_DEFINED & ~undefined_flags(in->op);

	for (unsigned i = 0; i < 16; i++)
		if (native->gpr[i] != emu->gpr[i]) {
			describe(s, in);
			fail_msg("register %u: processor %llx, emulator %llx, before %llx", i,
				 (unsigned long long)native->gpr[i],
				 (unsigned long long)emu->gpr[i],
				 (unsigned long long)s->machine.gpr[i]);
		}
	if ((native->rflags ^ emu->rflags) & mask) {
		describe(s, in);
		fail_msg("flags: processor %llx, emulator %llx", (unsigned long long)native->rflags,
			 (unsigned long long)emu->rflags);
	}
}

/* How often each operation was tried. */
static unsigned covered[INSN_SCAS + 1];

static void run_sample(const struct sample *s, const u8 *image, u8 *after)
{
	struct machine native, emu = s->machine;
	struct insn in;
	int err = insn_decode(s->bytes, s->length, INSN_MODE_64, &in);

	if (err || in.length != s->length) {
		describe(s, &in);
		fail_msg("decoded with %d, length %u of %u", err, in.length, s->length);
	}
	covered[in.op]++;
	memcpy(scratch, image, SCRATCH_SIZE);
	native = run_native(&s->machine, s->bytes, s->length);
	memcpy(after, scratch, SCRATCH_SIZE);
	memcpy(scratch, image, SCRATCH_SIZE);
	assert_int_equal(run_emulated(&emu, &in), 0);
	compare(s, &in, &native, &emu);
	if (memcmp(scratch, after, SCRATCH_SIZE)) {
		describe(s, &in);
		fail_msg("memory differs");
	}
}

static void test_native(void **state)
{
	u8 *image = malloc(SCRATCH_SIZE), *after = malloc(SCRATCH_SIZE);
	struct sample s;

	(void)state;
	for (unsigned done = 0; done < 60000;) {
		if (done % 512 == 0)
			fill_scratch(image);
		if (!make_sample(&s))
			continue;
		done++;
		run_sample(&s, image, after);
	}
	for (unsigned op = INSN_MOV; op <= INSN_SCAS; op++)
		assert_true(covered[op] > 100);
	free(image);
	free(after);
}

/* What the fast path of emulate.h does is what insn_emulate() does. */
/* An access to the first bytes of a page may be the second part of one that begins before it:
 * only what is known to begin there is taken for one. */
static void test_starts_page(void **state)
{
	static const u8 store[] = {0x89, 0x03};          /* mov %eax, (%rbx) */
	static const u8 past[] = {0x89, 0x43, 0xfe};     /* mov %eax, -2(%rbx) */
	static const u8 indexed[] = {0x89, 0x04, 0x0b};  /* mov %eax, (%rbx,%rcx) */
	static const u8 by_fs[] = {0x64, 0x89, 0x03};    /* mov %eax, %fs:(%rbx) */
	static const u8 from_rsp[] = {0x89, 0x04, 0x24}; /* mov %eax, (%rsp) */
	static const u8 absolute[] = {0x89, 0x04, 0x25, 0, 0x10, 0, 0};
	static const struct {
		const u8 *bytes;
		size_t len;
		bool known;
	} cases[] = {{store, 2, true},  {past, 3, false},     {indexed, 3, false},
		     {by_fs, 3, false}, {from_rsp, 3, false}, {absolute, 7, false}};
	u64 gpr[16] = {[INSN_RBX] = 0xfec00000};
	struct insn in;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u8 bytes[INSN_MAX_LENGTH] = {0};

		memcpy(bytes, cases[i].bytes, cases[i].len);
		assert_int_equal(insn_decode(bytes, sizeof(bytes), INSN_MODE_64, &in), 0);
		assert_int_equal(insn_starts_page(&in, gpr), cases[i].known);
	}
	gpr[INSN_RBX]++;
	assert_int_equal(insn_decode(store, sizeof(store), INSN_MODE_64, &in), 0);
	assert_false(insn_starts_page(&in, gpr));
	gpr[INSN_RBX]--;
	assert_int_equal(insn_decode(store, sizeof(store), INSN_MODE_32, &in), 0);
	assert_false(insn_starts_page(&in, gpr));
}

static void test_fast_path(void **state)
{
	struct sample s;
	unsigned done = 0;

	(void)state;
	while (done < 3000) {
		struct machine emu;
		struct insn in;
		u64 linear, value;

		if (!make_sample(&s) || insn_decode(s.bytes, s.length, INSN_MODE_64, &in) ||
		    (!insn_is_load(&in) && !insn_is_store(&in)))
			continue;
		done++;
		emu = s.machine;
		emulated = &emu;
		linear = insn_linear_address(&in, &ops, NULL);
		fill_scratch(scratch);
		memcpy(&value, (void *)(uintptr_t)linear, 8);
		value = insn_truncate(value, in.mem_size);
		assert_int_equal(run_emulated(&emu, &in), 0);
		if (insn_is_store(&in)) {
			memcpy(&value, (void *)(uintptr_t)linear, 8);
			assert_int_equal(insn_truncate(value, in.mem_size),
					 insn_store_value(&in, s.machine.gpr));
		} else {
			insn_load_value(&in, s.machine.gpr, value);
			assert_memory_equal(s.machine.gpr, emu.gpr, sizeof(emu.gpr));
		}
	}
}

/* A fault at any access leaves registers and flags as they were, or as the last complete
 * iteration left them. */
static void test_faults(void **state)
{
	struct sample s;

	(void)state;
	for (unsigned done = 0; done < 5000;) {
		struct machine emu;
		struct insn in;
		int err;

		if (!make_sample(&s) || insn_decode(s.bytes, s.length, INSN_MODE_64, &in))
			continue;
		done++;
		fill_scratch(scratch);
		emu = s.machine;
		fail_access = 1 + done % 3;
		err = run_emulated(&emu, &in);
		fail_access = 0;
		if (!err || (insn_is_string(&in) && in.rep))
			continue;
		assert_int_equal(err, ERR_FAULT);
		assert_memory_equal(&emu, &s.machine, sizeof(emu));
	}
}

static void decode_bytes(struct insn *in, enum insn_mode mode, const char *bytes, size_t length)
{
	assert_int_equal(insn_decode((const u8 *)bytes, length, mode, in), 0);
}

static void test_slices(void **state)
{
	struct machine m = {.gpr = {0x41}};
	struct insn in;

	(void)state;
	decode_bytes(&in, INSN_MODE_64, "\xf3\xaa", 2);
	m.gpr[INSN_RDI] = (u64)(uintptr_t)scratch;
	m.gpr[INSN_RCX] = EMULATE_SLICE + 10;
	emulated = &m;
	accesses = 0;
	assert_int_equal(insn_emulate(&in, &ops, NULL), EMULATE_AGAIN);
	assert_int_equal(accesses, EMULATE_SLICE);
	assert_int_equal(m.gpr[INSN_RCX], 10);
	assert_int_equal(m.gpr[INSN_RDI], (u64)(uintptr_t)scratch + EMULATE_SLICE);
	/* The iteration that faults is not counted. */
	accesses = 0;
	fail_access = 4;
	assert_int_equal(insn_emulate(&in, &ops, NULL), ERR_FAULT);
	fail_access = 0;
	assert_int_equal(m.gpr[INSN_RCX], 7);
	assert_int_equal(insn_emulate(&in, &ops, NULL), 0);
	assert_int_equal(m.gpr[INSN_RCX], 0);
	accesses = 0;
	assert_int_equal(insn_emulate(&in, &ops, NULL), 0);
	assert_int_equal(accesses, 0);
}

static void test_other_modes(void **state)
{
	struct machine m = {0};
	struct insn in;
	u64 at = (u64)(uintptr_t)scratch;

	(void)state;
	memset(scratch, 0, SCRATCH_SIZE);
	emulated = &m;
	segment_bases[INSN_DS] = at;
	segment_bases[INSN_SS] = at + 0x1000;
	segment_bases[INSN_ES] = at + 0x2000;
	/* mov %ax, 2(%bx,%si): 16-bit offsets wrap. */
	decode_bytes(&in, INSN_MODE_16, "\x89\x40\x02", 3);
	m.gpr[INSN_RAX] = 0xbeef;
	m.gpr[INSN_RBX] = 0x12348000;
	m.gpr[INSN_RSI] = 0x8100;
	assert_int_equal(insn_linear_address(&in, &ops, NULL), at + 0x102);
	assert_int_equal(insn_emulate(&in, &ops, NULL), 0);
	assert_int_equal(scratch[0x102] | scratch[0x103] << 8, 0xbeef);
	/* rep movsw: ES:DI, and the upper halves of the registers stay. */
	decode_bytes(&in, INSN_MODE_16, "\xf3\xa5", 2);
	m.gpr[INSN_RSI] = 0xaaaa0102;
	m.gpr[INSN_RDI] = 0xbbbb0010;
	m.gpr[INSN_RCX] = 0xcccc0001;
	assert_int_equal(insn_emulate(&in, &ops, NULL), 0);
	assert_int_equal(scratch[0x2010], 0xef);
	assert_int_equal(m.gpr[INSN_RSI], 0xaaaa0104);
	assert_int_equal(m.gpr[INSN_RDI], 0xbbbb0012);
	assert_int_equal(m.gpr[INSN_RCX], 0xcccc0000);
	/* pushl (%ebx) uses SS; linear addresses have 32 bits. */
	decode_bytes(&in, INSN_MODE_32, "\xff\x33", 2);
	m.gpr[INSN_RBX] = 0x102;
	m.gpr[INSN_RSP] = 0x20;
	assert_int_equal(insn_emulate(&in, &ops, NULL), 0);
	assert_int_equal(m.gpr[INSN_RSP], 0x1c);
	assert_int_equal(scratch[0x101c], 0xef);
	m.gpr[INSN_RBX] = 0xffffffff;
	segment_bases[INSN_DS] = 0x11;
	assert_int_equal(insn_linear_address(&in, &ops, NULL), 0x10);
	/* 64-bit mode: relative to RIP, FS and GS have bases, DS has none. */
	decode_bytes(&in, INSN_MODE_64, "\xc7\x05\x10\0\0\0\1\0\0\0", 10);
	rip = 0xffffffff81000000ull;
	assert_int_equal(insn_linear_address(&in, &ops, NULL), rip + 10 + 0x10);
	decode_bytes(&in, INSN_MODE_64, "\x64\x8b\x03", 3);
	segment_bases[INSN_FS] = 1ull << 40;
	assert_int_equal(insn_linear_address(&in, &ops, NULL), 0x100ffffffffull);
	decode_bytes(&in, INSN_MODE_64, "\x8b\x03", 2);
	assert_int_equal(insn_linear_address(&in, &ops, NULL), 0xffffffff);
	in.op = INSN_NONE;
	assert_int_equal(insn_emulate(&in, &ops, NULL), ERR_UNSUPPORTED);
}

static void *map_low(size_t size, int protection)
{
	void *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static int setup(void **state)
{
	(void)state;
	scratch = map_low(SCRATCH_SIZE, PROT_READ | PROT_WRITE);
	code = map_low(PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_native),      cmocka_unit_test(test_fast_path),
	    cmocka_unit_test(test_faults),      cmocka_unit_test(test_slices),
	    cmocka_unit_test(test_other_modes), cmocka_unit_test(test_starts_page),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
