/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/emulate.h"

#include "kernel/lib/bitmap.h"
#include "vmm/exit/emulate_parts.h"

/* In 64-bit mode only FS and GS have a base; elsewhere linear addresses have 32 bits. */
u64 emulate_linear(const struct emulation *e, unsigned segment, u64 offset)
{
	offset = insn_truncate(offset, e->in->address_size);
	if (e->in->mode != INSN_MODE_64)
		return (u32)(offset + e->ops->segment_base(e->ctx, segment));
	if (segment >= INSN_FS)
		offset += e->ops->segment_base(e->ctx, segment);
	return offset;
}

static u64 linear_address(const struct emulation *e)
{
	const struct insn *in = e->in;
	u64 offset = (u64)in->disp;

	if (in->base == INSN_REG_RIP)
		offset += e->ops->rip_get(e->ctx) + in->length;
	else if (in->base != INSN_REG_NONE)
		offset += e->ops->gpr_get(e->ctx, in->base);
	if (in->index != INSN_REG_NONE)
		offset += e->ops->gpr_get(e->ctx, in->index) << in->scale;
	return emulate_linear(e, in->segment, offset);
}

u64 insn_linear_address(const struct insn *in, const struct emulate_ops *ops, void *ctx)
{
	const struct emulation e = {in, ops, ctx};

	return linear_address(&e);
}

/* The size of the next access of a split one: within the page, and a power of two. */
static unsigned piece_size(u64 linear, unsigned left)
{
	u64 room = PAGE_SIZE - (linear & (PAGE_SIZE - 1));

	return 1u << log2_floor(MIN(left, room));
}

static u64 piece_address(const struct emulation *e, u64 linear)
{
	return e->in->mode == INSN_MODE_64 ? linear : (u32)linear;
}

static bool crosses_page(u64 linear, unsigned size)
{
	return (linear & (PAGE_SIZE - 1)) + size > PAGE_SIZE;
}

int emulate_read(const struct emulation *e, u64 linear, unsigned size, u64 *value)
{
	u64 part;

	if (likely(!crosses_page(linear, size)))
		return e->ops->mem_read(e->ctx, linear, size, value);
	*value = 0;
	for (unsigned done = 0, piece; done < size; done += piece) {
		u64 at = piece_address(e, linear + done);
		int err;

		piece = piece_size(at, size - done);
		err = e->ops->mem_read(e->ctx, at, piece, &part);
		if (err)
			return err;
		*value |= insn_truncate(part, piece) << (done * 8);
	}
	return ERR_OK;
}

int emulate_write(const struct emulation *e, u64 linear, unsigned size, u64 value)
{
	if (likely(!crosses_page(linear, size)))
		return e->ops->mem_write(e->ctx, linear, size, insn_truncate(value, size));
	for (unsigned done = 0, piece; done < size; done += piece) {
		u64 at = piece_address(e, linear + done);
		int err;

		piece = piece_size(at, size - done);
		err =
		    e->ops->mem_write(e->ctx, at, piece, insn_truncate(value >> (done * 8), piece));
		if (err)
			return err;
	}
	return ERR_OK;
}

/* The operand that is not in memory, cut to the size of the operation. */
static u64 other_get(const struct emulation *e)
{
	const struct insn *in = e->in;
	u64 value;

	if (in->other == INSN_OTHER_IMM)
		return insn_truncate(in->imm, in->mem_size);
	value = e->ops->gpr_get(e->ctx, in->reg);
	return insn_truncate(in->flags & INSN_REG_HIGH ? value >> 8 : value, in->reg_size);
}

static void gpr_write(const struct emulation *e, unsigned reg, u64 value, unsigned size)
{
	e->ops->gpr_set(e->ctx, reg, insn_merge(e->ops->gpr_get(e->ctx, reg), value, size));
}

static void other_set(const struct emulation *e, u64 value)
{
	const struct insn *in = e->in;
	u64 old;

	if (!(in->flags & INSN_REG_HIGH)) {
		gpr_write(e, in->reg, value, in->reg_size);
		return;
	}
	old = e->ops->gpr_get(e->ctx, in->reg);
	e->ops->gpr_set(e->ctx, in->reg, (old & ~0xff00ull) | (value & 0xff) << 8);
}

static int do_mov(const struct emulation *e)
{
	const struct insn *in = e->in;
	u64 linear = linear_address(e), value;
	int err;

	if (in->flags & INSN_WRITES)
		return emulate_write(e, linear, in->mem_size, other_get(e));
	err = emulate_read(e, linear, in->mem_size, &value);
	if (err)
		return err;
	other_set(e, in->op == INSN_MOVSX ? insn_sign_extend(value, in->mem_size) : value);
	return ERR_OK;
}

/* add to neg, cmp and test: the result goes to the first operand, or nowhere. */
static int do_alu(const struct emulation *e)
{
	const struct insn *in = e->in;
	u64 linear = linear_address(e), rflags = e->ops->rflags_get(e->ctx), memory, result;
	u64 other = in->other == INSN_OTHER_NONE ? 0 : other_get(e);
	int err = emulate_read(e, linear, in->mem_size, &memory);

	if (err)
		return err;
	if (in->flags & INSN_MEM_FIRST)
		result = emulate_alu(in->op, memory, other, in->mem_size, &rflags);
	else
		result = emulate_alu(in->op, other, memory, in->mem_size, &rflags);
	if (in->flags & INSN_WRITES)
		err = emulate_write(e, linear, in->mem_size, result);
	if (err)
		return err;
	if (!(in->flags & INSN_MEM_FIRST) && in->op != INSN_CMP)
		other_set(e, result);
	e->ops->rflags_set(e->ctx, rflags);
	return ERR_OK;
}

/* xchg and xadd: the register gets what memory held. */
static int do_exchange(const struct emulation *e)
{
	const struct insn *in = e->in;
	u64 linear = linear_address(e), rflags = e->ops->rflags_get(e->ctx), other = other_get(e);
	u64 memory, result = other;
	int err = emulate_read(e, linear, in->mem_size, &memory);

	if (err)
		return err;
	if (in->op == INSN_XADD)
		result = emulate_alu(INSN_ADD, memory, other, in->mem_size, &rflags);
	err = emulate_write(e, linear, in->mem_size, result);
	if (err)
		return err;
	other_set(e, memory);
	if (in->op == INSN_XADD)
		e->ops->rflags_set(e->ctx, rflags);
	return ERR_OK;
}

static int do_cmpxchg(const struct emulation *e)
{
	const struct insn *in = e->in;
	u64 linear = linear_address(e), rflags = e->ops->rflags_get(e->ctx), memory;
	u64 rax = insn_truncate(e->ops->gpr_get(e->ctx, INSN_RAX), in->mem_size);
	int err = emulate_read(e, linear, in->mem_size, &memory);

	if (err)
		return err;
	emulate_alu(INSN_CMP, rax, memory, in->mem_size, &rflags);
	/* The processor writes in either case, what was there when they differ. */
	err = emulate_write(e, linear, in->mem_size, rflags & FLAG_ZF ? other_get(e) : memory);
	if (err)
		return err;
	if (!(rflags & FLAG_ZF))
		gpr_write(e, INSN_RAX, memory, in->mem_size);
	e->ops->rflags_set(e->ctx, rflags);
	return ERR_OK;
}

/* A bit number in a register reaches beyond the operand, in steps of the operand's size. */
static u64 bit_string_step(const struct emulation *e, u64 bit)
{
	unsigned shift = log2_floor(e->in->mem_size) + 3;

	if (e->in->other != INSN_OTHER_REG)
		return 0;
	return (u64)((s64)insn_sign_extend(bit, e->in->mem_size) >> shift) * e->in->mem_size;
}

static int do_bit(const struct emulation *e)
{
	const struct insn *in = e->in;
	struct insn moved = *in;
	struct emulation at = *e;
	u64 bit = other_get(e), rflags = e->ops->rflags_get(e->ctx), linear, memory, mask;
	int err;

	moved.disp = (s64)((u64)moved.disp + bit_string_step(e, bit));
	at.in = &moved;
	linear = linear_address(&at);
	mask = 1ull << (bit & (in->mem_size * 8u - 1));
	err = emulate_read(e, linear, in->mem_size, &memory);
	if (err)
		return err;
	rflags = (rflags & ~FLAG_CF) | (memory & mask ? FLAG_CF : 0);
	if (in->op == INSN_BTS)
		memory |= mask;
	else if (in->op == INSN_BTR)
		memory &= ~mask;
	else if (in->op == INSN_BTC)
		memory ^= mask;
	if (in->op != INSN_BT)
		err = emulate_write(e, linear, in->mem_size, memory);
	if (!err)
		e->ops->rflags_set(e->ctx, rflags);
	return err;
}

/* Bytes of the stack pointer that count: those of the mode. */
static unsigned stack_size(const struct emulation *e)
{
	return 2u << e->in->mode;
}

static u64 stack_linear(const struct emulation *e, u64 rsp)
{
	rsp = insn_truncate(rsp, stack_size(e));
	if (e->in->mode == INSN_MODE_64)
		return rsp;
	return (u32)(rsp + e->ops->segment_base(e->ctx, INSN_SS));
}

static int do_push(const struct emulation *e)
{
	unsigned size = e->in->mem_size;
	u64 rsp = e->ops->gpr_get(e->ctx, INSN_RSP), value;
	int err = emulate_read(e, linear_address(e), size, &value);

	if (!err)
		err = emulate_write(e, stack_linear(e, rsp - size), size, value);
	if (!err)
		gpr_write(e, INSN_RSP, rsp - size, stack_size(e));
	return err;
}

/* An address that is based on RSP uses what it is after the pop (SDM 2B, POP). */
static int do_pop(const struct emulation *e)
{
	unsigned size = e->in->mem_size;
	u64 rsp = e->ops->gpr_get(e->ctx, INSN_RSP), value;
	int err = emulate_read(e, stack_linear(e, rsp), size, &value);

	if (err)
		return err;
	gpr_write(e, INSN_RSP, rsp + size, stack_size(e));
	err = emulate_write(e, linear_address(e), size, value);
	if (err)
		e->ops->gpr_set(e->ctx, INSN_RSP, rsp);
	return err;
}

typedef int (*emulate_fn)(const struct emulation *e);

static const emulate_fn emulate_table[] = {
    [INSN_MOV... INSN_MOVSX] = do_mov,
    [INSN_ADD... INSN_NEG] = do_alu,
    [INSN_XCHG... INSN_XADD] = do_exchange,
    [INSN_CMPXCHG] = do_cmpxchg,
    [INSN_BT... INSN_BTC] = do_bit,
    [INSN_PUSH] = do_push,
    [INSN_POP] = do_pop,
    [INSN_MOVS... INSN_SCAS] = emulate_string,
};

int insn_emulate(const struct insn *in, const struct emulate_ops *ops, void *ctx)
{
	const struct emulation e = {in, ops, ctx};

	if (in->op >= ARRAY_SIZE(emulate_table) || !emulate_table[in->op])
		return ERR_UNSUPPORTED;
	return emulate_table[in->op](&e);
}
